//! Which functions of an image can panic, held to a list.
//!
//! `firmware/panics.toml` names each of them for each board with the branches that it has to a panic, and says why none
//! is taken. One more fails the build, in our own code as in a dependency's.

mod branches;
mod list;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process::root;
pub(crate) use branches::{Reached, callers};
pub(crate) use list::List;

/// What can panic in an image.
pub(crate) struct Panics {
    /// How many functions can.
    pub(crate) found: usize,
    /// What differs from the list.
    pub(crate) refused: Vec<String>,
}

impl Panics {
    /// Reads a board's image, and writes into the list what it finds, if that is wanted.
    ///
    /// # Errors
    /// If the image or the list can't be read, or the list can't be written.
    pub(crate) fn of(board: &str, elf: &[u8], record: bool) -> Result<Self> {
        let found = callers(elf)?;
        let path = path();
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut list = List::parse(&text).with_context(|| path.display().to_string())?;
        if record {
            list.record(board, &found);
            std::fs::write(&path, list.to_string()).with_context(|| path.display().to_string())?;
        }
        Ok(Self { found: found.len(), refused: list.refused(board, &found) })
    }
}

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "functions that panic {:>9}, {} refused", self.found, self.refused.len())
    }
}

fn path() -> PathBuf {
    root().join("firmware/panics.toml")
}
