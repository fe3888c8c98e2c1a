//! Runs the fuzz targets of `tests/fuzz` for a bounded time.

mod target;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Result, bail};
use clap::Parser;

use crate::process::{cargo, output, program, root, run as run_command, target_directory, works};
use crate::proof::Proof;
use target::{Budget, Ended};

/// What is run, and for how long.
#[derive(clap::Parser)]
pub(crate) struct Options {
    /// Seconds that all targets take together, on all cores, without the build.
    #[arg(long, env = "KEYFOB_FUZZ_SECONDS", default_value_t = 40)]
    pub(crate) seconds: u64,
    /// What the mutations follow from.
    #[arg(long, env = "KEYFOB_FUZZ_SEED", default_value_t = 1)]
    pub(crate) seed: u32,
    /// Runs the one target once, on this input.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The targets; all of them if none is named.
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
}

/// Builds the targets and runs them.
///
/// # Errors
/// If a target found something, or can't be built or run.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if !works(&mut program(compiler, &["--version"])) {
        return Ok(Proof::<()>::NotProven("fuzz: SKIPPED, there is no C++ compiler for libFuzzer".into()).announce());
    }
    let folder = target_directory()?.join("fuzz");
    let built = build(&folder)?;
    let names = chosen(&output(&mut program(&built, &[]))?, &options.targets)?;
    if let Some(input) = &options.input {
        let [name] = names.as_slice() else { bail!("name the one target that the input is for") };
        return target::replay(&built, name, input).map(Proof::Proven);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let budget = Budget { seconds: share(options.seconds, cores, names.len()), seed: options.seed };
    let ended = fuzz(&built, &folder, &names, budget, cores);
    let failed: Vec<_> = ended.iter().filter_map(|(name, ended)| ended.is_err().then_some(name.as_str())).collect();
    for (name, ended) in &ended {
        match ended {
            Ok(Ended { executions, per_second }) => {
                println!("{name:<22} {executions:>10} executions {per_second:>8}/s")
            }
            Err(error) => println!("{name:<22} FOUND SOMETHING\n{error:#}"),
        }
    }
    if failed.is_empty() { Ok(Proof::Proven(())) } else { bail!("found something: {}", failed.join(", ")) }
}

/// Runs all targets as the environment says; a machine that can't is a failure here.
///
/// # Errors
/// As [`run`], and if there is no C++ compiler.
pub(crate) fn in_ci() -> Result<Proof> {
    match run(&Options::parse_from(["cargo xtask fuzz"]))? {
        Proof::Proven(()) => Ok(Proof::Proven(())),
        Proof::NotProven(lack) => bail!(lack),
    }
}

/// Builds the program with our own code instrumented.
fn build(folder: &Path) -> Result<PathBuf> {
    let package = root().join("tests/fuzz");
    let mut command = cargo(&["build", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(package.join("Cargo.toml")).arg("--target-dir").arg(folder);
    // Other flags would make it another program than the one whose figures are quoted.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    run_command(command.env("RUSTC_WRAPPER", package.join("rustc")))?;
    Ok(folder.join("release/keyfob-fuzz"))
}

/// Picks the named targets out of the list of all, or all.
fn chosen(list: &str, named: &[String]) -> Result<Vec<String>> {
    let all: Vec<String> = list.split_whitespace().map(str::to_owned).collect();
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        bail!("there is no target `{unknown}`; there are {}", all.join(", "));
    }
    Ok(if named.is_empty() { all } else { named.to_vec() })
}

/// The seconds of each target.
fn share(seconds: u64, cores: usize, targets: usize) -> u64 {
    let (cores, targets) = (cores.min(targets).max(1) as u64, targets.max(1) as u64);
    (seconds.saturating_mul(cores) / targets).max(1)
}

/// Runs the targets, as many at once as there are cores, and gives what became of each, in their order.
fn fuzz(built: &Path, folder: &Path, names: &[String], budget: Budget, cores: usize) -> Vec<(String, Result<Ended>)> {
    let (waiting, ended) = (Mutex::new(names.iter().enumerate()), Mutex::new(Vec::new()));
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some((place, name)) = next() {
                    let result = target::run(built, folder, name, budget);
                    if let Ok(mut ended) = ended.lock() {
                        ended.push((place, name.clone(), result));
                    }
                }
            });
        }
    });
    let mut ended = ended.into_inner().unwrap_or_default();
    ended.sort_by_key(|(place, ..)| *place);
    ended.into_iter().map(|(_, name, result)| (name, result)).collect()
}
