//! From a file to its image.

use thiserror::Error;

use crate::Family;
use crate::block::{BLOCK, Block, BlockError, FAMILY, PAGE};

/// What a file says of one page of the flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page<'a> {
    /// Where it belongs.
    pub address: u32,
    /// What it holds.
    pub data: &'a [u8],
}

/// A file isn't one that a board should be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It isn't whole blocks, or none.
    #[error("no UF2 file: it isn't whole blocks of 512 bytes")]
    Size,
    /// A block isn't one.
    #[error("block {at}: {error}")]
    Block {
        /// Which, from 0.
        at: u32,
        /// What is wrong.
        error: BlockError,
    },
    /// A block is for another chip than asked for.
    #[error("the file is for another chip")]
    Family(Family),
    /// A block isn't the next one, or of another count, length, place or kind than the file's.
    #[error("block {at} doesn't follow the one before it")]
    Order {
        /// Which, from 0.
        at: u32,
    },
    /// The block that erratum RP2350-E10 asks for isn't the first, or is there although it isn't asked for.
    #[error("the block for RP2350's erratum is missing, or doesn't belong there")]
    Absolute,
}

/// Reads a file for a chip: all blocks at once, in order, without gaps, as [`write`](crate::write) makes them.
///
/// # Errors
/// [`ReadError`], before the first page is given.
pub fn read(family: Family, file: &[u8]) -> Result<impl Iterator<Item = Page<'_>>, ReadError> {
    let (blocks, rest) = file.as_chunks::<BLOCK>();
    if !rest.is_empty() || blocks.is_empty() {
        return Err(ReadError::Size);
    }
    let mut content = blocks;
    if family.needs_absolute_block() {
        let (first, following) = blocks.split_first().ok_or(ReadError::Size)?;
        let is_absolute = Block::parse(first).is_ok_and(|block| block.is_absolute());
        content = following;
        if !is_absolute || content.is_empty() {
            return Err(ReadError::Absolute);
        }
    }
    let count = u32::try_from(content.len()).map_err(|_| ReadError::Size)?;
    let mut next = None;
    for (at, bytes) in (0..).zip(content) {
        let block = Block::parse(bytes).map_err(|error| ReadError::Block { at, error })?;
        if block.family != family {
            return Err(if block.is_absolute() { ReadError::Absolute } else { ReadError::Family(block.family) });
        }
        let address = *next.get_or_insert(block.address);
        let follows = (block.address, block.number, block.count) == (address, at, count);
        if !follows || block.flags != FAMILY || block.data.len() != PAGE || !address.is_multiple_of(PAGE as u32) {
            return Err(ReadError::Order { at });
        }
        next = Some(address.wrapping_add(PAGE as u32));
    }
    Ok(content.iter().filter_map(|bytes| {
        let Block { address, data, .. } = Block::parse(bytes).ok()?;
        Some(Page { address, data })
    }))
}
