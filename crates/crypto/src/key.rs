//! Keys, signatures, and the traits that a platform implements for them.

use thiserror::Error;

use crate::{Entropy, Secret, sha256};

/// A P-256 public key as a SEC 1 compressed point (SEC 1 §2.3.3).
///
/// The bytes may be anything; each operation that uses them as a point refuses those that aren't
/// one. [`check`](Self::check) does only that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PublicKey(pub [u8; 33]);

impl PublicKey {
    /// Hashes the 33 bytes: the *digest of a key* (specification §1).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[&self.0])
    }

    /// Gives the first 8 bytes of the digest: the *vendor hint* of a root key (specification §1).
    #[must_use]
    pub fn hint(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.digest();
        [a, b, c, d, e, f, g, h]
    }

    /// Checks that the bytes are a point of the curve other than infinity.
    ///
    /// # Errors
    /// [`BadKey`] if they aren't.
    pub fn check<C: Crypto>(&self) -> Result<(), BadKey> {
        C::decompress(self).map(|_| ())
    }

    /// Compresses `0x04 ‖ x ‖ y`.
    ///
    /// # Errors
    /// [`BadKey`] if it isn't a point of the curve in that form.
    pub fn from_uncompressed<C: Crypto>(point: &[u8; 65]) -> Result<Self, BadKey> {
        C::compress(point)
    }

    /// Gives the point as `0x04 ‖ x ‖ y`.
    ///
    /// # Errors
    /// [`BadKey`] if it isn't a point of the curve.
    pub fn to_uncompressed<C: Crypto>(&self) -> Result<[u8; 65], BadKey> {
        C::decompress(self)
    }
}

/// An ECDSA signature: `r ‖ s`, 32 bytes each (RFC 9053 §2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// Tells whether `s` is in the lower half of the order, as our signed things require.
    ///
    /// Says nothing about the range of `r` or whether `s` is zero; verifying does.
    #[must_use]
    pub fn is_low_s(&self) -> bool {
        let (_, s) = self.0.split_at(32);
        s <= HALF_ORDER.as_slice()
    }
}

/// A public key isn't a point, or a secret key isn't a scalar, of P-256.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not a valid P-256 key")]
pub struct BadKey;

/// A signature isn't that key's for that digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the signature is not valid")]
pub struct BadSignature;

/// Sealed data is not what was sealed under that key, nonce and associated data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the sealed data is not authentic")]
pub struct OpenFailed;

/// Signing kept giving signatures that don't verify, so none was released.
///
/// This happens only in faulty or attacked hardware; nothing may be repeated as if it were busy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("signing failed its own verification")]
pub struct SigningFailed;

/// A secret key for Diffie-Hellman on P-256 (SP 800-56A §5.7.1.2).
///
/// # Security
/// An implementation overwrites the key when it is dropped and takes time that doesn't depend on it.
pub trait AgreementKey: Sized {
    /// Makes a new key.
    #[must_use]
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self;

    /// Takes a key from its scalar, 32 bytes big-endian.
    ///
    /// # Errors
    /// [`BadKey`] for zero and for anything from the order upwards.
    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey>;

    /// Takes a key from its scalar and the public key that was worked out from it before: an implementation needn't do
    /// that again, which is as long as agreeing takes.
    ///
    /// # Errors
    /// [`BadKey`] for what is no scalar. That they don't belong together may show only when nobody can agree with it.
    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        let key = Self::from_secret(secret)?;
        if key.public() == *public { Ok(key) } else { Err(BadKey) }
    }

    /// Gives the scalar for safe keeping.
    #[must_use]
    fn to_secret(&self) -> Secret<32>;

    /// Gives the public key.
    #[must_use]
    fn public(&self) -> PublicKey;

    /// Gives the x-coordinate of the shared point.
    ///
    /// # Errors
    /// [`BadKey`] if `peer` isn't a point of the curve other than infinity.
    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, BadKey>;
}

