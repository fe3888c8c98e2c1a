//! Resuming: a session was lost, and another follows from it without certificates.

use std::hint::black_box;

use keyfob_crypto::{AgreementKey, P256Agreement};
use keyfob_issuing::OsEntropy;

use crate::stand::Stand;
use crate::workload::{Failure, Work};

/// A resumption, both sides, through 64-byte reports.
pub(crate) fn ours() -> Result<Work, Failure> {
    let mut pair = Stand::new(1, 4)?.pair()?;
    Ok(Box::new(move || pair.resume()))
}

/// The least that it could cost: on each side a key and an agreement.
pub(crate) fn floor() -> Result<Work, Failure> {
    let peer = P256Agreement::generate(&mut OsEntropy).public();
    Ok(Box::new(move || {
        for _side in 0..2 {
            black_box(P256Agreement::generate(&mut OsEntropy).agree(black_box(&peer))?);
        }
        Ok(())
    }))
}
