//! The traits on the RustCrypto crates: software everywhere, nothing assumed of the chip.

mod ecdsa;

use aes_gcm::{AeadInOut, KeyInit};
use p256::elliptic_curve::ff::PrimeField;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    AeadKey, AgreementKey, BadKey, BadSignature, Crypto, Entropy, Nonces, OpenFailed, PublicKey, Secret, Signature,
    SigningFailed, SigningKey,
};
use ecdsa::{decode, encode};

/// Cryptography in portable Rust.
#[derive(Clone, Copy, Debug)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    type Agreement = P256Agreement;
    type Signing = P256Signing;
    type Aead = Aes256Gcm;

    fn verify_digest(key: &PublicKey, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature> {
        let point = decode(key).map_err(|_| BadSignature)?;
        if ecdsa::verifies(&point, digest, signature) { Ok(()) } else { Err(BadSignature) }
    }

    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey> {
        ecdsa::decode_uncompressed(point).map(|point| encode(&point))
    }

    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey> {
        decode(key).map(|point| ecdsa::encode_uncompressed(&point))
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

    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        let secret = p256::SecretKey::from_slice(secret.expose()).map_err(|_| BadKey)?;
        Ok(Self { secret, public: *public })
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
    public: p256::PublicKey,
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
        let public = secret.public_key();
        Ok(Self { secret, public })
    }

    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        let secret = p256::SecretKey::from_slice(secret.expose()).map_err(|_| BadKey)?;
        Ok(Self { secret, public: decode(public)? })
    }

    fn to_secret(&self) -> Secret<32> {
        expose(self.secret.to_bytes())
    }

    fn public(&self) -> PublicKey {
        encode(&self.public)
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
        first_verified(sign, |signature| ecdsa::verifies(&self.public, digest, signature))
    }
}

impl P256Signing {
    /// RFC 6979 with additional data (§3.6), `s` brought to the lower half.
    fn sign_hedged(&self, digest: &[u8; 32], added: &[u8]) -> Signature {
        let scalar = Zeroizing::new(self.secret.to_nonzero_scalar());
        let digest = ecdsa::digest_below_order(digest);
        let mut nonces = Nonces::new(&self.to_secret(), &digest.to_repr().into(), added);
        loop {
            let nonce = ecdsa::nonce(&nonces.next_bytes());
            if let Some(signature) = nonce.and_then(|nonce| ecdsa::sign(&scalar, &nonce, &digest)) {
                return signature;
            }
        }
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
