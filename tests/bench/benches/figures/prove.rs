//! A decision that the token signs for somebody else.

use std::hint::black_box;

use keyfob_crypto::{P256Signing, SigningKey};
use keyfob_issuing::OsEntropy;
use keyfob_wire::body::{ProveRequest, Request};

use crate::stand::{FEATURE, Stand, TODAY};
use crate::workload::{Failure, Work};

/// A proof, both sides, through 64-byte reports; the audience's verification isn't in it.
pub(crate) fn ours() -> Result<Work, Failure> {
    let mut pair = Stand::new(1, 4)?.pair()?;
    Ok(Box::new(move || {
        let asked =
            ProveRequest { audience: "licence server", nonce: &[7; 16], context: &[], feature: FEATURE, time: TODAY };
        match pair.ask(&Request::Prove(asked), |answer| answer.starts_with(&[0, 0]))? {
            true => Ok(()),
            false => Err("the proof is refused".into()),
        }
    }))
}

/// The least that it could cost: a signature by a key that is loaded, which is verified before it is released.
pub(crate) fn floor() -> Result<Work, Failure> {
    let key = P256Signing::generate(&mut OsEntropy);
    Ok(Box::new(move || {
        black_box(key.sign_digest(black_box(&[7; 32]), &mut OsEntropy)?);
        Ok(())
    }))
}
