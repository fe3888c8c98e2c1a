//! What a flash holds, and the rules of a chip.

use std::fmt;
use std::path::Path;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use embedded_storage::nor_flash::{check_erase, check_read, check_write};
use keyfob_store::Flash;

use super::FlashError;
use super::file::{ImageError, ImageFile};
use crate::faults::Random;

/// What was done to an image since it was made or opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlashStatistics {
    /// Reads.
    pub reads: u64,
    /// Bytes programmed.
    pub programmed: u64,
    /// Sectors erased.
    pub erases: u64,
    /// Barriers.
    pub barriers: u64,
}

/// NOR flash of 256 KiB: 64 sectors of 4 KiB, as on the boards' chips.
///
/// A word has 4 bytes, that of the nRF52840: it makes the store align and pad as it does on a chip, which flash that is
/// written byte by byte wouldn't. Programming only clears bits and fails if it would have to set one.
///
/// # Security
/// The image holds the token's keys in the clear.
pub struct FlashImage {
    /// All of it, so that reading never touches a file.
    content: Vec<u8>,
    file: Option<ImageFile>,
    statistics: FlashStatistics,
}

impl FlashImage {
    /// Bytes of an image.
    pub const CAPACITY: usize = 256 * 1024;

    /// Makes an erased image in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self::with_content(vec![ERASED; Self::CAPACITY])
    }

    /// Makes an image in memory that holds this; none if it is not [`CAPACITY`](Self::CAPACITY) bytes long.
    #[must_use]
    pub fn from_content(content: Vec<u8>) -> Option<Self> {
        (content.len() == Self::CAPACITY).then(|| Self::with_content(content))
    }

    /// Makes an erased image in a new file that only its owner may read.
    ///
    /// # Errors
    /// [`ImageError`], also if there is a file of that name.
    pub fn create(path: &Path) -> Result<Self, ImageError> {
        let mut image = Self::memory();
        image.file = Some(ImageFile::create(path, &image.content)?);
        Ok(image)
    }

    /// Opens an image in a file. Until it is dropped nobody else can.
    ///
    /// # Errors
    /// [`ImageError`]
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let (file, content) = ImageFile::open(path, Self::CAPACITY)?;
        Ok(Self { content, file: Some(file), statistics: FlashStatistics::default() })
    }

    /// Opens the image in a file, or creates it if there is none.
    ///
    /// # Errors
    /// [`ImageError`]
    pub fn open_or_create(path: &Path) -> Result<Self, ImageError> {
        match Self::open(path) {
            Err(ImageError::Missing { .. }) => Self::create(path),
            opened => opened,
        }
    }

    /// Copies what the image holds now into one in memory.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self::with_content(self.content.clone())
    }

    /// What the image holds.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// What was done to the image since it was made or opened.
    #[must_use]
    pub const fn statistics(&self) -> FlashStatistics {
        self.statistics
    }

    /// Replaces all of it, in the file as a whole or not at all.
    pub(crate) fn replace_all(&mut self, content: Vec<u8>) -> Result<(), ImageError> {
        if let Some(file) = &mut self.file {
            *file = file.replaced(&content)?;
        }
        self.content = content;
        Ok(())
    }

    /// Programs as far as it comes until the power goes: a part of the words, and of the next one a part of its bits.
    pub(crate) fn tear_write(&mut self, offset: u32, bytes: &[u8], random: &mut Random) -> Result<(), FlashError> {
        check_write(self, offset, bytes.len()).map_err(misplaced)?;
        let words = bytes.len() / Self::WRITE_SIZE;
        let whole = random.below(words as u64) as usize * Self::WRITE_SIZE;
        let mut torn = bytes[..bytes.len().min(whole + Self::WRITE_SIZE)].to_vec();
        let present = &self.content[offset as usize..];
        for (byte, old) in torn.iter_mut().zip(present).skip(whole) {
            *byte = old & (*byte | random.number() as u8);
        }
        self.replace(offset, &torn)
    }

    /// Erases as far as it comes until the power goes: any of the sector's bits may be set then.
    pub(crate) fn tear_erase(&mut self, sector: u32, random: &mut Random) -> Result<(), FlashError> {
        let end = sector.saturating_add(Self::ERASE_SIZE as u32);
        check_erase(self, sector, end).map_err(misplaced)?;
        let present = &self.content[sector as usize..end as usize];
        let torn: Vec<u8> = present.iter().map(|old| old | random.number() as u8).collect();
        self.replace(sector, &torn)
    }

    const fn with_content(content: Vec<u8>) -> Self {
        Self { content, file: None, statistics: FlashStatistics { reads: 0, programmed: 0, erases: 0, barriers: 0 } }
    }

    /// Replaces a part, in the file first: what can be read is what was written.
    fn replace(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        if let Some(file) = &mut self.file {
            file.write(offset, bytes).map_err(|error| FlashError::File(error.kind()))?;
        }
        let start = offset as usize;
        self.content[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

const ERASED: u8 = 0xff;

impl fmt::Debug for FlashImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlashImage")
            .field("file", &self.file.as_ref().map(ImageFile::path))
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

impl ErrorType for FlashImage {
    type Error = FlashError;
}

impl ReadNorFlash for FlashImage {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        check_read(self, offset, bytes.len()).map_err(misplaced)?;
        let start = offset as usize;
        bytes.copy_from_slice(&self.content[start..start + bytes.len()]);
        self.statistics.reads += 1;
        Ok(())
    }

    fn capacity(&self) -> usize {
        Self::CAPACITY
    }
}

impl NorFlash for FlashImage {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        check_erase(self, from, to).map_err(misplaced)?;
        for sector in (from..to).step_by(Self::ERASE_SIZE) {
            self.replace(sector, &[ERASED; Self::ERASE_SIZE])?;
            self.statistics.erases += 1;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        check_write(self, offset, bytes.len()).map_err(misplaced)?;
        let present = &self.content[offset as usize..];
        if let Some((at, _)) = (offset..).zip(bytes.iter().zip(present)).find(|(_, (new, old))| *new & !*old != 0) {
            return Err(FlashError::NotErased { offset: at });
        }
        self.replace(offset, bytes)?;
        self.statistics.programmed += bytes.len() as u64;
        Ok(())
    }
}

impl Flash for FlashImage {
    fn barrier(&mut self) -> Result<(), FlashError> {
        if let Some(file) = &mut self.file {
            file.synchronise().map_err(|error| FlashError::File(error.kind()))?;
        }
        self.statistics.barriers += 1;
        Ok(())
    }
}

pub(super) fn misplaced(kind: NorFlashErrorKind) -> FlashError {
    match kind {
        NorFlashErrorKind::NotAligned => FlashError::NotAligned,
        _ => FlashError::OutOfBounds,
    }
}
