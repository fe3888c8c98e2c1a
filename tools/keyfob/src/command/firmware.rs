//! `keyfob firmware`: for people who hold a board.

mod image;
mod inspect;
mod install;
mod selftest;

use clap::Subcommand;
use keyfob_terminal::{Exit, Failure, Global};

#[derive(Subcommand)]
pub(super) enum Firmware {
    /// Show what an image is, and whether it is whole
    Inspect(inspect::Inspect),
    /// Put an image on a board
    Install(install::Install),
    /// Check a board that runs Keyfob, blank or not, step by step; nothing on it is changed
    Selftest(selftest::Selftest),
}

impl Firmware {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        match self {
            Self::Inspect(inspect) => inspect.run(global),
            Self::Install(install) => install.run(global),
            Self::Selftest(selftest) => selftest.run(global),
        }
    }
}
