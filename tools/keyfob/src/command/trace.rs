//! `keyfob trace`.

mod record;
mod recording;
mod replay;
mod show;

use clap::Subcommand;
use keyfob_terminal::{Exit, Failure, Global};

#[derive(Subcommand)]
pub(super) enum Trace {
    /// Run a program of which every connection to a fob is recorded
    Record(record::Record),
    /// Show what is in a recording, a line for each report
    Show(show::Show),
    /// Send to a fob what was sent, and show what comes back beside what came back then
    Replay(replay::Replay),
}

impl Trace {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        match self {
            Self::Record(record) => record.run(global),
            Self::Show(show) => show.run(global),
            Self::Replay(replay) => replay.run(global),
        }
    }
}
