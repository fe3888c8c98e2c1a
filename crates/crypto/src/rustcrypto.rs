//! The traits on the RustCrypto crates: software everywhere, nothing assumed of the chip.

use aes_gcm::{AeadInOut, KeyInit};
use ecdsa::hazmat::sign_prehashed_rfc6979;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::elliptic_curve::sec1::ToSec1Point;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    AeadKey, AgreementKey, BadKey, BadSignature, Crypto, Entropy, OpenFailed, PublicKey, Secret, Signature,
    SigningFailed, SigningKey,
};

/// Cryptography in portable Rust.
#[derive(Clone, Copy, Debug)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    type Agreement = P256Agreement;
    type Signing = P256Signing;
    type Aead = Aes256Gcm;

    fn verify_digest(key: &PublicKey, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature> {
        let point = decode(key).map_err(|_| BadSignature)?;
        let signature = p256::ecdsa::Signature::from_slice(&signature.0).map_err(|_| BadSignature)?;
        p256::ecdsa::VerifyingKey::from(point).verify_prehash(digest, &signature).map_err(|_| BadSignature)
    }

    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey> {
        // Of this length only the uncompressed form is known there.
        let point = p256::PublicKey::from_sec1_bytes(point).map_err(|_| BadKey)?;
        Ok(encode(&point))
    }

    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey> {
        let point = decode(key)?.to_sec1_point(false);
        point.as_bytes().try_into().map_err(|_| BadKey)
    }
}

/// A Diffie-Hellman key with its public key worked out once.
pub struct P256Agreement {
    secret: p256::SecretKey,
    public: PublicKey,
}

impl AgreementKey for P256Agreement {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        // One in 2^32 random strings is no scalar.
        loop {
            if let Ok(key) = Self::from_secret(&Secret::random(entropy)) {
                return key;
            }
        }
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        let secret = p256::SecretKey::from_slice(secret.expose()).map_err(|_| BadKey)?;
        let public = encode(&secret.public_key());
        Ok(Self { secret, public })
    }

    fn to_secret(&self) -> Secret<32> {
        expose(self.secret.to_bytes())
    }

    fn public(&self) -> PublicKey {
        self.public
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, BadKey> {
        let shared = self.secret.diffie_hellman(&decode(peer)?);
        Ok(Secret::new((*shared.raw_secret_bytes()).into()))
    }
}

/// An ECDSA key with its public key at hand, as each signature is verified.
pub struct P256Signing {
    secret: p256::SecretKey,
    public: p256::ecdsa::VerifyingKey,
}

impl SigningKey for P256Signing {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        loop {
            if let Ok(key) = Self::from_secret(&Secret::random(entropy)) {
                return key;
            }
        }
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        let secret = p256::SecretKey::from_slice(secret.expose()).map_err(|_| BadKey)?;
        let public = secret.public_key().into();
        Ok(Self { secret, public })
    }

    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        let secret = p256::SecretKey::from_slice(secret.expose()).map_err(|_| BadKey)?;
        Ok(Self { secret, public: decode(public)?.into() })
    }

    fn to_secret(&self) -> Secret<32> {
        expose(self.secret.to_bytes())
    }

    fn public(&self) -> PublicKey {
        encode(&self.public.into())
    }

    fn sign_digest(
        &self,
        digest: &[u8; 32],
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Signature, SigningFailed> {
        // A scalar that was altered in memory since the key was loaded no longer belongs to the public key.
        let sign = || {
            let mut added = [0; 32];
            entropy.fill(&mut added);
            Some(self.sign_hedged(digest, &added))
        };
        first_verified(sign, |signature| self.public.verify_prehash(digest, signature).is_ok())
            .map(|signature| Signature(signature.to_bytes().into()))
    }
}

impl P256Signing {
    /// RFC 6979 with additional data (§3.6), `s` brought to the lower half.
    fn sign_hedged(&self, digest: &[u8; 32], added: &[u8]) -> p256::ecdsa::Signature {
        let scalar = Zeroizing::new(self.secret.to_nonzero_scalar());
        let (signature, _) = sign_prehashed_rfc6979::<p256::NistP256, sha2::Sha256>(&scalar, digest, added);
        signature.normalize_s()
    }
}

/// AES-256-GCM with its round keys and hash key expanded once.
pub struct Aes256Gcm(aes_gcm::Aes256Gcm);

impl AeadKey for Aes256Gcm {
    fn new(key: &Secret<32>) -> Self {
        Self(aes_gcm::Aes256Gcm::new(key.expose().into()))
    }

    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        let sealed = self.0.encrypt_inout_detached(nonce.into(), aad, (&mut *data).into());
        match sealed {
            Ok(tag) => tag.into(),
            // GCM ends at 64 GiB, more than a slice here ever has: no plaintext, no valid tag.
            Err(_) => {
                data.zeroize();
                [0; 16]
            }
        }
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), OpenFailed> {
        // The tag is compared before anything is decrypted.
        self.0.decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into()).map_err(|_| OpenFailed)
    }
}

/// Decodes a compressed point only: SEC 1's crate also knows a compact form of 33 bytes.
fn decode(key: &PublicKey) -> Result<p256::PublicKey, BadKey> {
    if !matches!(key.0, [0x02 | 0x03, ..]) {
        return Err(BadKey);
    }
    p256::PublicKey::from_sec1_bytes(&key.0).map_err(|_| BadKey)
}

fn encode(point: &p256::PublicKey) -> PublicKey {
    let compressed: p256::CompressedPoint = point.into();
    PublicKey(compressed.into())
}

fn expose(mut scalar: p256::FieldBytes) -> Secret<32> {
    let secret = Secret::new(*Zeroizing::new(scalar.into()));
    scalar.zeroize();
    secret
}

/// Gives the first of a few tries that verifies.
fn first_verified<T>(mut sign: impl FnMut() -> Option<T>, verify: impl Fn(&T) -> bool) -> Result<T, SigningFailed> {
    for _ in 0..SIGNING_TRIES {
        if let Some(signature) = sign().filter(&verify) {
            return Ok(signature);
        }
    }
    Err(SigningFailed)
}

/// A second try is for a passing glitch; who needs more is being attacked.
const SIGNING_TRIES: usize = 2;

#[cfg(test)]
mod tests;
