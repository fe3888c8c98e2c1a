//! Everybody's keys, which follow from their names, and fixed numbers.

use keyfob_crypto::{AgreementKey, Entropy, P256Agreement, P256Signing, Secret, SigningKey, sha256};
use keyfob_wire::{PartitionId, Serial, UnixTime};

pub(crate) const SERIAL: Serial = Serial(*b"\x4b\x46\x01\x02\x03\x04\x05\x06");
pub(crate) const PARTITION: PartitionId = PartitionId(*b"\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8");
/// 1 December 2026.
pub(crate) const TIME: UnixTime = UnixTime(1_796_083_200);
pub(crate) const NONCE: [u8; 16] = *b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

/// Randomness that isn't: SHA-256 of a name and a counter.
pub(crate) struct Named(&'static str, u32);

impl Named {
    pub(crate) fn new(name: &'static str) -> Self {
        Self(name, 0)
    }
}

impl Entropy for Named {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = sha256(&[b"keyfob vectors ", self.0.as_bytes(), &self.1.to_be_bytes()]);
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.1 += 1;
        }
    }
}

pub(crate) fn secret(name: &'static str) -> Secret<32> {
    Secret::random(&mut Named::new(name))
}

pub(crate) fn signing(name: &'static str) -> P256Signing {
    P256Signing::from_secret(&secret(name)).expect("it is below the order")
}

pub(crate) fn agreement(name: &'static str) -> P256Agreement {
    P256Agreement::from_secret(&secret(name)).expect("it is below the order")
}
