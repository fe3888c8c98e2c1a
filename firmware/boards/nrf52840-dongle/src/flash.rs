//! The flash inside the chip, at the part that is the token's.

use embassy_nrf::nvmc::{Error, Nvmc, PAGE_SIZE};
use embassy_nrf::peripherals::NVMC;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

use crate::board::{STATE_SIZE, STATE_START};

/// The token's part of the flash. The chip waits for the end of each operation, and stands still meanwhile: 85 ms for
/// an erased page (nRF52840 product specification §6.21).
pub(crate) struct StateFlash(());

impl StateFlash {
    /// The token's part of the flash.
    ///
    /// # Safety
    /// There may be one, and nobody else may use the peripheral `NVMC`.
    pub(crate) const unsafe fn new() -> Self {
        Self(())
    }

    fn driver(&mut self) -> Nvmc<'_> {
        // SAFETY: who made this has promised that nobody else uses the peripheral.
        Nvmc::new(unsafe { NVMC::steal() })
    }
}

impl ErrorType for StateFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for StateFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        self.driver().read(STATE_START + offset, bytes).map_err(failed)
    }

    fn capacity(&self) -> usize {
        STATE_SIZE as usize
    }
}

impl NorFlash for StateFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.driver().erase(STATE_START + from, STATE_START + to).map_err(failed)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        self.driver().write(STATE_START + offset, bytes).map_err(failed)
    }
}

impl keyfob_store::Flash for StateFlash {
    /// Each operation has ended before the driver returns.
    fn barrier(&mut self) -> Result<(), NorFlashErrorKind> {
        Ok(())
    }
}

fn failed(_: Error) -> NorFlashErrorKind {
    NorFlashErrorKind::Other
}
