//! Nonces of signatures (RFC 6979 §3.2 and §3.6), hedged with fresh entropy.

use crate::{Secret, hmac_sha256};

/// The generator of nonces for one key, digest and entropy: HMAC_DRBG with SHA-256.
pub struct Nonces {
    key: Secret<32>,
    value: Secret<32>,
}

impl Nonces {
    /// Seeds it. The digest is one that was brought below the order: *bits2octets* in the RFC.
    #[must_use]
    pub fn new(secret: &Secret<32>, digest_below_order: &[u8; 32], added: &[u8]) -> Self {
        let mut nonces = Self { key: Secret::zero(), value: Secret::new([1; 32]) };
        let seed: [&[u8]; 3] = [secret.expose(), digest_below_order, added];
        nonces.update(0, seed);
        nonces.update(1, seed);
        nonces
    }

    /// Gives the next 32 bytes. One in 2^32 strings is no scalar, and the one after it is to be taken.
    pub fn next_bytes(&mut self) -> Secret<32> {
        let next = hmac_sha256(self.key.expose(), &[self.value.expose()]);
        self.value = Secret::new(*next.expose());
        self.update(0, [&[]; 3]);
        next
    }

    fn update(&mut self, number: u8, [first, second, third]: [&[u8]; 3]) {
        let (key, value) = (self.key.expose(), self.value.expose());
        self.key = hmac_sha256(key, &[value, &[number], first, second, third]);
        self.value = hmac_sha256(self.key.expose(), &[self.value.expose()]);
    }
}
