//! NOR flash in memory or in a file.

mod file;
mod image;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase};
use keyfob_store::Flash;

use crate::faults::{FlashOperation, SharedFaults};

pub use file::ImageError;
use image::misplaced;
pub use image::{FlashImage, FlashStatistics};

/// Why the emulated flash refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlashError {
    /// The address or length isn't a multiple of the unit.
    #[error("address or length isn't a multiple of the unit")]
    NotAligned,
    /// The address is beyond the end.
    #[error("address is beyond the end")]
    OutOfBounds,
    /// Programming only clears bits; this would have set some. Nothing was programmed.
    #[error("the byte at {offset} would have to be erased first")]
    NotErased {
        /// The first such byte.
        offset: u32,
    },
    /// The image's file failed.
    #[error("the image's file failed: {0}")]
    File(std::io::ErrorKind),
    /// The power is off, because of a fault.
    #[error("the power is off")]
    PowerLost,
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotErased { .. } | Self::File(_) | Self::PowerLost => NorFlashErrorKind::Other,
        }
    }
}

/// The flash as the token has it: it stays when the power goes.
#[derive(Debug, Clone)]
pub struct SharedFlash {
    image: Arc<Mutex<FlashImage>>,
    faults: SharedFaults,
}

impl SharedFlash {
    pub(crate) fn new(image: FlashImage, faults: SharedFaults) -> Self {
        Self { image: Arc::new(Mutex::new(image)), faults }
    }

    pub(crate) fn image(&self) -> MutexGuard<'_, FlashImage> {
        // No operation on an image leaves it half done.
        self.image.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the image back if this is the last one that has it.
    pub(crate) fn release(self) -> Option<FlashImage> {
        Arc::into_inner(self.image).map(|image| image.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ErrorType for SharedFlash {
    type Error = FlashError;
}

impl ReadNorFlash for SharedFlash {
    const READ_SIZE: usize = FlashImage::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        if self.faults.get().has_lost_power() {
            return Err(FlashError::PowerLost);
        }
        self.image().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        FlashImage::CAPACITY
    }
}

impl NorFlash for SharedFlash {
    const WRITE_SIZE: usize = FlashImage::WRITE_SIZE;
    const ERASE_SIZE: usize = FlashImage::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        check_erase(self, from, to).map_err(misplaced)?;
        let sector = u32::try_from(Self::ERASE_SIZE).unwrap_or(u32::MAX);
        for start in (from..to).step_by(Self::ERASE_SIZE) {
            self.faults.operate(FlashOperation::Erase, |random| self.image().tear_erase(start, random))?;
            self.image().erase(start, start.saturating_add(sector).min(to))?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.faults.operate(FlashOperation::Program, |random| self.image().tear_write(offset, bytes, random))?;
        self.image().write(offset, bytes)
    }
}

impl Flash for SharedFlash {
    fn barrier(&mut self) -> Result<(), FlashError> {
        self.faults.operate(FlashOperation::Barrier, |_| Ok(()))?;
        self.image().barrier()
    }
}
