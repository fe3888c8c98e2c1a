//! The conformance suite on tokens in machines.

use std::cell::RefCell;
use std::io;
use std::path::Path;

use anyhow::{Result, ensure};
use keyfob_conformance::{Bench, CASES, Device, Direct, run};
use keyfob_wire::Report;

use crate::machine::{Machine, Pace};

/// Runs the cases, each token in a machine of its own.
///
/// # Errors
/// If a case fails or can't be run.
pub(crate) fn all(image: &Path, only: Option<&str>) -> Result<()> {
    let image = image.to_owned();
    let rig = Direct::new(move || Board::new(&image));
    let mut bench = Bench::new(rig).map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    let cases: Vec<_> = CASES.iter().copied().filter(|case| only.is_none_or(|text| case.name.contains(text))).collect();
    let summary = run(&mut bench, &cases);
    println!("{summary}");
    ensure!(summary.passed().len() == cases.len() && !cases.is_empty(), "not all cases passed");
    Ok(())
}

/// A token in a machine of its own.
struct Board(RefCell<Machine>);

impl Board {
    fn new(image: &Path) -> io::Result<Self> {
        let mut machine = Machine::boot(image, Pace::Fast)?;
        machine.start(true, seed()?)?;
        Ok(Self(RefCell::new(machine)))
    }

    /// A machine that is lost answers nothing, and the case that needs it fails by that.
    fn order(&self, letter: u8, body: &[u8]) -> Vec<u8> {
        self.0.borrow_mut().settled(letter, body).unwrap_or_else(|error| {
            eprintln!("the machine is lost: {error}");
            Vec::new()
        })
    }
}

impl Device for Board {
    fn take(&mut self, report: &Report) {
        if let Err(error) = self.0.get_mut().send(report) {
            eprintln!("the machine is lost: {error}");
        }
    }

    fn give(&mut self) -> Option<Report> {
        self.0.get_mut().heard()
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0.get_mut().restart(seed()?)
    }

    fn advance(&mut self, milliseconds: u64) {
        self.order(b'A', &milliseconds.to_le_bytes());
    }

    fn light(&self) -> bool {
        self.order(b'L', &[]) == [1]
    }
}

fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    Ok(seed)
}