/// A secret key for ECDSA on P-256 (FIPS 186-5 §6).
///
/// # Security
/// As for [`AgreementKey`].
pub trait SigningKey: Sized {
    /// Makes a new key.
    #[must_use]
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self;

    /// Takes a key from its scalar, 32 bytes big-endian.
    ///
    /// # Errors
    /// [`BadKey`] for zero and for anything from the order upwards.
    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey>;

    /// Takes a key from its scalar and the public key that was worked out from it before: an implementation needn't do
    /// that again, which is half of what a signature costs.
    ///
    /// # Errors
    /// [`BadKey`] for what is no scalar or no point. That they don't belong together may show only when nothing can be
    /// signed.
    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        let key = Self::from_secret(secret)?;
        if key.public() == *public { Ok(key) } else { Err(BadKey) }
    }

    /// Gives the scalar for safe keeping.
    #[must_use]
    fn to_secret(&self) -> Secret<32>;

    /// Gives the public key.
    #[must_use]
    fn public(&self) -> PublicKey;

    /// Signs the SHA-256 digest of a message; `s` is in the lower half of the order.
    ///
    /// # Errors
    /// [`SigningFailed`] if no signature came out that verifies.
    ///
    /// # Security
    /// The nonce comes from the key, the digest *and* fresh entropy (RFC 6979 §3.6), so neither a
    /// poor source nor a glitch during signing alone repeats it. A signature is verified before it
    /// is released, because a wrong one can give the key away.
    fn sign_digest(&self, digest: &[u8; 32], entropy: &mut (impl Entropy + ?Sized))
    -> Result<Signature, SigningFailed>;
}

/// A key of AES-256-GCM with 96-bit nonces and 128-bit tags (SP 800-38D).
///
/// # Security
/// An implementation overwrites whatever it expanded from the key when it is dropped.
pub trait AeadKey: Sized {
    /// Expands the key once for all calls.
    #[must_use]
    fn new(key: &Secret<32>) -> Self;

    /// Encrypts `data` in place and gives the tag.
    ///
    /// # Security
    /// A nonce must never be used twice with one key.
    #[must_use]
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16];

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// [`OpenFailed`] if anything was altered; `data` then holds the ciphertext or zeros, and
    /// nothing of a plaintext.
    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), OpenFailed>;
}

/// The cryptography of a platform.
pub trait Crypto: 'static {
    /// Its keys for Diffie-Hellman.
    type Agreement: AgreementKey;
    /// Its keys for signing.
    type Signing: SigningKey;
    /// Its keys for sealing.
    type Aead: AeadKey;

    /// Verifies a signature; either half of the order is accepted for `s`.
    ///
    /// # Errors
    /// [`BadSignature`] if the key isn't a point of the curve, `r` or `s` is out of range, or the
    /// signature isn't that key's for `digest`.
    fn verify_digest(key: &PublicKey, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature>;

    /// Compresses a point given as `0x04 ‖ x ‖ y`.
    ///
    /// # Errors
    /// [`BadKey`] if it isn't a point of the curve in that form.
    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey>;

    /// Gives a point as `0x04 ‖ x ‖ y`.
    ///
    /// # Errors
    /// [`BadKey`] if it isn't a point of the curve.
    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey>;
}

/// ⌊n/2⌋ for the order n of P-256's group (SP 800-186 §3.2.1.3).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d,
    0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator's digest as `sha256sum` gives it.
    #[test]
    fn hint_is_the_front_of_the_digest() {
        let generator = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let key = PublicKey(hex::decode(generator).unwrap().try_into().unwrap());
        assert_eq!(hex::encode(key.digest()), "5baff89de7de5c1d7b6193a1567ceeeb397cbda88f03f725c8de328591bfc194");
        assert_eq!(hex::encode(key.hint()), "5baff89de7de5c1d");
    }
}
