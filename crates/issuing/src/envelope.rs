//! Signing into memory of its own.

use keyfob_crypto::{Entropy, P256Signing, RustCrypto};
use keyfob_signed::{Payload, SignError, sign};

/// Signs a payload. It never needs more than a message takes.
pub(crate) fn signed<'a, T: Payload<'a>>(
    payload: &T,
    binding: &T::Binding,
    key: &P256Signing,
    entropy: &mut impl Entropy,
) -> Result<Vec<u8>, SignError> {
    let mut out = vec![0; keyfob_wire::MAX_MESSAGE];
    let length = sign::<RustCrypto, T>(payload, binding, key, entropy, &mut out)?.len();
    out.truncate(length);
    Ok(out)
}
