//! Manual pages.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;
use keyfob_terminal::{Exit, Failure, Global};

use super::Cli;

#[derive(Args)]
pub(crate) struct Man {
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::new("file-unwritable", Exit::Failure, error);
        match self.out {
            Some(out) => {
                clap_mangen::generate_to(Cli::command(), &out).map_err(|error| failed(error).about(out.display()))
            }
            None => {
                let mut page = Vec::new();
                Page::new(Cli::command()).render(&mut page).map_err(failed)?;
                global.write(&page)
            }
        }
    }
}
