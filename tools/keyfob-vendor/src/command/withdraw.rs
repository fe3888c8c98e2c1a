//! The way out if a fob refuses an update for what only the fob knows, such as its counters.

use clap::Args;
use keyfob_terminal::{Failure, Global};
use serde::Serialize;

use crate::directory::VendorAt;
use crate::{failure, fob};

/// A customer who has a withdrawn file can still apply it in place of what is issued then; a receipt shows it.
#[derive(Args)]
pub(crate) struct Withdraw {
    #[command(flatten)]
    vendor: VendorAt,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    from: u32,
    to: u32,
}

impl Withdraw {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let mut directory = self.vendor.open()?;
        let mut guest = fob::guest(global)?;
        let serial = guest.serial();
        let last = directory.token(serial).map_err(failure::record(serial))?.sequence.number;
        let nonce = fob::nonce();
        let proven = guest.receipt(directory.vendor().root(), &nonce)?;
        let record = directory.rewind(serial, &nonce, &proven.receipt);
        let applied = record.map_err(|error| failure::rewind(serial, error))?.sequence.number;
        let document = Document { serial: serial.to_string(), from: applied.saturating_add(1), to: last };
        global.warn("whoever has a withdrawn file can still apply it: don't hand it out");
        global.print("keyfob-vendor.withdraw.v1", &document, || {
            let Document { serial, from, to } = &document;
            format!("fob {serial}: updates {from} to {to} withdrawn, the next one is {from}\n")
        })
    }
}
