//! What shells need.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use keyfob_terminal::{Failure, Global};

use super::Cli;

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "keyfob-vendor", &mut script);
        global.write(&script)
    }
}
