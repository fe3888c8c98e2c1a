//! Applying an update.

use std::hint::black_box;

use keyfob::Units;
use keyfob_crypto::{Crypto, P256Signing, RustCrypto, SigningKey};
use keyfob_issuing::{OsEntropy, Step, UpdatePlan};
use keyfob_wire::UpdateFile;
use keyfob_wire::body::Request;

use crate::stand::{FEATURE, Pair, Stand, TODAY};
use crate::workload::{Failure, Work};

/// Applies an update that adds to a counter, on a token with so many vendors and features; prepared for so many runs.
pub(crate) fn ours(runs: u32, vendors: u32, features: u32) -> Result<Work, Failure> {
    let stand = Stand::new(vendors, features)?;
    of(&stand, stand.pair()?, runs)
}

/// The same in a session that is open.
pub(crate) fn of(stand: &Stand, mut pair: Pair, runs: u32) -> Result<Work, Failure> {
    let mut record = stand.record.clone();
    let mut files = Vec::new();
    for _ in 0..runs {
        let steps = vec![Step::AddCounter { feature: FEATURE, units: Units(1) }];
        let plan = UpdatePlan { issued: TODAY, grants: Vec::new(), steps };
        let issued = stand.vendor.issue(&record, &plan, &mut OsEntropy)?;
        files.push(issued.file);
        record = issued.record;
    }
    let mut files = files.into_iter();
    Ok(Box::new(move || {
        let file = files.next().ok_or("no update is left")?;
        let file = UpdateFile::parse(&file).map_err(|_| "the update is malformed")?;
        match pair.ask(&Request::Apply(file), |answer| answer.starts_with(&[0, 0]))? {
            true => Ok(()),
            false => Err("the update is refused".into()),
        }
    }))
}

/// The least that it could cost: one verification.
pub(crate) fn floor() -> Result<Work, Failure> {
    let digest = [7; 32];
    let signer = P256Signing::generate(&mut OsEntropy);
    let (key, signature) = (signer.public(), signer.sign_digest(&digest, &mut OsEntropy)?);
    Ok(Box::new(move || Ok(RustCrypto::verify_digest(black_box(&key), &digest, &signature)?)))
}
