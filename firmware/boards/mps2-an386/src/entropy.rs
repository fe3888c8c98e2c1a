//! Randomness from a seed that the tester sends, so that a run can be repeated.

use keyfob_crypto::{Entropy, Secret, sha256};

/// SHA-256 of the seed and a number, one after the other.
pub struct Seeded {
    seed: Secret<32>,
    blocks: u64,
}

impl Seeded {
    pub(crate) const fn new(seed: [u8; 32]) -> Self {
        Self { seed: Secret::new(seed), blocks: 0 }
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = sha256(&[self.seed.expose(), &self.blocks.to_be_bytes()]);
            self.blocks += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
