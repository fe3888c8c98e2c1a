//! One target's run under libFuzzer.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{program, run as run_command};

/// How long a target runs, and what its mutations follow from.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub(super) seconds: u64,
    pub(super) seed: u32,
}

/// What a run that found nothing has done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) executions: u64,
    pub(super) per_second: u64,
}

/// How much of a log is shown.
const SHOWN: usize = 60;

/// Runs a target. Its corpus is kept below `folder` for the next run, and its log beside it.
///
/// # Errors
/// If it found something; the error has the end of the log.
pub(super) fn run(built: &Path, folder: &Path, name: &str, budget: Budget) -> Result<Ended> {
    let (corpus, seeds) = (folder.join("corpus").join(name), folder.join("seeds").join(name));
    let found = folder.join("found").join(name);
    for folder in [&corpus, &seeds, &found] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let log = folder.join(name).with_extension("log");
    let mut command = program(built, &["-print_final_stats=1", "-max_len=4096", "-timeout=10", "-rss_limit_mb=1024"]);
    command.arg(format!("-max_total_time={}", budget.seconds)).arg(format!("-seed={}", budget.seed));
    command.arg(format!("-artifact_prefix={}/", found.display())).arg(&corpus).arg(&seeds);
    command.env("KEYFOB_FUZZ_TARGET", name).env("KEYFOB_FUZZ_SEEDS", &seeds);
    let file = File::create(&log).with_context(|| log.display().to_string())?;
    command.stdout(file.try_clone()?).stderr(file);
    let status = command.status().with_context(|| format!("can't start {}", built.display()))?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        let lines: Vec<_> = text.lines().collect();
        let end = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default().join("\n");
        bail!("{end}\nto try it again: cargo xtask fuzz {name} --input <what was written>");
    }
    read(&text).with_context(|| format!("{} doesn't say what was done", log.display()))
}

/// Runs a target once, on one input.
///
/// # Errors
/// If the target refuses the input.
pub(super) fn replay(built: &Path, name: &str, input: &Path) -> Result<()> {
    let input = input.canonicalize().with_context(|| input.display().to_string())?;
    run_command(program(built, &[]).arg(input).env("KEYFOB_FUZZ_TARGET", name))
}

/// Reads libFuzzer's final statistics.
pub(super) fn read(log: &str) -> Option<Ended> {
    let figure = |name: &str| {
        let line = log.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name))?;
        line.trim_start_matches(':').trim().parse().ok()
    };
    Some(Ended { executions: figure("number_of_executed_units")?, per_second: figure("average_exec_per_sec")? })
}
