//! Randomness from a seed that the tester sends, so that a run can be repeated.

use core::sync::atomic::{AtomicU32, Ordering};

use keyfob_crypto::{Entropy, sha256};

/// SHA-256 of the seed and a number, one after the other.
pub struct Seeded {
    blocks: u32,
}

impl Seeded {
    pub(crate) const fn new() -> Self {
        Self { blocks: 0 }
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(4).zip(&SEED) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        for chunk in out.chunks_mut(32) {
            let block = sha256(&[&seed, &self.blocks.to_be_bytes()]);
            self.blocks += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// Sets the seed, before the token has its power.
pub(crate) fn seed(bytes: &[u8; 32]) {
    for (bytes, word) in bytes.as_chunks().0.iter().zip(&SEED) {
        word.store(u32::from_le_bytes(*bytes), Ordering::Relaxed);
    }
}

/// The token, which has its board within it, is there before the seed is.
static SEED: [AtomicU32; 8] = [const { AtomicU32::new(0) }; 8];
