//! Who makes fobs.

mod certify;
mod init;

use clap::Subcommand;
use keyfob_terminal::{Failure, Global};

#[derive(Subcommand)]
pub(crate) enum Maker {
    /// Make a maker of real fobs: its root key and a first batch
    Init(init::Init),
    /// Let a blank fob make its keys, and certify them
    Certify(certify::Certify),
}

impl Maker {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Init(init) => init.run(global),
            Self::Certify(certify) => certify.run(global),
        }
    }
}
