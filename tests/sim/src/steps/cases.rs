//! The conformance suite, case by case for as long as there is time.

use std::time::Instant;

use keyfob_conformance::{Bench, Case, Outcome, Summary};

pub(super) fn run(bench: &mut Bench, mut next: impl FnMut() -> Option<Case>) -> Summary {
    let mut summary = Summary::default();
    while let Some(case) = next() {
        let start = Instant::now();
        let ended = keyfob_conformance::run(bench, &[case]);
        let seconds = start.elapsed().as_secs_f64();
        for (name, outcome) in &ended.0 {
            match outcome {
                Outcome::Passed => println!("ok       {name}: {seconds:.1} s"),
                Outcome::Failed(why) => println!("FAILED   {name}: {why} ({seconds:.1} s)"),
                Outcome::Skipped(what) => println!("skipped  {name}: needs {what}"),
            }
        }
        summary.0.extend(ended.0);
    }
    summary
}
