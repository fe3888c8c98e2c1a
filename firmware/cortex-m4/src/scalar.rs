//! Numbers modulo the order of the group, as eight words, the least significant first.

use keyfob_crypto::{BadKey, Secret};
use p256_cm4::check_range_n;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A number below 2^256.
pub(crate) type Words = [u32; 8];

/// A secret number from 1 to n − 1, overwritten when dropped.
pub(crate) struct Scalar(Words);

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Scalar {}

impl Scalar {
    /// Reads 32 bytes, big-endian.
    pub(crate) fn decode(secret: &Secret<32>) -> Result<Self, BadKey> {
        let scalar = Self(words(secret.expose()));
        if check_range_n(&scalar.0) { Ok(scalar) } else { Err(BadKey) }
    }

    /// Gives 32 bytes, big-endian.
    pub(crate) fn encode(&self) -> Secret<32> {
        let mut secret = Secret::zero();
        write(&self.0, secret.expose_mut());
        secret
    }

    pub(crate) fn words(&self) -> &Words {
        &self.0
    }
}

/// Reads a number, big-endian.
pub(crate) fn words(bytes: &[u8; 32]) -> Words {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(bytes.rchunks_exact(4)) {
        for byte in bytes {
            *word = *word << 8 | u32::from(*byte);
        }
    }
    words
}

/// Writes a number, big-endian.
pub(crate) fn write(words: &Words, out: &mut [u8; 32]) {
    for (word, out) in words.iter().zip(out.rchunks_exact_mut(4)) {
        out.copy_from_slice(&word.to_be_bytes());
    }
}

/// Brings a number below 2^256 below n.
pub(crate) fn reduced(number: &Words) -> Words {
    let (less, was_below) = subtract(number, &ORDER);
    // The order is more than half of 2^256: once is enough. No branch depends on the number.
    let mask = u32::from(was_below).wrapping_neg();
    let mut reduced = less;
    for (word, number) in reduced.iter_mut().zip(number) {
        *word = *word & !mask | *number & mask;
    }
    reduced
}

/// Takes a number below n from n.
pub(crate) fn negated(number: &Words) -> Words {
    subtract(&ORDER, number).0
}

/// Subtracts modulo 2^256; tells whether the difference is below zero.
fn subtract(from: &Words, number: &Words) -> (Words, bool) {
    let mut difference = [0; 8];
    let mut borrow = false;
    for (out, (a, b)) in difference.iter_mut().zip(from.iter().zip(number)) {
        let (part, first) = a.overflowing_sub(*b);
        let (part, second) = part.overflowing_sub(u32::from(borrow));
        *out = part;
        borrow = first | second;
    }
    (difference, borrow)
}

/// The order n of the group (SP 800-186 §3.2.1.3).
const ORDER: Words =
    [0xfc63_2551, 0xf3b9_cac2, 0xa717_9e84, 0xbce6_faad, 0xffff_ffff, 0xffff_ffff, 0x0000_0000, 0xffff_ffff];
