//! The conformance suite on tokens in machines.

use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use keyfob_conformance::{Bench, CASES, Case, Direct, Summary, run};

use crate::board::{Board, Seeds};
use crate::machine::{Image, Pace};

/// An emulated processor on a busy computer is slow; nobody waits that long unless something is lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the cases, each token in a machine of its own, and as many benches at once as asked for.
///
/// # Errors
/// If a case fails or can't be run.
pub(crate) fn all(image: &Image, only: Option<&str>, benches: usize) -> Result<()> {
    let cases: Vec<_> = CASES.iter().copied().filter(|case| only.is_none_or(|text| case.name.contains(text))).collect();
    let parts: Vec<_> = cases.chunks(cases.len().div_ceil(benches.max(1)).max(1)).collect();
    let summaries = thread::scope(|scope| {
        let benches: Vec<_> = parts.iter().map(|part| scope.spawn(|| on_a_bench(image, part))).collect();
        let ended = benches.into_iter().map(|bench| bench.join().unwrap_or_else(|_| Err(anyhow!("a bench is lost"))));
        ended.collect::<Result<Vec<_>>>()
    })?;
    let summary = Summary(summaries.into_iter().flat_map(|summary| summary.0).collect());
    println!("{summary}");
    ensure!(summary.passed().len() == cases.len() && !cases.is_empty(), "not all cases passed");
    Ok(())
}

fn on_a_bench(image: &Image, cases: &[Case]) -> Result<Summary> {
    let image = image.clone();
    let rig = Direct::new(move || Board::start(&image, Pace::Fast, Seeds::Random));
    let mut bench = Bench::new(rig).map_err(|failure| anyhow!("{failure:?}"))?;
    bench.patience = PATIENCE;
    Ok(run(&mut bench, cases))
}
