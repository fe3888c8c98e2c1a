//! HMAC-SHA-256 (RFC 2104).

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{BLOCK, INITIAL, Sha256, compress256, sha256};
use crate::Secret;

/// A key that was taken in: the hash's states after its two pads.
pub(super) struct Keyed {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Keyed {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([INNER; BLOCK]);
        if key.len() > BLOCK {
            mix(&mut block, Zeroizing::new(sha256(&[key])).as_ref());
        } else {
            mix(&mut block, key);
        }
        let inner = after(&block);
        for byte in block.iter_mut() {
            *byte ^= INNER ^ OUTER;
        }
        Self { inner, outer: after(&block) }
    }

    pub(super) fn authenticate(&self, parts: &[&[u8]]) -> Secret<32> {
        let mut inner = self.begin();
        for part in parts {
            inner.update(part);
        }
        self.end(inner)
    }

    /// Gives the hash that takes in what is to be authenticated.
    pub(super) fn begin(&self) -> Sha256 {
        Sha256::after(self.inner, BLOCK as u64)
    }

    /// Gives the code of what `inner` has taken in.
    pub(super) fn end(&self, mut inner: Sha256) -> Secret<32> {
        let inner = Secret::new(inner.close());
        let mut outer = Sha256::after(self.outer, BLOCK as u64);
        outer.update(inner.expose());
        Secret::new(outer.close())
    }
}

impl Drop for Keyed {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl ZeroizeOnDrop for Keyed {}

/// The state after a first block.
fn after(block: &[u8; BLOCK]) -> [u32; 8] {
    let mut state = INITIAL;
    compress256(&mut state, core::slice::from_ref(block));
    state
}

fn mix(block: &mut [u8; BLOCK], key: &[u8]) {
    for (byte, key) in block.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// The bytes of the pads.
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;
