//! P-256 in the Cortex-M4's assembly, behind the `Crypto` trait: for that, and for a Cortex-M33 that has the DSP
//! extension.
//!
//! Field and curve are the crate `p256-cm4`'s, a translation of Emil Lenngren's P256-Cortex-M4. What is here is what
//! ECDSA, ECDH and SEC 1 ask for around them: ranges, nonces, the lower half of the order, verification before a
//! signature is released, and overwriting. AES-256-GCM stays RustCrypto's.
//!
//! # Security
//! The assembly takes the same number of instructions whatever a secret is, but for the scalars 2 and n − 2. It reads
//! tables at places that a secret decides; all of them lie in RAM, where no board that this is for has a cache. Nobody
//! has assessed power or emission.
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agreement;
mod point;
mod scalar;
mod signing;
mod stack;

use keyfob_crypto::{Aes256Gcm, BadKey, BadSignature, Crypto, PublicKey, Signature};

pub use agreement::Agreement;
pub use signing::Signing;

use point::Point;

/// Cryptography on a Cortex-M4, or what has its instructions.
#[derive(Clone, Copy, Debug)]
pub struct CortexM4;

impl Crypto for CortexM4 {
    type Agreement = Agreement;
    type Signing = Signing;
    type Aead = Aes256Gcm;

    fn verify_digest(key: &PublicKey, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature> {
        let point = Point::decode(key).map_err(|_| BadSignature)?;
        if point.verifies(digest, signature) { Ok(()) } else { Err(BadSignature) }
    }

    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey> {
        Point::decode_uncompressed(point).map(|point| point.encode())
    }

    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey> {
        Point::decode(key).map(|point| point.encode_uncompressed())
    }
}
