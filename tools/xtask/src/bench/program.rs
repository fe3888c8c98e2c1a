//! The bench's program, which knows the project; this one only runs it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::times::Time;
use crate::process::{cargo, output, program};

/// The program, built.
pub(crate) struct Program(PathBuf);

/// How long each thing is timed, in seconds.
const TIMED: &str = "2";

impl Program {
    /// Builds it as it is measured: optimised.
    ///
    /// # Errors
    /// If it doesn't build.
    pub(crate) fn build() -> Result<Self> {
        let arguments = ["bench", "--quiet", "--package", "keyfob-bench", "--bench", "figures", "--no-run"];
        let mut command = cargo(&arguments);
        // What was compiled for one processor would be counted for that one.
        command.args(["--features", "softhsm", "--message-format", "json-render-diagnostics"]).env_remove("RUSTFLAGS");
        let messages = output(&mut command)?;
        let built = messages.lines().filter_map(executable).next_back();
        built.map(Self).context("Cargo doesn't say where it built the bench")
    }

    /// The program with arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        program(&self.0, arguments)
    }

    /// The path of the program.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }

    /// What needs neither clock nor counting: allocations of a check, and barriers of a spend.
    ///
    /// # Errors
    /// If the program fails.
    pub(crate) fn facts(&self) -> Result<[f64; 3]> {
        #[derive(Deserialize)]
        struct Facts {
            check_allocations: f64,
            spend_barriers: f64,
            spend_erases: f64,
        }
        let facts: Facts = serde_json::from_str(&output(&mut self.command(&["facts"]))?)?;
        Ok([facts.check_allocations, facts.spend_barriers, facts.spend_erases])
    }

    /// Times everything beside its floor or its peer.
    ///
    /// # Errors
    /// If the program fails.
    pub(crate) fn times(&self) -> Result<Vec<Time>> {
        let mut lines = output(&mut self.command(&["times", TIMED]))?;
        match output(&mut self.command(&["softhsm", TIMED])) {
            Ok(peer) => lines += &peer,
            Err(error) => println!("\n!!! NOT MEASURED: SoftHSM2 (Debian's package softhsm2): {error:#}\n"),
        }
        lines.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }
}

/// The bench's executable, if that is what a message of Cargo's is about.
pub(crate) fn executable(message: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        target: Target,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let message: Message = serde_json::from_str(message).ok()?;
    message.executable.filter(|_| message.target.name == "figures")
}
