//! Randomness for a token: the operating system's, or the same every time.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use keyfob_crypto::Entropy;

/// What a deterministic token's randomness follows from.
///
/// # Security
/// Whoever knows the seed knows every key of the token, and starting twice from one seed repeats nonces. It is for
/// tests; nothing that such a token holds is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

/// The randomness of an emulated token.
pub struct EmulatedEntropy(Source);

enum Source {
    System,
    /// A key, a stream, and the next place in it. The generator is made anew each time: it would keep what it gave.
    Seeded {
        key: [u8; 32],
        stream: u64,
        place: u128,
    },
}

impl EmulatedEntropy {
    /// Takes from the operating system.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Takes from a seed: ChaCha20 with one stream for each power-up, so that two of them share no byte.
    #[must_use]
    pub fn seeded(seed: Seed, power_up: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.0.to_le_bytes());
        Self(Source::Seeded { key, stream: power_up, place: 0 })
    }
}

impl Entropy for EmulatedEntropy {
    /// # Panics
    /// If the operating system has no randomness: there is nothing sensible to go on with.
    fn fill(&mut self, out: &mut [u8]) {
        match &mut self.0 {
            Source::System => getrandom::fill(out).expect("the operating system gives randomness"),
            Source::Seeded { key, stream, place } => {
                let mut rng = ChaCha20Rng::from_seed(*key);
                rng.set_stream(*stream);
                rng.set_word_pos(*place);
                rng.fill_bytes(out);
                *place = rng.get_word_pos();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_bytes(mut entropy: EmulatedEntropy) -> [u8; 64] {
        let mut bytes = [0; 64];
        entropy.fill(&mut bytes);
        bytes
    }

    #[test]
    fn a_seed_gives_the_same_bytes_and_each_power_up_others() {
        let seeded = |seed, power_up| first_bytes(EmulatedEntropy::seeded(Seed(seed), power_up));
        assert_eq!(seeded(1, 1), seeded(1, 1));
        assert_ne!(seeded(1, 1), seeded(1, 2));
        assert_ne!(seeded(1, 1), seeded(2, 1));
    }

    #[test]
    fn the_system_gives_other_bytes_each_time() {
        assert_ne!(first_bytes(EmulatedEntropy::system()), first_bytes(EmulatedEntropy::system()));
    }
}
