//! Whether a cost grows with what the token carries.

use crate::stand::Stand;
use crate::workload::{Failure, Work};
use crate::{apply, check, open};

/// A check with so many vendors, features of the first, and sessions, of which the youngest asks.
pub(crate) fn check(vendors: u32, features: u32, sessions: u32) -> Result<Work, Failure> {
    let mut pair = Stand::new(vendors, features)?.pair()?;
    for _ in 1..sessions {
        pair.open()?;
    }
    check::of(pair)
}

/// An open beside so many sessions less one.
pub(crate) fn open(vendors: u32, features: u32, sessions: u32) -> Result<Work, Failure> {
    let mut pair = Stand::new(vendors, features)?.pair()?;
    for _ in 1..sessions {
        pair.open()?;
    }
    open::of(pair)
}

/// An update beside so many sessions less one.
pub(crate) fn apply(runs: u32, sessions: u32) -> Result<Work, Failure> {
    let stand = Stand::new(1, 4)?;
    let mut pair = stand.pair()?;
    for _ in 1..sessions {
        pair.open()?;
    }
    apply::of(&stand, pair, runs)
}
