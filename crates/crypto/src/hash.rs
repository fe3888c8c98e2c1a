//! SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Digest;
use zeroize::Zeroizing;

use crate::Secret;

/// Hashes the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finish()
}

/// SHA-256 of bytes that come piece by piece.
#[derive(Clone, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// Starts with no bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `bytes` to what is hashed.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Gives the digest of everything so far.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Authenticates the concatenation of `parts` under a key of any length.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Secret<32> {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    finish(mac)
}

/// Derives `N` bytes into `out` by HKDF-SHA-256's extract and expand (RFC 5869 §2).
///
/// More than the 8,160 bytes that HKDF can give don't compile:
///
/// ```
/// keyfob_crypto::hkdf_sha256(b"", b"key", b"", &mut [0; 8160]);
/// ```
/// ```compile_fail,E0080
/// keyfob_crypto::hkdf_sha256(b"", b"key", b"", &mut [0; 8161]);
/// ```
pub fn hkdf_sha256<const N: usize>(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8; N]) {
    const { assert!(N <= EXPAND_MAX) }
    let prk = hmac_sha256(salt, &[ikm]);
    expand(&prk, &[info], out);
}

/// Derives Noise's HKDF with three outputs (Noise §4.3); with two, the third is left unused.
#[must_use]
pub fn noise_hkdf(ck: &Secret<32>, ikm: &[u8]) -> (Secret<32>, Secret<32>, Secret<32>) {
    let temp = hmac_sha256(ck.expose(), &[ikm]);
    let first = hmac_sha256(temp.expose(), &[&[1]]);
    let second = hmac_sha256(temp.expose(), &[first.expose(), &[2]]);
    let third = hmac_sha256(temp.expose(), &[second.expose(), &[3]]);
    (first, second, third)
}

/// Expands `prk` into at most [`EXPAND_MAX`] bytes; what is longer stays as it was.
pub(crate) fn expand(prk: &Secret<32>, info: &[&[u8]], out: &mut [u8]) {
    let mut previous: Option<Secret<32>> = None;
    for (counter, chunk) in (1..=u8::MAX).zip(out.chunks_mut(32)) {
        let mut mac = keyed(prk.expose());
        if let Some(previous) = &previous {
            mac.update(previous.expose());
        }
        for part in info {
            mac.update(part);
        }
        mac.update(&[counter]);
        let block = finish(mac);
        fill_front(chunk, block.expose());
        previous = Some(block);
    }
}

fn keyed(key: &[u8]) -> Hmac<sha2::Sha256> {
    // Padding here, not in `new_from_slice`, leaves no error that can't happen.
    let mut block = Zeroizing::new([0; BLOCK]);
    if key.len() > BLOCK {
        let digest = Zeroizing::new(sha256(&[key]));
        fill_front(block.as_mut(), digest.as_ref());
    } else {
        fill_front(block.as_mut(), key);
    }
    Hmac::new((&*block).into())
}

fn finish(mac: Hmac<sha2::Sha256>) -> Secret<32> {
    Secret::new(mac.finalize().into_bytes().into())
}

/// Copies as many bytes as fit into the front of `to`.
fn fill_front(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// The longest output of HKDF-SHA-256: 255 digests.
const EXPAND_MAX: usize = 255 * 32;

/// The size of a block of SHA-256.
const BLOCK: usize = 64;

#[cfg(test)]
mod tests;
