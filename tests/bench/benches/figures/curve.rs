//! The two generations of the P-256 crate, each called as the protocol needs it: with compressed keys.

use std::hint::black_box;

use crate::workload::{Failure, Work};

const SECRET: [u8; 32] = [0x42; 32];
const DIGEST: [u8; 32] = [7; 32];

/// The operations by one generation of the crate, whose names differ.
macro_rules! generation {
    ($krate:ident, $generate:ident, $sign:ident, $verify:ident, $agree:ident) => {
        /// Makes the public key of a secret one.
        pub(crate) fn $generate() -> Result<Work, Failure> {
            Ok(Box::new(|| {
                let secret = $krate::SecretKey::from_slice(black_box(&SECRET))?;
                black_box($krate::CompressedPoint::from(&secret.public_key()));
                Ok(())
            }))
        }

        /// Signs a digest with a key that is loaded.
        pub(crate) fn $sign() -> Result<Work, Failure> {
            use $krate::ecdsa::signature::hazmat::PrehashSigner;
            let key = $krate::ecdsa::SigningKey::from_slice(&SECRET)?;
            Ok(Box::new(move || {
                let signature: $krate::ecdsa::Signature = key.sign_prehash(black_box(&DIGEST))?;
                black_box(signature);
                Ok(())
            }))
        }

        /// Verifies a signature by a compressed key.
        pub(crate) fn $verify() -> Result<Work, Failure> {
            use $krate::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            let key = $krate::ecdsa::SigningKey::from_slice(&SECRET)?;
            let signature: $krate::ecdsa::Signature = key.sign_prehash(&DIGEST)?;
            let public = $krate::CompressedPoint::from(&$krate::PublicKey::from(key.verifying_key()));
            Ok(Box::new(move || {
                let key = $krate::ecdsa::VerifyingKey::from_sec1_bytes(black_box(&public))?;
                Ok(key.verify_prehash(&DIGEST, &signature)?)
            }))
        }

        /// Agrees with a compressed key.
        pub(crate) fn $agree() -> Result<Work, Failure> {
            let key = $krate::SecretKey::from_slice(&SECRET)?;
            let peer = $krate::CompressedPoint::from(&$krate::SecretKey::from_slice(&DIGEST)?.public_key());
            Ok(Box::new(move || {
                let peer = $krate::PublicKey::from_sec1_bytes(black_box(&peer))?;
                black_box($krate::ecdh::diffie_hellman(key.to_nonzero_scalar(), peer.as_affine()));
                Ok(())
            }))
        }
    };
}

generation!(p256_13, generate_13, sign_13, verify_13, agree_13);
generation!(p256, generate_14, sign_14, verify_14, agree_14);
