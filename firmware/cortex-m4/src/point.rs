//! Points of the curve other than infinity, and what is done with public ones.

use keyfob_crypto::{BadKey, PublicKey, Signature};
use p256_cm4::{octet_string_to_point, point_to_octet_string_compressed, point_to_octet_string_uncompressed, verify};

use crate::scalar::{Words, reduced, words, write};

/// A point of the curve other than infinity.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: Words,
    pub(crate) y: Words,
}

impl Point {
    /// Decodes a compressed point (SEC 1 §2.3.4).
    pub(crate) fn decode(key: &PublicKey) -> Result<Self, BadKey> {
        if !matches!(key.0, [0x02 | 0x03, ..]) {
            return Err(BadKey);
        }
        Self::decode_any(&key.0)
    }

    /// Decodes `0x04 ‖ x ‖ y`.
    pub(crate) fn decode_uncompressed(point: &[u8; 65]) -> Result<Self, BadKey> {
        // Below, hybrid forms of this length would be taken as well.
        if !matches!(point, [0x04, ..]) {
            return Err(BadKey);
        }
        Self::decode_any(point)
    }

    fn decode_any(bytes: &[u8]) -> Result<Self, BadKey> {
        let mut point = Self { x: [0; 8], y: [0; 8] };
        if octet_string_to_point(&mut point.x, &mut point.y, bytes) { Ok(point) } else { Err(BadKey) }
    }

    pub(crate) fn encode(&self) -> PublicKey {
        let mut key = PublicKey([0; 33]);
        point_to_octet_string_compressed(&mut key.0, &self.x, &self.y);
        key
    }

    pub(crate) fn encode_uncompressed(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        point_to_octet_string_uncompressed(&mut bytes, &self.x, &self.y);
        bytes
    }

    /// Tells whether a signature is this key's for a digest (FIPS 186-5 §6.4.2). The ranges of `r` and `s` are checked
    /// in it.
    pub(crate) fn verifies(&self, digest: &[u8; 32], signature: &Signature) -> bool {
        let ([r, s], []) = signature.0.as_chunks() else {
            return false;
        };
        let mut digest_below_order = [0; 32];
        write(&reduced(&words(digest)), &mut digest_below_order);
        verify(&self.x, &self.y, &digest_below_order, &words(r), &words(s))
    }
}
