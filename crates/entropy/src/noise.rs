//! What a board has that can't be predicted.

use thiserror::Error;

/// A board's noise source, sample by sample, before any processing of ours (SP 800-90B §2.2.1).
///
/// # Security
/// What the tests can find depends on [`MIN_ENTROPY`](Self::MIN_ENTROPY) being no more than what was assessed.
/// Samples that the hardware has already conditioned hide its failures from them: take the rawest that there are.
pub trait Noise {
    /// How many of a sample's low bits vary, 1 to 8.
    const BITS: u32;
    /// The min-entropy of a sample, in 1/256 bit: 1 to 256 × [`BITS`](Self::BITS).
    const MIN_ENTROPY: u32;

    /// Takes a sample.
    ///
    /// # Errors
    /// [`NoiseFailed`] if the hardware gives none.
    fn sample(&mut self) -> Result<u8, NoiseFailed>;

    /// Stops the board for good: its randomness is gone.
    fn halt(&mut self, failure: Failure) -> !;
}

/// The hardware gives no samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the noise source gives no samples")]
pub struct NoiseFailed;

/// What is wrong with a noise source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// It gives no samples.
    #[error("the noise source gives no samples")]
    Hardware,
    /// It repeats one sample: the repetition count test (SP 800-90B §4.4.1).
    #[error("the noise source repeats itself")]
    Repetition,
    /// It gives one sample too often: the adaptive proportion test (SP 800-90B §4.4.2).
    #[error("the noise source has lost entropy")]
    Proportion,
}

impl From<NoiseFailed> for Failure {
    fn from(NoiseFailed: NoiseFailed) -> Self {
        Self::Hardware
    }
}
