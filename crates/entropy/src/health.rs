//! The health tests that every sample goes through. SP 800-90B, §4.4.

use core::marker::PhantomData;

use crate::cutoff::{proportion_cutoff, repetition_cutoff, window};
use crate::{Failure, Noise};

/// A good source fails a test with a probability of 2^-30 (SP 800-90B §4.4 has 2^-20 to 2^-40).
pub const FALSE_ALARM: u32 = 30;
/// How many samples are tested, and not used, before the first one is (SP 800-90B §4.3).
pub const STARTUP_SAMPLES: u32 = 1_024;

/// The repetition count test and the adaptive proportion test, over the samples of a source.
pub struct HealthTests<N> {
    /// The last sample, and how often it came in a row.
    last: (u8, u32),
    /// The window's first sample, and how often it came.
    first: (u8, u32),
    /// How many samples of the window there were.
    seen: u32,
    source: PhantomData<N>,
}

impl<N: Noise> HealthTests<N> {
    /// From so many equal samples in a row on, the source is taken for stuck.
    pub const REPETITION: u32 = {
        assert!(N::BITS >= 1 && N::BITS <= 8);
        assert!(N::MIN_ENTROPY >= 1 && N::MIN_ENTROPY <= 256 * N::BITS);
        repetition_cutoff(N::MIN_ENTROPY, FALSE_ALARM)
    };
    /// A window's length.
    pub const WINDOW: u32 = window(N::BITS);
    /// From so many of one sample in a window on, the source is taken for biased.
    pub const PROPORTION: u32 = proportion_cutoff(N::MIN_ENTROPY, Self::WINDOW, FALSE_ALARM);

    /// Before the first sample.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: (0, 0), first: (0, 0), seen: 0, source: PhantomData }
    }

    /// Takes a sample in.
    ///
    /// # Errors
    /// The test that it fails. The tests mustn't go on then, but begin anew.
    pub fn check(&mut self, sample: u8) -> Result<(), Failure> {
        let (last, repeated) = &mut self.last;
        if *repeated > 0 && *last == sample {
            *repeated = repeated.saturating_add(1);
        } else {
            (*last, *repeated) = (sample, 1);
        }
        if *repeated >= Self::REPETITION {
            return Err(Failure::Repetition);
        }
        let (first, counted) = &mut self.first;
        if self.seen == 0 {
            (*first, *counted) = (sample, 0);
        }
        if *first == sample {
            *counted = counted.saturating_add(1);
        }
        self.seen = self.seen.saturating_add(1);
        if self.seen == Self::WINDOW {
            self.seen = 0;
        }
        if *counted >= Self::PROPORTION { Err(Failure::Proportion) } else { Ok(()) }
    }
}

impl<N: Noise> Default for HealthTests<N> {
    fn default() -> Self {
        Self::new()
    }
}
