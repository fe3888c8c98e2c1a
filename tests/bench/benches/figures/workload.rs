//! What is run over and over, to be counted or timed.

use std::error::Error;
use std::hint::black_box;

use crate::{apply, check, curve, growth, licence_file, noise, open, prove, resume};

pub(crate) type Failure = Box<dyn Error>;

/// Something that can be done again and again.
pub(crate) type Work = Box<dyn FnMut() -> Result<(), Failure>>;

/// A workload's name and how to prepare it: for so many runs, at a size that only some have.
pub(crate) type Workload = (&'static str, fn(runs: u32, size: u32) -> Result<Work, Failure>);

/// What can be counted by name.
pub(crate) const WORKLOADS: &[Workload] = &[
    ("check", |_, _| check::ours()),
    ("check-floor", |_, _| check::floor()),
    ("open", |_, _| open::ours()),
    ("open-floor", |_, _| open::floor()),
    ("resume", |_, _| resume::ours()),
    ("resume-floor", |_, _| resume::floor()),
    ("prove", |_, _| prove::ours()),
    ("prove-floor", |_, _| prove::floor()),
    ("apply", |runs, _| apply::ours(runs, 1, 4)),
    ("apply-floor", |_, _| apply::floor()),
    ("key-0.13", |_, _| curve::generate_13()),
    ("key-0.14", |_, _| curve::generate_14()),
    ("sign-0.13", |_, _| curve::sign_13()),
    ("sign-0.14", |_, _| curve::sign_14()),
    ("verify-0.13", |_, _| curve::verify_13()),
    ("verify-0.14", |_, _| curve::verify_14()),
    ("agree-0.13", |_, _| curve::agree_13()),
    ("agree-0.14", |_, _| curve::agree_14()),
    ("check-features", |_, size| growth::check(1, size, 1)),
    ("check-vendors", |_, size| growth::check(size, 4, 1)),
    ("check-sessions", |_, size| growth::check(1, 4, size)),
    ("open-features", |_, size| growth::open(1, size, 1)),
    ("open-vendors", |_, size| growth::open(size, 4, 1)),
    ("open-sessions", |_, size| growth::open(1, 4, size)),
    ("apply-features", |runs, size| apply::ours(runs, 1, size)),
    ("apply-vendors", |runs, size| apply::ours(runs, size, 4)),
    ("apply-sessions", |runs, size| growth::apply(runs, size)),
    ("snow", |_, _| noise::records()),
    ("licence-file", |_, _| licence_file::verify()),
];

/// Prepares a workload by its name.
pub(crate) fn prepare(name: &str, runs: u32, size: u32) -> Result<Work, Failure> {
    let (_, prepare) =
        WORKLOADS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no workload {name}"))?;
    prepare(runs, size)
}

/// Runs a workload, once before the counting begins and then `runs` times within it.
pub(crate) fn count(name: &str, runs: u32, size: u32) -> Result<(), Failure> {
    let mut work = prepare(name, runs + 1, size)?;
    work()?;
    counted_region(&mut work, runs)
}

/// The function by whose name instructions are counted: what happens in it, and in what it calls.
#[inline(never)]
pub(crate) fn counted_region(work: &mut Work, runs: u32) -> Result<(), Failure> {
    for _ in 0..runs {
        black_box(&mut *work)()?;
    }
    Ok(())
}
