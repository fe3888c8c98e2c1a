//! The commands.

mod apply;
mod check;
mod cipher;
mod completions;
mod counter;
mod doctor;
#[cfg(unix)]
mod emulator;
mod explain;
mod firmware;
mod health;
mod identify;
mod inspect;
mod label;
mod list;
mod man;
mod memory;
mod prove;
mod random;
mod receipt;
mod set_time;
mod snapshot;
mod spend;
mod status;
mod time;
mod trace;
mod unlock;
mod watch;

use clap::{Parser, Subcommand};
use keyfob_terminal::{Exit, Failure, Global};

/// Talks to Keyfob licensing fobs
#[derive(Parser)]
#[command(name = "keyfob", version, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "Exit codes and errors: docs/errors.md";

#[derive(Subcommand)]
enum Command {
    /// Show which fobs are there
    List(list::List),
    /// Show what a fob is and what is licensed on it
    #[command(visible_alias = "info")]
    Status(status::Status),
    /// Ask whether a feature may be used
    Check(check::Check),
    /// Take units from a feature's counter, exactly once
    Spend(spend::Spend),
    /// Show what is left on a feature's counter
    Counter(counter::Counter),
    /// Open a secret that was sealed for a feature's key
    Unlock(unlock::Unlock),
    /// Encrypt with a feature's key
    Encrypt(cipher::Encrypt),
    /// Decrypt what was encrypted with a feature's key
    Decrypt(cipher::Decrypt),
    /// Derive a key of a feature's key
    Derive(cipher::Derive),
    /// Have the fob prove to somebody else whether a feature may be used
    Prove(prove::Prove),
    /// Show every rule by which a feature may be used or not
    Explain(explain::Explain),
    /// The fob's memory for apps
    #[command(subcommand)]
    Memory(memory::Memory),
    /// Get random bytes of the fob
    Random(random::Random),
    /// Apply a vendor's update file
    Apply(apply::Apply),
    /// Get the fob's signed word on the updates it applied
    Receipt(receipt::Receipt),
    /// Get the fob's signed word on all that it holds of a vendor's
    Snapshot(snapshot::Snapshot),
    /// Show the fob's time and get a nonce for signed time
    Time(time::Time),
    /// Hand a vendor's signed time to the fob
    SetTime(set_time::SetTime),
    /// Show how the fob fares
    Health(health::Health),
    /// Let the fob show itself
    Identify(identify::Identify),
    /// Give a fob a name, which --token label:NAME stands for
    #[command(subcommand)]
    Label(label::Label),
    /// Show fobs come and go, until Ctrl-C
    Watch(watch::Watch),
    /// Find out what keeps a fob from being used, and what to do about it
    Doctor(doctor::Doctor),
    /// Record what goes to fobs and back, show it and send it again
    #[command(subcommand)]
    Trace(trace::Trace),
    /// Show what is in a file of Keyfob's
    Inspect(inspect::Inspect),
    /// Images for boards: what they are, how they get there, and whether a board works
    #[command(subcommand)]
    Firmware(firmware::Firmware),
    /// Emulated fobs, for tests and development
    #[cfg(unix)]
    #[command(subcommand)]
    Emulator(emulator::Emulator),
    /// Print what a shell needs to complete commands
    Completions(completions::Completions),
    /// Print the manual page, or write all of them
    Man(man::Man),
}

impl Cli {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let global = &self.global;
        match self.command {
            Command::List(list) => list.run(global),
            Command::Status(status) => status.run(global),
            Command::Check(check) => check.run(global),
            Command::Spend(spend) => spend.run(global),
            Command::Counter(counter) => counter.run(global),
            Command::Unlock(unlock) => unlock.run(global),
            Command::Encrypt(encrypt) => encrypt.run(global),
            Command::Decrypt(decrypt) => decrypt.run(global),
            Command::Derive(derive) => derive.run(global),
            Command::Prove(prove) => prove.run(global),
            Command::Explain(explain) => explain.run(global),
            Command::Memory(memory) => memory.run(global),
            Command::Random(random) => random.run(global),
            Command::Apply(apply) => apply.run(global),
            Command::Receipt(receipt) => receipt.run(global),
            Command::Snapshot(snapshot) => snapshot.run(global),
            Command::Time(time) => time.run(global),
            Command::SetTime(set_time) => set_time.run(global),
            Command::Health(health) => health.run(global),
            Command::Identify(identify) => identify.run(global),
            Command::Label(label) => label.run(global),
            Command::Watch(watch) => watch.run(global),
            Command::Doctor(doctor) => doctor.run(global),
            Command::Trace(trace) => trace.run(global),
            Command::Inspect(inspect) => inspect.run(global),
            Command::Firmware(firmware) => firmware.run(global),
            #[cfg(unix)]
            Command::Emulator(emulator) => emulator.run(global),
            Command::Completions(completions) => completions.run(global),
            Command::Man(man) => man.run(global),
        }
    }
}
