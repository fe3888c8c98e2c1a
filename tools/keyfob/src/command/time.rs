//! `keyfob time`.

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global};

use crate::fob::{guest, is_emulated};
use crate::tree::Tree;
use crate::value::to_hex;
use crate::vendor::Vendor;

#[derive(Args)]
pub(super) struct Time {
    #[command(flatten)]
    vendor: Vendor,
}

impl Time {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest(global)?;
        let vendor = self.vendor.partition(&mut guest)?.vendor;
        let time = guest.time(vendor)?;
        let tree = Tree::default()
            .with("serial", guest.serial().to_string())
            .with("emulated", is_emulated(&guest))
            .with("partition", time.partition.to_string())
            .with("vendor", to_hex(&vendor.0.0))
            .with("nonce", to_hex(&time.nonce))
            .with("mark", time.mark)
            .with("now", time.now);
        global.print("keyfob.time.v1", &tree, || &tree)?;
        global.note("let the vendor sign time for this nonce, while the fob stays plugged in");
        Ok(Exit::Done)
    }
}
