//! The flash outside the chip, at the part that is the token's.

use embassy_rp::flash::{Blocking, Flash, PAGE_SIZE};
use embassy_rp::peripherals::FLASH;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

use crate::board::{FLASH_SIZE, SECTOR, STATE_SIZE, STATE_START, UNIT};

/// The token's part of the flash.
///
/// A page is programmed with 0xff where nothing is to be written: NOR flash then keeps what is there. The driver lets no
/// interrupt in meanwhile, since code can't be fetched from a flash that is being written.
pub(crate) struct StateFlash(());

impl StateFlash {
    /// The token's part of the flash, for the only token.
    pub(crate) const fn new() -> Self {
        Self(())
    }

    fn driver(&mut self) -> Flash<'_, FLASH, Blocking, FLASH_SIZE> {
        // SAFETY: nobody else takes the peripheral: `main` leaves it alone, and there is one token.
        Flash::new_blocking(unsafe { FLASH::steal() })
    }
}

impl ErrorType for StateFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for StateFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        self.driver().blocking_read(STATE_START + offset, bytes).map_err(|_| NorFlashErrorKind::Other)
    }

    fn capacity(&self) -> usize {
        STATE_SIZE as usize
    }
}

impl NorFlash for StateFlash {
    const WRITE_SIZE: usize = UNIT;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.driver().blocking_erase(STATE_START + from, STATE_START + to).map_err(|_| NorFlashErrorKind::Other)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let (mut at, mut rest) = (STATE_START + offset, bytes);
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

impl keyfob_store::Flash for StateFlash {
    /// Each operation has ended before the driver returns.
    fn barrier(&mut self) -> Result<(), NorFlashErrorKind> {
        Ok(())
    }
}
