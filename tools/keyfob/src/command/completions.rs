//! `keyfob completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use keyfob_terminal::{Exit, Failure, Global};

use crate::command::Cli;

#[derive(Args)]
pub(super) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        // Into memory first: the generator panics if nobody reads.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "keyfob", &mut script);
        global.write(&script)?;
        Ok(Exit::Done)
    }
}
