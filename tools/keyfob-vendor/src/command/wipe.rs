//! The end of what a vendor has on a fob.

use std::path::PathBuf;

use clap::Args;
use keyfob::Serial;
use keyfob_issuing::{OsEntropy, WipeError};
use keyfob_terminal::{Exit, Failure, Global, Privacy, write_new};
use serde::Serialize;

use crate::directory::{VendorAt, expect_writable};
use crate::{failure, fob, value};

/// The customer applies the file by `keyfob apply`. It destroys licences, counters and keys on the fob for good.
#[derive(Args)]
pub(crate) struct Wipe {
    #[command(flatten)]
    vendor: VendorAt,
    /// The serial of a fob that isn't here; the customer tells its wipes
    #[arg(long, value_name = "SERIAL", value_parser = value::serial, requires = "wipes")]
    fob: Option<Serial>,
    /// How many partitions of the fob were wiped so far: `keyfob status -v` shows them
    #[arg(long, value_name = "NUMBER", requires = "fob")]
    wipes: Option<u32>,
    /// Where to write the wipe file; SERIAL.kfw if not named
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The record of a fob that was wiped, put aside so that the fob can be enrolled again
#[derive(Args)]
pub(crate) struct Retire {
    #[command(flatten)]
    vendor: VendorAt,
    /// The fob's serial
    #[arg(long, value_name = "SERIAL", value_parser = value::serial)]
    fob: Serial,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    sequence: u32,
    out: String,
}

#[derive(Serialize)]
struct Retired {
    serial: String,
}

impl Wipe {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let directory = self.vendor.open()?;
        let (serial, wipes) = match (self.fob, self.wipes) {
            (Some(serial), Some(wipes)) => (serial, wipes),
            _ => {
                let mut guest = fob::guest(global)?;
                (guest.serial(), guest.info()?.wipes)
            }
        };
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{serial}.kfw")));
        expect_writable(&out)?;
        let record = directory.token(serial).map_err(failure::record(serial))?;
        let file = directory.vendor().wipe(&record, wipes, &mut OsEntropy).map_err(refused)?;
        write_new(&out, &file, Privacy::Public)?;
        let sequence = wipes.saturating_add(1);
        let document = Document { serial: serial.to_string(), sequence, out: out.display().to_string() };
        global.warn("whoever applies the file destroys what the fob has of this vendor");
        global.print("keyfob-vendor.wipe.v1", &document, || {
            format!("wipe {sequence} of fob {}: {}\n", document.serial, document.out)
        })
    }
}

fn refused(error: WipeError) -> Failure {
    match error {
        WipeError::Endorsement(_) => failure::failure("record-refused", Exit::Verification, error),
        WipeError::Sign(error) => failure::sign(&error),
        error => failure::failure("not-issuable", Exit::Failure, error),
    }
}

impl Retire {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        if !global.yes {
            let message = format_args!("the record of fob {} will be put aside, and it gets no more updates", self.fob);
            return Err(Failure::usage(message).hint("say --yes if the fob was wiped"));
        }
        let mut directory = self.vendor.open()?;
        directory.retire_token(self.fob).map_err(failure::record(self.fob))?;
        let document = Retired { serial: self.fob.to_string() };
        global.print("keyfob-vendor.retire.v1", &document, || format!("fob {}: put aside\n", document.serial))
    }
}
