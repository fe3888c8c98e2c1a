//! The flash outside the chip, at the part that is the token's.

use embassy_rp::flash::{Blocking, ERASE_SIZE, Flash, PAGE_SIZE};
use embassy_rp::peripherals::FLASH;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// The token's part of the flash.
///
/// A page is programmed with 0xff where nothing is to be written: NOR flash then keeps what is there. The driver lets no
/// interrupt in meanwhile, since code can't be fetched from a flash that is being written.
///
/// `SIZE` is the whole flash's; the part begins at `START` and has `LENGTH` bytes.
pub struct StateFlash<const SIZE: usize, const START: u32, const LENGTH: u32>(());

impl<const SIZE: usize, const START: u32, const LENGTH: u32> StateFlash<SIZE, START, LENGTH> {
    /// The token's part of the flash.
    ///
    /// # Safety
    /// There may be one, and nobody else may use the peripheral `FLASH`.
    #[must_use]
    pub const unsafe fn new() -> Self {
        Self(())
    }

    fn driver(&mut self) -> Flash<'_, FLASH, Blocking, SIZE> {
        // SAFETY: who made this has promised that nobody else uses the peripheral.
        Flash::new_blocking(unsafe { FLASH::steal() })
    }
}

impl<const SIZE: usize, const START: u32, const LENGTH: u32> ErrorType for StateFlash<SIZE, START, LENGTH> {
    type Error = NorFlashErrorKind;
}

impl<const SIZE: usize, const START: u32, const LENGTH: u32> ReadNorFlash for StateFlash<SIZE, START, LENGTH> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        self.driver().blocking_read(START + offset, bytes).map_err(|_| NorFlashErrorKind::Other)
    }

    fn capacity(&self) -> usize {
        LENGTH as usize
    }
}

impl<const SIZE: usize, const START: u32, const LENGTH: u32> NorFlash for StateFlash<SIZE, START, LENGTH> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.driver().blocking_erase(START + from, START + to).map_err(|_| NorFlashErrorKind::Other)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let (mut at, mut rest) = (START + offset, bytes);
        while !rest.is_empty() {
            let within = at as usize % PAGE_SIZE;
            let (now, later) = rest.split_at_checked(PAGE_SIZE - within).unwrap_or((rest, &[]));
            let mut page = [0xff; PAGE_SIZE];
            page.iter_mut().skip(within).zip(now).for_each(|(to, from)| *to = *from);
            let start = at - within as u32;
            self.driver().blocking_write(start, &page).map_err(|_| NorFlashErrorKind::Other)?;
            at += now.len() as u32;
            rest = later;
        }
        Ok(())
    }
}

impl<const SIZE: usize, const START: u32, const LENGTH: u32> keyfob_store::Flash for StateFlash<SIZE, START, LENGTH> {
    /// Each operation has ended before the driver returns.
    fn barrier(&mut self) -> Result<(), NorFlashErrorKind> {
        Ok(())
    }
}
