//! The commands.

mod app;
mod completions;
mod enrol;
mod init;
mod inspect;
mod issue;
mod key;
mod list;
mod maker;
mod man;
mod resend;
mod revoke;
mod root;
mod time;
mod wipe;
mod withdraw;

use clap::{Parser, Subcommand};
use keyfob_terminal::{Exit, Failure, Global};

/// Makes fobs and licences: the command that signs
#[derive(Parser)]
#[command(name = "keyfob-vendor", version, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "Customers never get this command. Exit codes and errors: docs/errors.md";

#[derive(Subcommand)]
enum Command {
    /// Make fobs: birth and certificates
    #[command(subcommand)]
    Maker(maker::Maker),
    /// Make a vendor: its root key and a directory for its records
    Init(init::Init),
    /// Features' keys
    #[command(subcommand)]
    Key(key::Key),
    /// Apps' credentials
    #[command(subcommand)]
    App(app::App),
    /// Endorse a fob and begin its record
    Enrol(enrol::Enrol),
    /// Issue a fob's next update from a file of products and features
    Issue(issue::Issue),
    /// Write an update file that was issued once more
    Resend(resend::Resend),
    /// Withdraw the updates that a fob hasn't applied, by its receipt
    Withdraw(withdraw::Withdraw),
    /// Sign the time: into a fob that is plugged in, or into a file
    Time(time::Time),
    /// Revoke every certificate made up to now
    Revoke(revoke::Revoke),
    /// The vendor's root: a new one, or the way back to a lost one
    #[command(subcommand)]
    Root(root::Root),
    /// Sign the file that wipes what a fob has of this vendor
    Wipe(wipe::Wipe),
    /// Put the record of a fob that was wiped aside
    Retire(wipe::Retire),
    /// Show a fob's record, or a file of this vendor's
    Inspect(inspect::Inspect),
    /// List the fobs that have a record
    List(list::List),
    /// Print what a shell needs to complete commands
    Completions(completions::Completions),
    /// Print the manual page, or write all of them
    Man(man::Man),
}

impl Cli {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let global = &self.global;
        match self.command {
            Command::Maker(maker) => maker.run(global),
            Command::Init(init) => init.run(global),
            Command::Key(key) => key.run(global),
            Command::App(app) => app.run(global),
            Command::Enrol(enrol) => enrol.run(global),
            Command::Issue(issue) => issue.run(global),
            Command::Resend(resend) => resend.run(global),
            Command::Withdraw(withdraw) => withdraw.run(global),
            Command::Time(time) => time.run(global),
            Command::Revoke(revoke) => revoke.run(global),
            Command::Root(root) => root.run(global),
            Command::Wipe(wipe) => wipe.run(global),
            Command::Retire(retire) => retire.run(global),
            Command::Inspect(inspect) => inspect.run(global),
            Command::List(list) => list.run(global),
            Command::Completions(completions) => completions.run(global),
            Command::Man(man) => man.run(global),
        }?;
        Ok(Exit::Done)
    }
}
