//! What was certified up to now counts no longer.

use clap::Args;
use keyfob::UnixTime;
use keyfob_issuing::{OsEntropy, Step, UpdatePlan};
use keyfob_terminal::{Failure, Global};
use serde::Serialize;

use crate::directory::VendorAt;
use crate::{date, failure};

/// Each fob learns of it by an update; `resend` writes the files.
#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    vendor: VendorAt,
    /// Go on with a revocation that was interrupted, or tell fobs that were enrolled since
    #[arg(long)]
    again: bool,
}

#[derive(Serialize)]
struct Document {
    epoch: u32,
    fobs: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    serial: String,
    number: u32,
}

impl Revoke {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        if !self.again && !global.yes {
            let message = "every app credential and signer's certificate made up to now will be refused";
            return Err(Failure::usage(message).hint("say --yes if it is meant"));
        }
        let mut directory = self.vendor.open()?;
        if !self.again {
            directory.revoke().map_err(failure::directory)?;
        }
        let epoch = directory.vendor().epoch();
        let mut fobs = Vec::new();
        for serial in directory.tokens().map_err(failure::directory)? {
            if directory.token(serial).map_err(failure::record(serial))?.minimum_epoch >= epoch {
                continue;
            }
            let plan = plan(date::now(), epoch);
            let issued = directory.issue(serial, &plan, &mut OsEntropy);
            let number = issued.map_err(|error| failure::issue(serial, error))?.record.sequence.number;
            fobs.push(Told { serial: serial.to_string(), number });
        }
        global.warn("apps need new credentials: keyfob-vendor app new");
        let document = Document { epoch, fobs };
        global.print("keyfob-vendor.revoke.v1", &document, || {
            let told = document.fobs.iter().map(|Told { serial, number }| format!("fob {serial}: update {number}\n"));
            format!("from epoch {epoch} on\n{}", told.collect::<String>())
        })
    }
}

fn plan(issued: UnixTime, epoch: u32) -> UpdatePlan {
    UpdatePlan { issued, grants: Vec::new(), steps: vec![Step::RaiseEpoch { epoch }] }
}
