//! The command that signs: makers' and vendors' keys, fobs' records, updates.

mod command;
mod date;
mod directory;
mod failure;
mod fob;
mod licence_file;
mod terms;
mod text;
mod update;
mod value;

use std::process::ExitCode;

fn main() -> ExitCode {
    keyfob_terminal::run(|cli: &command::Cli| &cli.global, command::Cli::run)
}
