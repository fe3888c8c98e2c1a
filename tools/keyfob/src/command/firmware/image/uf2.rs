//! What a UF2 file says.

use keyfob_terminal::Failure;
use keyfob_uf2::{BLOCK, PAGE, ReadError, read};

use super::damaged;
use super::kind::{Kind, other_board};

/// What a UF2 file says, which was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command::firmware) struct Uf2 {
    /// How many blocks it has, with the one for RP2350's erratum.
    pub(in crate::command::firmware) blocks: usize,
    /// Where it begins in the chip's memory.
    pub(in crate::command::firmware) start: u32,
    /// Where it ends: the first byte that isn't its own any more.
    pub(in crate::command::firmware) end: u32,
}

impl Uf2 {
    /// Reads a file for a board, as strictly as no bootloader does.
    ///
    /// # Errors
    /// `image-damaged`, `board-mismatch`.
    pub(super) fn read(kind: &Kind, bytes: &[u8]) -> Result<Self, Failure> {
        let mut pages = read(kind.family, bytes).map_err(|error| match error {
            ReadError::Family(family) => {
                other_board(format_args!("it has a block of family {:#010x}, not of {}", family.0, kind.chip))
            }
            error => damaged(error),
        })?;
        let first = pages.next().ok_or_else(|| damaged("nothing is in it"))?;
        let last = pages.last().unwrap_or(first);
        let end = last.address.saturating_add(PAGE as u32);
        if first.address != kind.flash.start || end > kind.flash.end {
            let message = format_args!(
                "it is for {:#x} to {end:#x}; an image of a {} lies in {:#x} to {:#x}",
                first.address,
                kind.title(),
                kind.flash.start,
                kind.flash.end
            );
            return Err(other_board(message));
        }
        Ok(Self { blocks: bytes.len() / BLOCK, start: first.address, end })
    }
}
