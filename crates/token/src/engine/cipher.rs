//! Features' keys: unlock, encrypt, decrypt, derive. `docs/spec.md`, §8.3 and §8.6.

use keyfob_crypto::{AeadKey, Crypto, Entropy, Secret, hkdf_sha256};
use keyfob_licence::{Request, State, judge};
use keyfob_signed::Rights;
use keyfob_wire::body::{CipherRequest, MAX_DERIVE_LABEL, UnlockRequest};
use keyfob_wire::cursor::copy;
use keyfob_wire::{FeatureId, Instant, Slot, Status, UnixTime};

use super::sealed_store::room;
use super::usage::allowed;
use super::{Caller, Engine, key};
use crate::platform::Platform;

/// The label of the key that opens sealed secrets.
const UNLOCK_LABEL: &[u8] = b"keyfob/1 unlock";
/// The label of messages' keys, before their random bytes.
const ENCRYPT_LABEL: &[u8] = b"keyfob/1 encrypt";
/// The label of derived keys, before their own labels.
const DERIVE_LABEL: &[u8] = b"keyfob/1 derive";
/// Each message has a key of its own, so its nonce is used once.
const NONCE: [u8; 12] = [0; 12];

/// Which key is asked for.
struct Wanted {
    feature: FeatureId,
    slot: Slot,
    time: UnixTime,
    right: Rights,
}

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn unlock(
        &mut self,
        caller: &Caller,
        asked: &UnlockRequest<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let UnlockRequest { feature, slot, time, sealed } = *asked;
        let key = self.judged_key(caller, &Wanted { feature, slot, time, right: Rights::UNLOCK }, now)?;
        let subkey = expand(&key, UNLOCK_LABEL, &[]);
        let (nonce, sealed) = sealed.split_first_chunk().ok_or(Status::BadRequest)?;
        open::<P::Crypto>(&subkey, nonce, &bound(feature, slot), sealed, out)
    }

    #[inline(never)]
    pub(super) fn encrypt(
        &mut self,
        caller: &Caller,
        asked: &CipherRequest<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let key = self.judged_key(caller, &of_keys(asked), now)?;
        let (random, rest) = out.split_first_chunk_mut::<16>().ok_or(Status::Busy)?;
        self.platform.entropy().fill(random);
        let (message, rest) = rest.split_at_mut_checked(asked.input.len()).ok_or(Status::Busy)?;
        let tag = rest.first_chunk_mut::<16>().ok_or(Status::Busy)?;
        copy(message, asked.input);
        let subkey = expand(&key, ENCRYPT_LABEL, random);
        *tag = <P::Crypto as Crypto>::Aead::new(&subkey).seal(&NONCE, &bound(asked.feature, asked.slot), message);
        Ok(random.len().saturating_add(message.len()).saturating_add(tag.len()))
    }

    #[inline(never)]
    pub(super) fn decrypt(
        &mut self,
        caller: &Caller,
        asked: &CipherRequest<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let key = self.judged_key(caller, &of_keys(asked), now)?;
        let (random, sealed) = asked.input.split_first_chunk::<16>().ok_or(Status::BadRequest)?;
        let subkey = expand(&key, ENCRYPT_LABEL, random);
        open::<P::Crypto>(&subkey, &NONCE, &bound(asked.feature, asked.slot), sealed, out)
    }

    #[inline(never)]
    pub(super) fn derive(
        &mut self,
        caller: &Caller,
        asked: &CipherRequest<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let key = self.judged_key(caller, &of_keys(asked), now)?;
        let derived = expand(&key, DERIVE_LABEL, asked.input);
        let out = out.first_chunk_mut::<32>().ok_or(Status::Busy)?;
        *out = *derived.expose();
        Ok(out.len())
    }

    /// A feature's key, if the caller may use it and the feature may be used.
    fn judged_key(&mut self, caller: &Caller, wanted: &Wanted, now: Instant) -> Result<Secret<32>, Status> {
        let (partition, feature) = self.feature(caller, wanted.feature, wanted.right)?;
        let time = self.time_of_judgement(partition, &feature.terms, wanted.time, now)?;
        let state = State { remaining: feature.remaining };
        allowed(&judge(&feature.terms, &state, time, &Request::default()))?;
        let mut buffer = Secret::<{ room(32) }>::zero();
        let place = key::feature_key(partition, wanted.feature, wanted.slot);
        let stored = self.store.get(place, buffer.expose_mut())?.ok_or(Status::KeyNotFound)?;
        Secret::from_slice(stored).ok_or(Status::StorageFailed)
    }
}

fn of_keys(asked: &CipherRequest<'_>) -> Wanted {
    Wanted { feature: asked.feature, slot: asked.slot, time: asked.time, right: Rights::KEYS }
}

/// What a message is bound to: feature and slot.
fn bound(feature: FeatureId, slot: Slot) -> [u8; 5] {
    keyfob_wire::cursor::join(&[&feature.0.to_be_bytes(), &[slot.0]])
}

/// HKDF-SHA256 of a feature's key with the label and what follows it, at most [`MAX_DERIVE_LABEL`] bytes.
fn expand(key: &Secret<32>, label: &[u8], context: &[u8]) -> Secret<32> {
    let mut info = [0; ENCRYPT_LABEL.len() + MAX_DERIVE_LABEL];
    let bytes = label.iter().chain(context);
    let length = info.iter_mut().zip(bytes).map(|(to, from)| *to = *from).count();
    let mut subkey = Secret::<32>::zero();
    hkdf_sha256(&[], key.expose(), info.get(..length).unwrap_or_default(), subkey.expose_mut());
    subkey
}

/// Opens ciphertext and tag into `out`.
fn open<C: Crypto>(
    key: &Secret<32>,
    nonce: &[u8; 12],
    aad: &[u8],
    sealed: &[u8],
    out: &mut [u8],
) -> Result<usize, Status> {
    let (ciphertext, tag) = sealed.split_last_chunk().ok_or(Status::BadRequest)?;
    let out = out.get_mut(..ciphertext.len()).ok_or(Status::BadRequest)?;
    copy(out, ciphertext);
    let opened = C::Aead::new(key).open(nonce, aad, out, tag);
    opened.map_err(|_| Status::UnlockFailed).map(|()| ciphertext.len())
}
