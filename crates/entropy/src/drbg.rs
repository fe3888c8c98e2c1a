//! HMAC_DRBG with SHA-256. SP 800-90A Rev. 1, §10.1.2.

use keyfob_crypto::{Secret, hmac_sha256};
use thiserror::Error;

/// How many requests a seed serves; SP 800-90A allows 2^48.
///
/// It is small because a source's tests see it only when it is used.
pub const RESEED_INTERVAL: u32 = 256;
/// The most bytes of one request (SP 800-90A §10.1, table 2).
const REQUEST_MAX: usize = 1 << 16;

/// A deterministic random bit generator of 256 bits of security strength.
///
/// # Security
/// Its state is overwritten when it is dropped. What was given before can't be worked out from it.
pub struct HmacDrbg {
    key: Secret<32>,
    value: Secret<32>,
    requests: u32,
}

/// The seed has served its requests, or so many bytes aren't given at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the generator needs a new seed")]
pub struct ReseedNeeded;

impl HmacDrbg {
    /// Instantiates it (SP 800-90A §10.1.2.3).
    ///
    /// # Security
    /// `entropy` and `nonce` need 256 and 128 bits of entropy; the personalisation string none.
    #[must_use]
    pub fn new(entropy: &[u8], nonce: &[u8], personalisation: &[u8]) -> Self {
        let mut drbg = Self { key: Secret::new([0; 32]), value: Secret::new([1; 32]), requests: 0 };
        drbg.update([entropy, nonce, personalisation]);
        drbg
    }

    /// Takes in a new seed (SP 800-90A §10.1.2.4).
    pub fn reseed(&mut self, entropy: &[u8], additional: &[u8]) {
        self.update([entropy, additional, &[]]);
        self.requests = 0;
    }

    /// Gives bytes (SP 800-90A §10.1.2.5).
    ///
    /// # Errors
    /// [`ReseedNeeded`] after [`RESEED_INTERVAL`] requests, and for more than 65,536 bytes.
    pub fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> Result<(), ReseedNeeded> {
        if self.requests >= RESEED_INTERVAL || out.len() > REQUEST_MAX {
            return Err(ReseedNeeded);
        }
        if !additional.is_empty() {
            self.update([additional, &[], &[]]);
        }
        for chunk in out.chunks_mut(32) {
            self.value = hmac_sha256(self.key.expose(), &[self.value.expose()]);
            chunk.iter_mut().zip(self.value.expose()).for_each(|(to, from)| *to = *from);
        }
        self.update([additional, &[], &[]]);
        self.requests = self.requests.saturating_add(1);
        Ok(())
    }

    /// HMAC_DRBG_Update (SP 800-90A §10.1.2.2).
    fn update(&mut self, provided: [&[u8]; 3]) {
        let [a, b, c] = provided;
        let rounds: &[u8] = if provided.iter().all(|part| part.is_empty()) { &[0] } else { &[0, 1] };
        for round in rounds {
            self.key = hmac_sha256(self.key.expose(), &[self.value.expose(), &[*round], a, b, c]);
            self.value = hmac_sha256(self.key.expose(), &[self.value.expose()]);
        }
    }
}
