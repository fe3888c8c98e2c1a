//! The cold open: from INIT to a session in which a first request has been answered.

use std::hint::black_box;

use keyfob_crypto::{AgreementKey, Crypto, P256Agreement, P256Signing, RustCrypto, SigningKey};
use keyfob_issuing::OsEntropy;
use keyfob_wire::body::Request;

use crate::stand::{Pair, Stand};
use crate::workload::{Failure, Work};

/// An open, both sides, through 64-byte reports.
pub(crate) fn ours() -> Result<Work, Failure> {
    of(Stand::new(1, 4)?.pair()?)
}

/// The same with a given token. The session is closed again, or the next run would meet a fuller token.
pub(crate) fn of(mut pair: Pair) -> Result<Work, Failure> {
    Ok(Box::new(move || {
        pair.open()?;
        pair.ask(&Request::Logout, |_| ())
    }))
}

/// The least that it could cost: on each side a key, three agreements and the verification of one certificate.
pub(crate) fn floor() -> Result<Work, Failure> {
    let peer = P256Agreement::generate(&mut OsEntropy).public();
    let digest = [7; 32];
    let signer = P256Signing::generate(&mut OsEntropy);
    let (key, signature) = (signer.public(), signer.sign_digest(&digest, &mut OsEntropy)?);
    Ok(Box::new(move || {
        for _side in 0..2 {
            let ephemeral = P256Agreement::generate(&mut OsEntropy);
            for _ in 0..3 {
                black_box(ephemeral.agree(black_box(&peer))?);
            }
            RustCrypto::verify_digest(black_box(&key), &digest, &signature)?;
        }
        Ok(())
    }))
}
