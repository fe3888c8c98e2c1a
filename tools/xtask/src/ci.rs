//! Everything that CI holds the project to, but the tests.

mod beside;
mod steps;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::proof::Proof;
use steps::{BESIDE, STEPS};

/// What is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs this step alone, without a summary
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
}

/// How a step ended.
enum Outcome {
    Passed,
    NotProven(String),
    Failed(String),
}

/// A step that has ended: its name, what it took, and how it ended.
type Ended = (&'static str, Duration, Outcome);

/// Runs every step, also after one has failed, and ends with a list of all.
///
/// # Errors
/// If a step failed, or there is none of the name.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(name) = &options.step {
        let step = STEPS.iter().chain(BESIDE).find(|(each, _)| each == name);
        let (_, step) = step.with_context(|| format!("there is no step `{name}`"))?;
        return step().map(drop);
    }
    let mut ended: Vec<Ended> = STEPS.iter().map(|(name, step)| alone(name, *step)).collect();
    ended.extend(beside::run(BESIDE)?);
    summarise(&ended)
}

fn alone(name: &'static str, step: fn() -> Result<Proof>) -> Ended {
    println!("\n=== {name}");
    let start = Instant::now();
    let outcome = match step() {
        Ok(Proof::Proven(())) => Outcome::Passed,
        Ok(Proof::NotProven(lack)) => Outcome::NotProven(lack),
        Err(error) => {
            println!("FAILED: {error:#}");
            Outcome::Failed(format!("{error:#}"))
        }
    };
    let taken = start.elapsed();
    println!("--- {name}: {:.1} s", taken.as_secs_f64());
    (name, taken, outcome)
}

fn summarise(ended: &[Ended]) -> Result<()> {
    println!("\n=== summary");
    let mut failed = Vec::new();
    let mut lacks = Vec::new();
    for (name, taken, outcome) in ended {
        let word = match outcome {
            Outcome::Passed => "passed",
            Outcome::NotProven(lack) => {
                lacks.push(lack);
                "NOT PROVEN"
            }
            Outcome::Failed(_) => {
                failed.push(*name);
                "FAILED"
            }
        };
        println!("{word:<10}  {name:<10} {:>7.1} s", taken.as_secs_f64());
    }
    for lack in lacks {
        println!("NOT PROVEN: {lack}");
    }
    for (name, _, outcome) in ended {
        if let Outcome::Failed(error) = outcome {
            println!("FAILED: {name}: {error}");
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}
