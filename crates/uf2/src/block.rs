//! One block.

use thiserror::Error;

use crate::Family;

/// The size of a block.
pub const BLOCK: usize = 512;
/// How much data a block has.
pub const PAGE: usize = 256;

/// A block, taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block<'a> {
    /// The flags.
    pub flags: u32,
    /// Where the data belongs.
    pub address: u32,
    /// The number of the block, from 0.
    pub number: u32,
    /// How many there are.
    pub count: u32,
    /// Which chip it is for.
    pub family: Family,
    /// The data.
    pub data: &'a [u8],
    /// What follows the data: extensions, then zeros.
    pub rest: &'a [u8],
}

/// What isn't a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum BlockError {
    /// The three constants aren't all there.
    #[error("no UF2 block")]
    Magic,
    /// It says that it has more data than there is room for.
    #[error("a UF2 block with more data than it can have")]
    Length,
    /// It is for no chip in particular.
    #[error("a UF2 block without a family")]
    NoFamily,
}

impl<'a> Block<'a> {
    /// Reads a block.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn parse(bytes: &'a [u8; BLOCK]) -> Result<Self, BlockError> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(BlockError::Magic)?;
        let (room, end) = rest.split_last_chunk::<4>().ok_or(BlockError::Magic)?;
        let mut words = [0; HEADER / 4];
        for (word, bytes) in words.iter_mut().zip(header.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [start, second, flags, address, length, number, count, family] = words;
        if (start, second, u32::from_le_bytes(*end)) != (START, SECOND, END) {
            return Err(BlockError::Magic);
        }
        let length = usize::try_from(length).map_err(|_| BlockError::Length)?;
        let (data, rest) = room.split_at_checked(length).ok_or(BlockError::Length)?;
        if flags & FAMILY == 0 {
            return Err(BlockError::NoFamily);
        }
        Ok(Self { flags, address, number, count, family: Family(family), data, rest })
    }

    /// Writes the block; data and what follows beyond its room are left out.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; BLOCK] {
        let length = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        let words = [START, SECOND, self.flags, self.address, length, self.number, self.count, self.family.0];
        let header = words.into_iter().flat_map(u32::to_le_bytes);
        let room = self.data.iter().chain(self.rest).copied().chain(core::iter::repeat(0)).take(BLOCK - HEADER - 4);
        let mut bytes = [0; BLOCK];
        bytes.iter_mut().zip(header.chain(room).chain(END.to_le_bytes())).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The block by which a file for RP2350 begins.
    ///
    /// RP2350-E10: without it the boot ROM of stepping A2 takes the file and then doesn't boot it. It says of itself that
    /// it is to be ignored; the boot ROM, which doesn't know that, writes it to the end of the address space.
    #[must_use]
    pub const fn absolute() -> Block<'static> {
        Block {
            flags: FAMILY | EXTENSIONS,
            address: 0x10ff_ff00,
            number: 0,
            count: 2,
            family: Family::ABSOLUTE,
            data: &[0xef; PAGE],
            rest: &IGNORE,
        }
    }

    /// Whether the block is that one.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        let Block { flags, address, number, count, family, data, .. } = Self::absolute();
        (self.flags, self.address, self.number, self.count) == (flags, address, number, count)
            && (self.family, self.data) == (family, data)
            && self.rest.starts_with(&IGNORE)
    }
}

const START: u32 = u32::from_le_bytes(*b"UF2\n");
const SECOND: u32 = 0x9e5d_5157;
const END: u32 = 0x0ab1_6f30;
const HEADER: usize = 32;
/// There is a family.
pub(crate) const FAMILY: u32 = 0x2000;
/// There are extensions.
const EXTENSIONS: u32 = 0x8000;
/// The extension that says that a block is to be ignored.
const IGNORE: [u8; 4] = 0x9957_e304_u32.to_le_bytes();
