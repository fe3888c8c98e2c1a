//! A board that stands for any: a flash, and registers in front of everything else.

use core::ptr;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use keyfob_crypto::{Entropy, RustCrypto};
use keyfob_signed::Levels;
use keyfob_token::Platform;
use keyfob_wire::{Firmware, Instant, Report};

/// The board.
pub struct Board {
    entropy: Randomness,
}

impl Board {
    /// The board, of which there is one.
    pub const fn new() -> Self {
        Self { entropy: Randomness }
    }
}

impl Platform for Board {
    type Crypto = RustCrypto;
    type Flash = Flash;
    type Entropy = Randomness;

    const BOARD: keyfob_signed::Board = keyfob_signed::Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut Randomness {
        &mut self.entropy
    }

    fn identify(&mut self, on: bool) {
        write(LED, u32::from(on));
    }
}

/// A random number generator behind a register.
pub struct Randomness;

impl Entropy for Randomness {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(4) {
            chunk.iter_mut().zip(read(RANDOM).to_le_bytes()).for_each(|(to, from)| *to = from);
        }
    }
}

/// What isn't flash: time, reports, a halt.
pub struct Registers;

impl Registers {
    /// Milliseconds since the board started.
    pub fn now(&self) -> Instant {
        Instant(u64::from(read(CLOCK)))
    }

    /// The report that came, if one did.
    pub fn receive(&mut self) -> Option<Report> {
        if read(REPORT_READY) == 0 {
            return None;
        }
        let mut report = [0; 64];
        for word in report.chunks_exact_mut(4) {
            word.copy_from_slice(&read(REPORT_IN).to_le_bytes());
        }
        Some(report)
    }

    /// Sends a report.
    pub fn send(&mut self, report: &Report) {
        for word in report.chunks_exact(4) {
            write(REPORT_OUT, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
    }

    /// Sets the alarm that wakes the board.
    pub fn sleep_until(&mut self, instant: Option<Instant>) {
        write(ALARM, instant.map_or(u32::MAX, |instant| instant.0 as u32));
    }

    /// Shows a number.
    pub fn show(&mut self, number: usize) {
        write(LED, number as u32);
    }

    /// Stops for good.
    pub fn halt(&mut self) -> ! {
        loop {
            write(LED, 0);
        }
    }
}

/// Flash that is read where it lies and changed through a controller.
pub struct Flash;

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        for (address, byte) in (FLASH + offset as usize..).zip(bytes) {
            // SAFETY: `check_read` keeps the address within the flash, which is readable memory and no Rust object.
            *byte = unsafe { ptr::read_volatile(address as *const u8) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        FLASH_SIZE
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            write(FLASH_ERASE, page);
            wait_for_flash()?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (address, word) in (offset..).step_by(4).zip(bytes.chunks_exact(4)) {
            write(FLASH_ADDRESS, address);
            write(FLASH_DATA, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            wait_for_flash()?;
        }
        Ok(())
    }
}

impl keyfob_store::Flash for Flash {
    fn barrier(&mut self) -> Result<(), NorFlashErrorKind> {
        wait_for_flash()
    }
}

fn wait_for_flash() -> Result<(), NorFlashErrorKind> {
    loop {
        match read(FLASH_STATE) {
            0 => return Ok(()),
            1 => {}
            _ => return Err(NorFlashErrorKind::Other),
        }
    }
}

fn read(register: usize) -> u32 {
    // SAFETY: only this file's registers are read; they lie in the Cortex-M's peripheral region, aligned, and no Rust
    // object lies there.
    unsafe { ptr::read_volatile(register as *const u32) }
}

fn write(register: usize, value: u32) {
    // SAFETY: as in `read`.
    unsafe { ptr::write_volatile(register as *mut u32, value) }
}

const FLASH: usize = 0x000c_0000;
const FLASH_SIZE: usize = 128 * 1024;

const CLOCK: usize = 0x4000_0000;
const ALARM: usize = 0x4000_0004;
const RANDOM: usize = 0x4000_0008;
const LED: usize = 0x4000_000c;
const REPORT_IN: usize = 0x4000_0010;
const REPORT_OUT: usize = 0x4000_0014;
const REPORT_READY: usize = 0x4000_0018;
const FLASH_STATE: usize = 0x4000_0020;
const FLASH_ERASE: usize = 0x4000_0024;
const FLASH_ADDRESS: usize = 0x4000_0028;
const FLASH_DATA: usize = 0x4000_002c;
