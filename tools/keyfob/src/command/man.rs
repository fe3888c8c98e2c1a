//! `keyfob man`.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man as Page;
use keyfob_terminal::{Exit, Failure, Global, Privacy, write_new};

use crate::command::Cli;

#[derive(Args)]
pub(super) struct Man {
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut command = Cli::command();
        command.build();
        match self.out {
            None => global.write(&page(command, "keyfob"))?,
            Some(directory) => write_all(&command, "keyfob", &directory)?,
        }
        Ok(Exit::Done)
    }
}

fn write_all(command: &Command, name: &str, directory: &Path) -> Result<(), Failure> {
    write_new(&directory.join(format!("{name}.1")), &page(command.clone(), name), Privacy::Public)?;
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        write_all(command, &format!("{name}-{}", command.get_name()), directory)?;
    }
    Ok(())
}

fn page(command: Command, name: &str) -> Vec<u8> {
    let mut page = Vec::new();
    // Writing to memory can't fail.
    let _ = Page::new(command).title(name.to_uppercase()).render(&mut page);
    page
}
