//! Everything that CI holds the project to, but the tests.

mod steps;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::proof::Proof;
use steps::STEPS;

/// How a step ended.
enum Outcome {
    Passed,
    NotProven(String),
    Failed(String),
}

/// Runs every step, also after one has failed, and ends with a list of all.
///
/// # Errors
/// If a step failed.
pub(crate) fn run() -> Result<()> {
    let mut ended = Vec::new();
    for (name, step) in STEPS {
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
        ended.push((*name, taken, outcome));
    }
    summarise(&ended)
}

fn summarise(ended: &[(&str, Duration, Outcome)]) -> Result<()> {
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
