//! `keyfob trace record`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use clap::Args;
use keyfob::TRACE_VARIABLE;
use keyfob_terminal::{Exit, Failure, Global};

#[derive(Args)]
pub(in crate::command) struct Record {
    /// The file to make; nothing is overwritten. %p stands for the number of the process that makes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The program to run, and what to run it with
    #[arg(value_name = "COMMAND", required = true, num_args = 1.., last = true)]
    command: Vec<OsString>,
}

impl Record {
    /// Runs the program and ends as it does.
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let said = self.file.display();
        // The program may go to another folder before it makes the file.
        let file = std::path::absolute(&self.file).map_err(|error| {
            Failure::new("file-unwritable", Exit::Failure, format_args!("cannot write {said}: {error}"))
        })?;
        if file.symlink_metadata().is_ok() {
            return Err(Failure::new("file-exists", Exit::Failure, format_args!("{said} is there already")));
        }
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Failure::usage("name a program after --"));
        };
        let status = Command::new(program).args(arguments).env(TRACE_VARIABLE, &file).status().map_err(|error| {
            let message = format_args!("cannot run {}: {error}", program.to_string_lossy());
            Failure::new("program-failed", Exit::Failure, message)
        })?;
        let names_one = !self.file.to_string_lossy().contains("%p");
        if names_one && !file.exists() {
            global.warn("there is no trace: the program opened no fob, or could not write the file");
        } else {
            global.note(format_args!("the trace is in {said}: keyfob trace show {said}"));
        }
        std::process::exit(code(status))
    }
}

/// How shells write how a program ended.
fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(1)
}
