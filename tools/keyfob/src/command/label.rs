//! `keyfob label`.

use std::path::PathBuf;

use clap::Subcommand;
use keyfob::{Labels, Serial};
use keyfob_terminal::{Exit, Failure, Global, plain};
use serde::Serialize;

use crate::fob::guest;
use crate::table::table;
use crate::value;

#[derive(Subcommand)]
pub(super) enum Label {
    /// Give a fob a name; the name goes from whoever had it
    Set {
        /// The name
        #[arg(value_parser = name)]
        name: String,
        /// The fob's serial; otherwise that of the fob that is there
        #[arg(value_parser = value::serial)]
        serial: Option<Serial>,
    },
    /// Forget a name
    Remove {
        /// The name
        name: String,
    },
    /// Show which names there are
    List,
}

#[derive(Serialize)]
struct Document {
    file: Option<PathBuf>,
    labels: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    label: String,
    serial: String,
}

fn name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('\0') { Err("a name has letters in it".into()) } else { Ok(text.to_owned()) }
}

impl Label {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let file = Labels::file();
        let place = || {
            let no_folder = || keyfob::Error::Labels("neither XDG_CONFIG_HOME nor HOME says where they are".into());
            file.clone().ok_or_else(no_folder)
        };
        match self {
            Self::Set { name, serial } => {
                let serial = match serial {
                    Some(serial) => serial,
                    None => guest(global)?.serial(),
                };
                Labels::change(&place()?, &name, Some(serial))?;
                global.note(format_args!("{serial} is label:{}", plain(&name)));
            }
            Self::Remove { name } => {
                let before = Labels::change(&place()?, &name, None)?;
                before.ok_or(keyfob::Error::NoLabel(name))?;
            }
            Self::List => {}
        }
        let labels = Labels::load()?;
        let named = |(name, serial): (&str, Serial)| Named { label: name.to_owned(), serial: serial.to_string() };
        let document = Document { file, labels: labels.iter().map(named).collect() };
        global.print("keyfob.label.v1", &document, || {
            table(["LABEL", "FOB"], document.labels.iter().map(|one| [plain(&one.label), one.serial.clone()]))
        })?;
        Ok(Exit::Done)
    }
}
