//! The ring oscillator's random bit (RP2040 datasheet §2.17.5): the only noise that the chip has.

use cortex_m::asm::delay;
use embassy_rp::clocks::RoscRng;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::peripherals::FLASH;
use keyfob_entropy::{Failure, Noise, NoiseFailed};
use keyfob_firmware::Source;

use crate::board::FLASH_SIZE;

/// The oscillator. It runs at some 6 MHz beside the crystal's 125 MHz; how far its phase wanders between two samples
/// decides what a bit is worth. The datasheet promises nothing, so a tenth of a bit is counted for each, and they are
/// taken apart.
pub(crate) struct Oscillator;

/// Cycles between two samples: some twelve of the oscillator's.
const APART: u32 = 250;

impl Noise for Oscillator {
    const BITS: u32 = 1;
    const MIN_ENTROPY: u32 = 26;

    fn sample(&mut self) -> Result<u8, NoiseFailed> {
        delay(APART);
        Ok(RoscRng::next_u8() & 1)
    }

    /// The light says so until the watchdog starts the board again, which tests the source anew.
    fn halt(&mut self, _: Failure) -> ! {
        crate::LAMP.fail();
        loop {
            cortex_m::asm::wfi();
        }
    }
}

impl Source for Oscillator {
    fn open() -> Self {
        Self
    }

    /// The flash's: the chip has none of its own. Zeros if the flash gives none.
    fn unique_id(&mut self) -> [u8; 8] {
        let mut id = [0; 8];
        // SAFETY: the token's flash isn't used while the source is being opened, which the token itself does.
        let mut flash = Flash::<_, Blocking, FLASH_SIZE>::new_blocking(unsafe { FLASH::steal() });
        let _zeros_then = flash.blocking_unique_id(&mut id);
        id
    }
}
