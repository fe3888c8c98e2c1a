//! The true random number generator (RP2350 datasheet §12.12), its own conditioning and tests switched off: ours see
//! what the noise is.

use embassy_rp::otp;
use embassy_rp::pac::TRNG;
use keyfob_entropy::{Failure, Noise, NoiseFailed};
use keyfob_firmware::Source;

/// The generator gives 192 bits at a time, sampled off a ring oscillator. A quarter of a bit is counted for each.
pub(crate) struct Trng {
    words: [u32; 6],
    /// How many bits are left.
    left: usize,
}

/// Cycles between two samples.
const APART: u32 = 100;
/// How often it is looked whether a block is there: many times what one takes.
const PATIENCE: u32 = 1_000_000;
const BLOCK: usize = 192;

impl Trng {
    /// Has the next block made.
    fn refill(&mut self) -> Result<(), NoiseFailed> {
        TRNG.rnd_source_enable().write(|w| w.set_rnd_src_en(true));
        let is_there = (0..PATIENCE).any(|_| TRNG.trng_valid().read().ehr_valid());
        if !is_there {
            return Err(NoiseFailed);
        }
        let registers = [
            TRNG.ehr_data0(),
            TRNG.ehr_data1(),
            TRNG.ehr_data2(),
            TRNG.ehr_data3(),
            TRNG.ehr_data4(),
            // Reading the last one clears them and begins the next block.
            TRNG.ehr_data5(),
        ];
        self.words = registers.map(|register| register.read());
        self.left = BLOCK;
        Ok(())
    }
}

impl Noise for Trng {
    const BITS: u32 = 1;
    const MIN_ENTROPY: u32 = 64;

    fn sample(&mut self) -> Result<u8, NoiseFailed> {
        if self.left == 0 {
            self.refill()?;
        }
        self.left -= 1;
        let word = self.words.get(self.left / 32).copied().unwrap_or_default();
        Ok(u8::from(word >> (self.left % 32) & 1 != 0))
    }

    /// The light says so until the watchdog starts the board again, which tests the source anew.
    fn halt(&mut self, _: Failure) -> ! {
        crate::LAMP.fail();
        loop {
            cortex_m::asm::wfi();
        }
    }
}

impl Source for Trng {
    fn open() -> Self {
        TRNG.trng_sw_reset().write(|w| w.set_trng_sw_reset(true));
        // A read is the delay that a reset needs.
        let _reset = TRNG.trng_sw_reset().read();
        TRNG.trng_config().write(|w| w.set_rnd_src_sel(0));
        TRNG.sample_cnt1().write_value(APART);
        TRNG.trng_debug_control().write(|w| {
            w.set_auto_correlate_bypass(true);
            w.set_trng_crngt_bypass(true);
            w.set_vnc_bypass(true);
        });
        Self { words: [0; 6], left: 0 }
    }

    /// The chip's number, from its OTP memory; zeros if that can't be read.
    fn unique_id(&mut self) -> [u8; 8] {
        otp::get_chipid().map(u64::to_be_bytes).unwrap_or_default()
    }
}
