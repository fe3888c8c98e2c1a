//! SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869).

mod hmac;

use core::slice::from_ref;

use sha2::block_api::compress256;
use zeroize::{Zeroize, ZeroizeOnDrop, optimization_barrier};

use crate::Secret;
use hmac::Keyed;

/// Hashes the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.close()
}

/// SHA-256 of bytes that come piece by piece.
///
/// Written here around the library's compression function, because its buffers, which are of any size and for any
/// hash, take a third as many instructions again on a small core.
///
/// # Security
/// The state and what is buffered are overwritten when it is dropped.
#[derive(Clone)]
pub struct Sha256 {
    state: [u32; 8],
    /// The front of the next block, as many bytes as `length` has above whole blocks.
    block: [u8; BLOCK],
    length: u64,
}

impl Sha256 {
    /// Starts with no bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::after(INITIAL, 0)
    }

    /// Goes on after `length` bytes, whole blocks, that led to `state`.
    fn after(state: [u32; 8], length: u64) -> Self {
        Self { state, block: [0; BLOCK], length }
    }

    /// Appends `bytes` to what is hashed.
    pub fn update(&mut self, bytes: &[u8]) {
        let filled = self.filled();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        let mut rest = bytes;
        if filled > 0 {
            let room = self.block.get_mut(filled..).unwrap_or_default();
            fill_front(room, rest);
            let Some(behind) = rest.get(room.len()..) else { return };
            compress256(&mut self.state, from_ref(&self.block));
            rest = behind;
        }
        let (blocks, tail) = rest.as_chunks();
        compress256(&mut self.state, blocks);
        fill_front(&mut self.block, tail);
    }

    /// Gives the digest of everything so far.
    #[must_use]
    pub fn finish(mut self) -> [u8; 32] {
        self.close()
    }

    /// Pads and gives the digest (FIPS 180-4 §5.1.1); nothing may be appended after that.
    fn close(&mut self) -> [u8; 32] {
        let bits = self.length.wrapping_mul(8);
        let filled = self.filled();
        let room = self.block.get_mut(filled..).unwrap_or_default();
        room.fill(0);
        if let Some(first) = room.first_mut() {
            *first = 0x80;
        }
        if room.len() <= size_of_val(&bits) {
            compress256(&mut self.state, from_ref(&self.block));
            self.block = [0; BLOCK];
        }
        if let Some(end) = self.block.last_chunk_mut() {
            *end = bits.to_be_bytes();
        }
        compress256(&mut self.state, from_ref(&self.block));
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        digest
    }

    fn filled(&self) -> usize {
        (self.length % BLOCK as u64) as usize
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Sha256 {
    fn drop(&mut self) {
        self.state.zeroize();
        // As a whole: byte by byte would take as long as a tenth of a block's compression.
        self.block = [0; BLOCK];
        optimization_barrier(&self.block);
    }
}

impl ZeroizeOnDrop for Sha256 {}

/// Authenticates the concatenation of `parts` under a key of any length.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Secret<32> {
    Keyed::new(key).authenticate(parts)
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
    keyed: Keyed,
    previous: Option<Secret<32>>,
    counter: u8,
}

impl Blocks {
    fn new(prk: &Secret<32>) -> Self {
        Self { keyed: Keyed::new(prk.expose()), previous: None, counter: 0 }
    }

    fn next(&mut self, info: &[&[u8]]) -> Secret<32> {
        let mut inner = self.keyed.begin();
        if let Some(previous) = &self.previous {
            inner.update(previous.expose());
        }
        for part in info {
            inner.update(part);
        }
        self.counter = self.counter.wrapping_add(1);
        inner.update(&[self.counter]);
        let block = self.keyed.end(inner);
        self.previous = Some(block.clone());
        block
    }
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

/// The state before the first block (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

#[cfg(test)]
mod tests;
