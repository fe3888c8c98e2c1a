//! The warm check: a session is open, and a feature is asked for.

use std::hint::black_box;

use keyfob::{Modules, Status};
use keyfob_crypto::{AeadKey, Aes256Gcm, Secret};
use keyfob_wire::body::{CheckAnswer, CheckRequest, Request};

use crate::stand::{FEATURE, Pair, Stand, TODAY};
use crate::workload::{Failure, Work};

/// A check from the app's request to its reading of the answer, through 64-byte reports and with both sides.
pub(crate) fn ours() -> Result<Work, Failure> {
    of(Stand::new(1, 4)?.pair()?)
}

/// The same in a session that is open.
pub(crate) fn of(mut pair: Pair) -> Result<Work, Failure> {
    Ok(Box::new(move || once(&mut pair)))
}

/// One check.
pub(crate) fn once(pair: &mut Pair) -> Result<(), Failure> {
    let request = Request::Check(CheckRequest { feature: FEATURE, time: TODAY, modules: Modules(0) });
    match pair.ask(&request, CheckAnswer::parse)? {
        Ok(CheckAnswer { status: Status::Ok, .. }) => Ok(()),
        other => Err(format!("the feature isn't allowed: {other:?}").into()),
    }
}

/// The least that it could cost: the app seals the request, the token opens it, the token seals the answer, the app
/// opens it, with keys that are expanded already.
pub(crate) fn floor() -> Result<Work, Failure> {
    let (there, back) = (Aes256Gcm::new(&Secret::new([1; 32])), Aes256Gcm::new(&Secret::new([2; 32])));
    let (mut request, mut answer) = ([0; 1 + CheckRequest::SIZE], [0; CheckAnswer::SIZE]);
    let mut number = 0u64;
    Ok(Box::new(move || {
        number += 1;
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&number.to_be_bytes());
        for (key, text) in [(&there, &mut request[..]), (&back, &mut answer[..])] {
            let tag = key.seal(&nonce, &[], black_box(&mut *text));
            key.open(&nonce, &[], black_box(text), &tag)?;
        }
        Ok(())
    }))
}
