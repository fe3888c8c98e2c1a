//! NOR flash in RAM that outlives a reset: programming clears bits, erasing sets them, and each sector is 4 KiB.

use core::ptr;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

use crate::map::MAP;

/// The flash, of which there is one.
pub struct Flash(());

impl Flash {
    /// The flash with what it held before the reset.
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

/// Makes the flash what it is when it leaves the factory.
pub(crate) fn forget() {
    (0..SIZE).for_each(|offset| write(offset, ERASED));
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        for (offset, byte) in (offset..).zip(bytes) {
            *byte = read(offset);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        (from..to).for_each(|offset| write(offset, ERASED));
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        if (offset..).zip(bytes).any(|(offset, byte)| read(offset) & byte != *byte) {
            return Err(NorFlashErrorKind::Other);
        }
        (offset..).zip(bytes).for_each(|(offset, byte)| write(offset, *byte));
        Ok(())
    }
}

impl keyfob_store::Flash for Flash {
    fn barrier(&mut self) -> Result<(), NorFlashErrorKind> {
        Ok(())
    }
}

fn read(offset: u32) -> u8 {
    // SAFETY: callers keep the offset below `SIZE`; PSRAM lies there, which isn't the linker's and holds no Rust object.
    unsafe { ptr::read_volatile((START + offset) as *const u8) }
}

fn write(offset: u32, byte: u8) {
    // SAFETY: as in `read`.
    unsafe { ptr::write_volatile((START + offset) as *mut u8, byte) }
}

const START: u32 = MAP.flash;
/// As much as the emulator has.
const SIZE: u32 = 256 * 1024;
const ERASED: u8 = 0xff;
