//! An update file that was issued, once more.

use std::path::PathBuf;

use clap::Args;
use keyfob::Serial;
use keyfob_terminal::{Exit, Failure, Global, Privacy, write_new};
use serde::Serialize;

use crate::directory::{VendorAt, expect_writable};
use crate::{failure, value};

#[derive(Args)]
pub(crate) struct Resend {
    #[command(flatten)]
    vendor: VendorAt,
    /// The fob's serial
    #[arg(long, value_name = "SERIAL", value_parser = value::serial)]
    fob: Serial,
    /// The update's number; the last one if not named
    number: Option<u32>,
    /// Where to write the update file; SERIAL-NUMBER.kfu if not named
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    number: u32,
    out: String,
}

impl Resend {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let directory = self.vendor.open()?;
        let last = directory.token(self.fob).map_err(failure::record(self.fob))?.sequence.number;
        let number = self.number.unwrap_or(last);
        if !(1..=last).contains(&number) {
            let message = format!("no update {number} was issued for fob {}", self.fob);
            let hint = if last == 0 { "none was issued yet".to_owned() } else { format!("the last one is {last}") };
            return Err(Failure::usage(message).hint(hint));
        }
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{}-{number:04}.kfu", self.fob)));
        expect_writable(&out)?;
        let file = directory.update(self.fob, number).map_err(|error| {
            failure::failure("directory-failed", Exit::Failure, error)
                .hint("get the copy from a backup of the directory")
        })?;
        write_new(&out, &file, Privacy::Public)?;
        let document = Document { serial: self.fob.to_string(), number, out: out.display().to_string() };
        let text = || format!("update {number} of fob {}: {}\n", document.serial, document.out);
        global.print("keyfob-vendor.resend.v1", &document, text)
    }
}
