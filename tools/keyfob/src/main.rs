//! The command that everybody has.

mod app;
mod command;
mod date;
mod fob;
mod output;
mod proof;
mod table;
mod tree;
mod value;
mod vendor;

use std::process::ExitCode;

fn main() -> ExitCode {
    keyfob_terminal::run(|cli: &command::Cli| &cli.global, command::Cli::run)
}
