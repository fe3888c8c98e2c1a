//! Instructions, as valgrind's callgrind counts them.

use anyhow::{Context, Result, bail};

use super::program::Program;
use crate::process::{program, works};

/// The function of the bench within which is counted, so that preparation isn't.
const REGION: &str = "--toggle-collect=*counted_region*";

/// Tells whether this machine can count.
pub(crate) fn is_there() -> bool {
    works(&mut program("valgrind", &["--tool=callgrind", "--version"]))
}

impl Program {
    /// Counts the instructions of one run of a workload, on the average of `runs`.
    ///
    /// # Errors
    /// If the workload fails, or nothing was counted.
    pub(crate) fn count(&self, workload: &str, runs: u32, size: u32) -> Result<f64> {
        let tool = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no", REGION];
        let mut command = program("valgrind", &tool);
        command.arg(self.path()).args(["count", workload, &runs.to_string(), &size.to_string()]);
        let ended = command.output().context("can't start valgrind")?;
        let said = String::from_utf8_lossy(&ended.stderr);
        if !ended.status.success() {
            bail!("{workload} failed under valgrind:\n{said}");
        }
        let collected = collected(&said).with_context(|| format!("valgrind counted nothing of {workload}:\n{said}"))?;
        Ok(collected / f64::from(runs))
    }
}

/// Reads how many instructions valgrind says that it counted. None is no count.
pub(crate) fn collected(said: &str) -> Option<f64> {
    let count = said.lines().find_map(|line| line.split_once("Collected :"))?.1;
    count.trim().parse().ok().filter(|count| *count > 0.0)
}
