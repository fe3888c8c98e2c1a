//! From an image to a file.

use thiserror::Error;

use crate::Family;
use crate::block::{BLOCK, Block, FAMILY, PAGE};

/// An image can't be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum WriteError {
    /// It doesn't begin at a multiple of 256 bytes.
    #[error("an image begins at a multiple of 256 bytes")]
    Unaligned,
    /// There is nothing in it, or it goes beyond the end of the address space.
    #[error("an image has at least a byte, and lies within the address space")]
    Size,
}

/// Makes the blocks of an image that begins at an address: that of the erratum first, where the family needs it.
///
/// An image is written without gaps, because a bootloader erases whole sectors (RP2040-E14); its last page is filled up
/// with 0xff, as erased flash is.
///
/// # Errors
/// [`WriteError`].
pub fn write(family: Family, address: u32, image: &[u8]) -> Result<Blocks<'_>, WriteError> {
    if !address.is_multiple_of(PAGE as u32) {
        return Err(WriteError::Unaligned);
    }
    let count = u32::try_from(image.len().div_ceil(PAGE)).map_err(|_| WriteError::Size)?;
    let last = count.checked_sub(1).and_then(|last| last.checked_mul(PAGE as u32)).ok_or(WriteError::Size)?;
    address.checked_add(last).and_then(|last| last.checked_add(PAGE as u32 - 1)).ok_or(WriteError::Size)?;
    Ok(Blocks { family, address, image, number: 0, count, preface: family.needs_absolute_block() })
}

/// The blocks of a file, in order.
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    family: Family,
    address: u32,
    image: &'a [u8],
    number: u32,
    count: u32,
    preface: bool,
}

impl Iterator for Blocks<'_> {
    type Item = [u8; BLOCK];

    fn next(&mut self) -> Option<Self::Item> {
        if core::mem::take(&mut self.preface) {
            return Some(Block::absolute().to_bytes());
        }
        let start = usize::try_from(self.number).ok()?.checked_mul(PAGE)?;
        let content = self.image.get(start..).filter(|content| !content.is_empty())?;
        let mut page = [0xff; PAGE];
        page.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
        let address = self.address.checked_add(u32::try_from(start).ok()?)?;
        let Self { family, number, count, .. } = *self;
        self.number = number.checked_add(1)?;
        Some(Block { flags: FAMILY, address, number, count, family, data: &page, rest: &[] }.to_bytes())
    }
}
