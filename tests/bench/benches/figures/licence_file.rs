//! A licence as others keep it: a file with an Ed25519 signature, and no token.

use std::hint::black_box;

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};

use crate::workload::{Failure, Work};

const LICENCE: &str = "product=900 feature=901 expires=1798761600";

/// Checks a licence that lies in memory: the signature, and the time.
pub(crate) fn verify() -> Result<Work, Failure> {
    let signer = SigningKey::from_bytes(&[0x42; 32]);
    let (key, signature) = (signer.verifying_key().to_bytes(), signer.sign(LICENCE.as_bytes()).to_bytes());
    Ok(Box::new(move || {
        let key = VerifyingKey::from_bytes(black_box(&key))?;
        key.verify(black_box(LICENCE).as_bytes(), &Signature::from_bytes(&signature))?;
        let (_, expires) = LICENCE.rsplit_once('=').ok_or("no expiry")?;
        if expires.parse::<u64>()? < black_box(1_796_083_200) {
            return Err("expired".into());
        }
        Ok(())
    }))
}
