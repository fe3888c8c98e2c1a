//! The Crypto trait, secret types, the RustCrypto implementation, HPKE.
//!
//! Everything above this crate is generic over [`Crypto`], so that a board can put its own P-256
//! and AES in place of [`RustCrypto`]. SHA-256, HMAC and HKDF are plain functions, and HPKE is
//! written once on top of the trait. Nothing here needs a heap.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(test)]
extern crate std;

mod entropy;
mod hash;
pub mod hpke;
mod key;
mod nonce;
mod rustcrypto;
mod secret;

pub use entropy::Entropy;
pub use hash::{Sha256, hkdf_sha256, hmac_sha256, noise_hkdf, sha256};
pub use hpke::HpkeError;
pub use key::{
    AeadKey, AgreementKey, BadKey, BadSignature, Crypto, OpenFailed, PublicKey, Signature, SigningFailed, SigningKey,
};
pub use nonce::Nonces;
pub use rustcrypto::{Aes256Gcm, P256Agreement, P256Signing, RustCrypto};
pub use secret::Secret;
