//! Secrets that only a granted feature opens. `docs/spec.md`, §8.3.

use keyfob_crypto::{AeadKey, Aes256Gcm, Entropy, Secret, hkdf_sha256};
use keyfob_wire::{FeatureId, Slot, body::MAX_SECRET};
use zeroize::Zeroize;

/// A secret can't be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It isn't 1 to 64 bytes long.
    #[error("a sealed secret has 1 to 64 bytes")]
    Length,
}

/// Seals a secret for `unlock` of a feature whose key in `slot` is `key`.
///
/// # Errors
/// [`SealError::Length`] if it isn't 1 to 64 bytes long.
pub fn seal_secret(
    key: &Secret<32>,
    feature: FeatureId,
    slot: Slot,
    secret: &[u8],
    entropy: &mut impl Entropy,
) -> Result<Vec<u8>, SealError> {
    if secret.is_empty() || secret.len() > MAX_SECRET {
        return Err(SealError::Length);
    }
    let mut derived = Secret::zero();
    hkdf_sha256(b"", key.expose(), b"keyfob/1 unlock", derived.expose_mut());
    let mut nonce = [0; 12];
    entropy.fill(&mut nonce);
    let aad = [feature.0.to_be_bytes().as_slice(), &[slot.0]].concat();

    let mut buffer = Secret::<MAX_SECRET>::zero();
    let data = buffer.expose_mut().get_mut(..secret.len()).ok_or(SealError::Length)?;
    data.copy_from_slice(secret);
    let tag = Aes256Gcm::new(&derived).seal(&nonce, &aad, data);
    let sealed = [nonce.as_slice(), data, &tag].concat();
    data.zeroize();
    Ok(sealed)
}

#[cfg(test)]
mod tests;
