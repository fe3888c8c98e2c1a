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

/// Derives Noise's HKDF with `N` outputs, of which Noise uses two or three (Noise §4.3).
#[must_use]
pub fn noise_hkdf<const N: usize>(ck: &Secret<32>, ikm: &[u8]) -> [Secret<32>; N] {
    let mut blocks = Blocks::new(&hmac_sha256(ck.expose(), &[ikm]));
    core::array::from_fn(|_| blocks.next(&[]))
}

/// Expands `prk` into at most [`EXPAND_MAX`] bytes; what is longer stays as it was.
pub(crate) fn expand(prk: &Secret<32>, info: &[&[u8]], out: &mut [u8]) {
    let mut blocks = Blocks::new(prk);
    for chunk in out.chunks_mut(32).take(BLOCKS_MAX) {
        fill_front(chunk, blocks.next(info).expose());
    }
}

/// The blocks of HKDF's expansion, one after the other.
struct Blocks {
    /// Each is authenticated under the same key, which is taken in once.
    keyed: Hmac<sha2::Sha256>,
    previous: Option<Secret<32>>,
    counter: u8,
}

impl Blocks {
    fn new(prk: &Secret<32>) -> Self {
        Self { keyed: keyed(prk.expose()), previous: None, counter: 0 }
    }

    fn next(&mut self, info: &[&[u8]]) -> Secret<32> {
        let mut mac = self.keyed.clone();
        if let Some(previous) = &self.previous {
            mac.update(previous.expose());
        }
        for part in info {
            mac.update(part);
        }
        self.counter = self.counter.wrapping_add(1);
        mac.update(&[self.counter]);
        let block = finish(mac);
        self.previous = Some(block.clone());
        block
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
const EXPAND_MAX: usize = BLOCKS_MAX * 32;
const BLOCKS_MAX: usize = 255;

/// The size of a block of SHA-256.
const BLOCK: usize = 64;

#[cfg(test)]
mod tests;
