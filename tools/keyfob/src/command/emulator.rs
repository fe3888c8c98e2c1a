//! `keyfob emulator`.

mod ctl;
mod run;

use clap::Subcommand;
use keyfob_terminal::{Exit, Failure, Global};

#[derive(Subcommand)]
pub(super) enum Emulator {
    /// Run an emulated fob until Ctrl-C or SIGTERM
    Run(run::Run),
    /// Plug, break and wind a running emulator
    Ctl(ctl::Ctl),
}

impl Emulator {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        match self {
            Self::Run(run) => run.run(global),
            Self::Ctl(ctl) => ctl.run(global),
        }
    }
}
