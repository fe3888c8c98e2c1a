//! The chip's random number generator (nRF52840 product specification §6.19), without its bias correction: the health
//! tests see what the noise is.

use core::mem::ManuallyDrop;

use embassy_nrf::mode::Blocking;
use embassy_nrf::pac::FICR;
use embassy_nrf::peripherals::RNG;
use embassy_nrf::rng::Rng;
use keyfob_entropy::{Failure, Noise, NoiseFailed};
use keyfob_firmware::Source;

/// The generator. Nordic states no entropy for uncorrected bytes; a quarter of their bits is counted.
/// It is for ever: what would stop it needn't be in the image.
pub(crate) struct Generator(ManuallyDrop<Rng<'static, Blocking>>);

impl Noise for Generator {
    const BITS: u32 = 8;
    const MIN_ENTROPY: u32 = 512;

    fn sample(&mut self) -> Result<u8, NoiseFailed> {
        let mut byte = [0];
        self.0.blocking_fill_bytes(&mut byte);
        Ok(byte[0])
    }

    /// The light says so until the watchdog starts the board again, which tests the source anew.
    fn halt(&mut self, _: Failure) -> ! {
        crate::LAMP.fail();
        loop {
            cortex_m::asm::wfi();
        }
    }
}

impl Source for Generator {
    fn open() -> Self {
        // SAFETY: `main` leaves the peripheral alone, and the token opens its source once.
        let generator = Rng::new_blocking(unsafe { RNG::steal() });
        generator.set_bias_correction(false);
        Self(ManuallyDrop::new(generator))
    }

    fn unique_id(&mut self) -> [u8; 8] {
        let [a, b, c, d] = FICR.deviceid(0).read().to_be_bytes();
        let [e, f, g, h] = FICR.deviceid(1).read().to_be_bytes();
        [a, b, c, d, e, f, g, h]
    }
}
