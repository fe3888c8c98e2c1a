//! `keyfob doctor`.

mod bundle;
mod judge;
mod mend;
mod observe;
mod report;
mod surroundings;

use std::path::{Path, PathBuf};

use clap::Args;
use keyfob::FeatureId;
use keyfob_terminal::{Exit, Failure, Global, Privacy, read, write_new};

use crate::fob::Makers;
use crate::value;
use observe::{Asked, observe};
use report::Report;

#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    makers: Makers,
    /// Look whether the fob carries the vendor of this app credential
    #[arg(long, value_name = "FILE")]
    app: Option<PathBuf>,
    /// Look whether this feature may be used
    #[arg(long, value_name = "N", value_parser = value::feature, requires = "app")]
    feature: Option<FeatureId>,
    /// Take an emulated fob as well
    #[arg(long)]
    accept_emulated: bool,
    /// Write what was found into a new file for the vendor: the fob's serial, but no names, paths or keys
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Print the rule by which Linux gives fobs to their users, and do nothing else
    #[arg(long, conflicts_with_all = ["app", "bundle"])]
    print_udev: bool,
    /// Look at a copy of another system's /sys, /proc, /run and /dev
    #[arg(long, value_name = "DIR", hide = true, default_value = "/")]
    root: PathBuf,
}

/// The rule that gives fobs to whoever sits at the computer.
const UDEV_RULE: &str = include_str!("../../udev/70-keyfob.rules");

impl Doctor {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        if self.print_udev {
            global.write(UDEV_RULE.as_bytes())?;
            return Ok(Exit::Done);
        }
        let credential = self.app.as_deref().map(credential).transpose()?;
        let asked = Asked {
            token: global.token()?,
            timeout: global.timeout(),
            makers: self.makers.known(),
            credential,
            feature: self.feature,
            accepts_emulated: self.accept_emulated,
            root: self.root,
        };
        let report = Report::new(&observe(&asked));
        global.print("keyfob.doctor.v1", &report, || report.text())?;
        if let Some(bundle) = &self.bundle {
            write_new(bundle, &bundle::bundle(&report)?, Privacy::Secret)?;
            global.note(format_args!("the report for the vendor is in {}", bundle.display()));
        }
        report.end()
    }
}

/// What is wrong with the file has nothing to do with the fob: that is said without looking for one.
fn credential(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(file)?;
    match keyfob_signed::AppCredential::parse(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(Failure::from(keyfob::Error::Credential).about(file.display())),
    }
}
