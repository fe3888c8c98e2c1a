//! A token in a machine, as one of the conformance suite's devices.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyfob_conformance::Device;
use keyfob_wire::Report;

use crate::calculations::Cost;
use crate::machine::{Image, Machine, Pace};

/// Where the token's randomness comes from at each power-up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seeds {
    /// From this computer.
    Random,
    /// The number of the power-up, so that a run can be repeated.
    Numbered(u8),
}

impl Seeds {
    fn next(&mut self) -> io::Result<[u8; 32]> {
        let mut seed = [0; 32];
        match self {
            Self::Random => getrandom::fill(&mut seed).map_err(io::Error::other)?,
            Self::Numbered(number) => {
                *number += 1;
                seed[0] = *number;
            }
        }
        Ok(seed)
    }
}

/// A token in a machine of its own. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Board(Arc<Mutex<Powered>>);

struct Powered {
    machine: Machine,
    seeds: Seeds,
}

impl Board {
    /// Boots an image, and gives a new token its power.
    ///
    /// # Errors
    /// If the machine or the token doesn't start.
    pub(crate) fn start(image: &Image, pace: Pace, mut seeds: Seeds) -> io::Result<Self> {
        let mut machine = Machine::boot(image, pace)?;
        machine.start(true, seeds.next()?)?;
        Ok(Self(Arc::new(Mutex::new(Powered { machine, seeds }))))
    }

    /// How many reports were sent to the token, and what its work has cost since this was asked last.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn cost(&self) -> io::Result<(u32, Cost)> {
        let mut powered = self.powered();
        let cost = Cost::read(&powered.machine.settled(b'M', &[])?);
        Ok((powered.machine.sent(), cost.ok_or_else(|| io::Error::other("the cost isn't laid out as expected"))?))
    }

    fn powered(&self) -> MutexGuard<'_, Powered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A machine that is lost answers nothing, and the case that needs it fails by that.
    fn order(&self, letter: u8, body: &[u8]) -> Vec<u8> {
        self.powered().machine.settled(letter, body).unwrap_or_else(|error| {
            eprintln!("the machine is lost: {error}");
            Vec::new()
        })
    }
}

impl Device for Board {
    fn take(&mut self, report: &Report) {
        if let Err(error) = self.powered().machine.send(report) {
            eprintln!("the machine is lost: {error}");
        }
    }

    fn give(&mut self) -> Option<Report> {
        self.powered().machine.heard()
    }

    fn restart(&mut self) -> io::Result<()> {
        let mut powered = self.powered();
        let seed = powered.seeds.next()?;
        powered.machine.restart(seed)
    }

    fn advance(&mut self, milliseconds: u64) {
        self.order(b'A', &milliseconds.to_le_bytes());
    }

    fn light(&self) -> bool {
        self.order(b'L', &[]) == [1]
    }
}
