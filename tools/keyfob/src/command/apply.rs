//! `keyfob apply`.

use std::path::PathBuf;

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global, read};
use keyfob_wire::UpdateFile;
use serde::Serialize;

use crate::fob::{guest, is_emulated};

#[derive(Args)]
pub(super) struct Apply {
    /// The update file; - is standard input
    file: PathBuf,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
    epoch: u32,
    number: u32,
}

impl Apply {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let bytes = read(&self.file)?;
        let file = UpdateFile::parse(&bytes).map_err(|_| {
            let message = format_args!("{} is not an update file", self.file.display());
            Failure::new("file-unknown", Exit::Failure, message)
        })?;
        let mut guest = guest(global)?;
        let (epoch, number) = guest.apply(&bytes).map_err(|error| match error {
            keyfob::Error::Refused(keyfob::Status::WrongToken) if file.serial != guest.serial() => {
                let message = format_args!("the update is for fob {}, this is {}", file.serial, guest.serial());
                Failure::new("wrong-token", Exit::Verification, message)
            }
            error => error.into(),
        })?;
        let serial = guest.serial().to_string();
        let text = format!("update {number} of epoch {epoch} is applied to fob {serial}\n");
        global.print("keyfob.apply.v1", &Document { serial, emulated: is_emulated(&guest), epoch, number }, || text)?;
        Ok(Exit::Done)
    }
}
