//! HPKE (RFC 9180), base mode, single shot: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
//!
//! Written here because it has to work on any [`Crypto`]'s keys and without a heap.

use thiserror::Error;

use crate::hash::{expand, hmac_sha256};
use crate::{AeadKey, AgreementKey, BadKey, Crypto, Entropy, OpenFailed, PublicKey, Secret};

/// Why something sealed with HPKE couldn't be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum HpkeError {
    /// The encapsulated key is not an uncompressed point of the curve.
    #[error("the encapsulated key is not valid")]
    BadKey(#[from] BadKey),
    /// It was altered, or sealed to another key, `info` or `aad`.
    #[error("the sealed data is not authentic")]
    OpenFailed(#[from] OpenFailed),
}

/// Encrypts `data` in place to `recipient`, and gives the encapsulated key and the tag
/// (RFC 9180 §6.1, `SealBase`).
///
/// # Errors
/// [`BadKey`] if `recipient` isn't a point of the curve; `data` is then as it was.
pub fn seal<C: Crypto>(
    recipient: &PublicKey,
    info: &[u8],
    aad: &[u8],
    data: &mut [u8],
    entropy: &mut (impl Entropy + ?Sized),
) -> Result<([u8; 65], [u8; 16]), BadKey> {
    let ephemeral = C::Agreement::generate(entropy);
    seal_with::<C>(&ephemeral, recipient, info, aad, data)
}

/// Decrypts in place what was sealed to `key` (RFC 9180 §6.1, `OpenBase`).
///
/// # Errors
/// [`HpkeError`] if it can't be; `data` then holds nothing of a plaintext.
pub fn open<C: Crypto>(
    key: &C::Agreement,
    enc: &[u8; 65],
    info: &[u8],
    aad: &[u8],
    data: &mut [u8],
    tag: &[u8; 16],
) -> Result<(), HpkeError> {
    let dh = key.agree(&C::compress(enc)?)?;
    let recipient = C::decompress(&key.public())?;
    let shared = shared_secret(&dh, enc, &recipient);
    let schedule = KeySchedule::new(SUITE, &shared, info);
    C::Aead::new(&schedule.key()).open(schedule.base_nonce().expose(), aad, data, tag)?;
    Ok(())
}

fn seal_with<C: Crypto>(
    ephemeral: &C::Agreement,
    recipient: &PublicKey,
    info: &[u8],
    aad: &[u8],
    data: &mut [u8],
) -> Result<([u8; 65], [u8; 16]), BadKey> {
    let dh = ephemeral.agree(recipient)?;
    let enc = C::decompress(&ephemeral.public())?;
    let shared = shared_secret(&dh, &enc, &C::decompress(recipient)?);
    let schedule = KeySchedule::new(SUITE, &shared, info);
    let tag = C::Aead::new(&schedule.key()).seal(schedule.base_nonce().expose(), aad, data);
    Ok((enc, tag))
}

/// `ExtractAndExpand` of the KEM (RFC 9180 §4.1).
fn shared_secret(dh: &Secret<32>, enc: &[u8; 65], recipient: &[u8; 65]) -> Secret<32> {
    let prk = labeled_extract(KEM_SUITE, &[], b"eae_prk", dh.expose());
    labeled_expand(KEM_SUITE, &prk, b"shared_secret", [enc, recipient, &[]])
}

/// `KeySchedule` of base mode, up to its last expansions (RFC 9180 §5.1).
struct KeySchedule<'a> {
    suite: &'a [u8],
    psk_id_hash: Secret<32>,
    info_hash: Secret<32>,
    secret: Secret<32>,
}

impl<'a> KeySchedule<'a> {
    fn new(suite: &'a [u8], shared: &Secret<32>, info: &[u8]) -> Self {
        Self {
            suite,
            psk_id_hash: labeled_extract(suite, &[], b"psk_id_hash", &[]),
            info_hash: labeled_extract(suite, &[], b"info_hash", info),
            secret: labeled_extract(suite, shared.expose(), b"secret", &[]),
        }
    }

    fn key(&self) -> Secret<32> {
        self.expand(b"key")
    }

    /// The nonce of the first message, so of the only one.
    fn base_nonce(&self) -> Secret<12> {
        self.expand(b"base_nonce")
    }

    fn expand<const N: usize>(&self, label: &[u8]) -> Secret<N> {
        let context: [&[u8]; 3] = [&[MODE_BASE], self.psk_id_hash.expose(), self.info_hash.expose()];
        labeled_expand(self.suite, &self.secret, label, context)
    }
}

/// `LabeledExtract` (RFC 9180 §4).
fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Secret<32> {
    hmac_sha256(salt, &[VERSION, suite, label, ikm])
}

/// `LabeledExpand` (RFC 9180 §4), with `info` in three parts.
fn labeled_expand<const N: usize>(suite: &[u8], prk: &Secret<32>, label: &[u8], info: [&[u8]; 3]) -> Secret<N> {
    const { assert!(N <= 0xff) }
    let [.., length] = N.to_be_bytes();
    let [first, second, third] = info;
    let mut out = Secret::zero();
    expand(prk, &[&[0, length], VERSION, suite, label, first, second, third], out.expose_mut());
    out
}

const VERSION: &[u8] = b"HPKE-v1";
const MODE_BASE: u8 = 0;

/// DHKEM(P-256, HKDF-SHA256) is 0x0010 (RFC 9180 §7.1).
const KEM_SUITE: &[u8] = b"KEM\x00\x10";

/// The KEM, HKDF-SHA256 is 0x0001 (§7.2), AES-256-GCM is 0x0002 (§7.3).
const SUITE: &[u8] = b"HPKE\x00\x10\x00\x01\x00\x02";

#[cfg(test)]
mod tests;
