//! COSE_Sign1 (RFC 9052, section 4.2) with ES256 (RFC 9053, section 2.1), as `docs/spec.md`, §7, narrows it.

use core::ops::Deref;

use keyfob_crypto::{Crypto, Entropy, PublicKey, Sha256, Signature, SigningKey};
use keyfob_wire::{Decoder, Malformed, Sink};
use minicbor::{Encoder, encode};

use crate::{Binding, Invalid, Kind, cbor};

/// The most that the envelope adds to a payload, in bytes.
pub const MAX_OVERHEAD: usize = 1 + PROTECTED.len() + 1 + 3 + 2 + 64;

/// The byte string of the protected header {1: -7}.
const PROTECTED: [u8; 4] = [0x43, 0xa1, 0x01, 0x26];

/// What can be signed: a CBOR array of fixed length and types, or a map of fixed keys.
pub trait Payload<'a>: Sized {
    /// What it is.
    const KIND: Kind;
    /// What it is bound to.
    type Binding: Binding;

    /// Reads the payload from bytes that are known to be deterministic CBOR.
    ///
    /// # Errors
    /// If lengths, types or ranges aren't exactly those of the specification.
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed>;

    /// Writes the payload in deterministic encoding.
    ///
    /// # Errors
    /// If the writer fails.
    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>>;
}

/// A payload whose signature has been verified. Only [`verify`] makes one.
#[derive(Clone, Copy)]
pub struct Verified<T> {
    payload: T,
    digest: [u8; 32],
}

impl<T> Verified<T> {
    /// The digest of the signed thing: the SHA-256 of its Sig_structure.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Gives up the wrapping.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.payload
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.payload
    }
}

/// Verifies that `signer` signed `bytes` as a `T` for this binding.
///
/// # Errors
/// [`Invalid::Signature`] if it didn't, [`Invalid::Malformed`] if the bytes aren't exactly as specified.
///
/// # Security
/// Says nothing of whether `signer` may sign such a thing: that is for [`crate::Signer`] and the roots.
pub fn verify<'a, C: Crypto, T: Payload<'a>>(
    bytes: &'a [u8],
    signer: &PublicKey,
    binding: &T::Binding,
) -> Result<Verified<T>, Invalid> {
    let (payload, signature) = split(bytes)?;
    if !signature.is_low_s() {
        return Err(Invalid::Signature);
    }
    let digest = digest(T::KIND, signer, binding, payload);
    C::verify_digest(signer, &digest, &signature).map_err(|_| Invalid::Signature)?;
    Ok(Verified { payload: decode_payload(payload)?, digest })
}

/// Reads a payload without verifying anything: to show it, or to learn whose key to look for.
///
/// # Errors
/// [`Invalid::Malformed`] if the bytes aren't exactly as specified.
///
/// # Security
/// Anybody can have written what it returns.
pub fn read_unverified<'a, T: Payload<'a>>(bytes: &'a [u8]) -> Result<T, Invalid> {
    decode_payload(split(bytes)?.0)
}

/// The envelope could not be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The buffer is too small.
    #[error("the buffer is too small for the signed thing")]
    Room,
    /// The signature could not be made.
    #[error("the signature could not be made")]
    Signing,
}

/// Signs a payload into `out` and returns the envelope.
///
/// # Errors
/// If `out` is too small, or signing fails.
pub fn sign<'b, 'a, C: Crypto, T: Payload<'a>>(
    payload: &T,
    binding: &T::Binding,
    key: &C::Signing,
    entropy: &mut impl Entropy,
    out: &'b mut [u8],
) -> Result<&'b [u8], SignError> {
    let mut counted = Encoder::new(Sink::counting());
    payload.encode(&mut counted).map_err(|_| SignError::Room)?;
    let length = counted.writer().length();

    let mut encoder = Encoder::new(Sink::new(out));
    encoder.array(4).map_err(|_| SignError::Room)?;
    encode::Write::write_all(encoder.writer_mut(), &PROTECTED).map_err(|_| SignError::Room)?;
    encoder.map(0).and_then(|e| e.bytes_len(length as u64)).map_err(|_| SignError::Room)?;
    let start = encoder.writer().length();
    payload.encode(&mut encoder).map_err(|_| SignError::Room)?;
    let end = encoder.writer().length();

    let body = out.get(start..end).ok_or(SignError::Room)?;
    let digest = digest(T::KIND, &key.public(), binding, body);
    let signature = key.sign_digest(&digest, entropy).map_err(|_| SignError::Signing)?;
    let mut encoder = Encoder::new(Sink::new(out.get_mut(end..).ok_or(SignError::Room)?));
    encoder.bytes(&signature.0).map_err(|_| SignError::Room)?;
    let end = end.saturating_add(encoder.writer().length());
    out.get(..end).ok_or(SignError::Room)
}

/// Takes an envelope apart into payload and signature, and insists on its exact form.
fn split(bytes: &[u8]) -> Result<(&[u8], Signature), Invalid> {
    if !cbor::is_deterministic(bytes) {
        return Err(Invalid::Malformed);
    }
    let mut decoder = Decoder::new(bytes);
    let parts = (|| {
        cbor::array(&mut decoder, 4)?;
        let protected = decoder.bytes()?;
        let unprotected = decoder.map()?;
        let payload = decoder.bytes()?;
        let signature = cbor::fixed::<64>(&mut decoder)?;
        Ok::<_, Malformed>((protected, unprotected, payload, Signature(*signature)))
    })();
    match parts {
        Ok((protected, 0, payload, signature)) if PROTECTED.get(1..) == Some(protected) => Ok((payload, signature)),
        _ => Err(Invalid::Malformed),
    }
}

fn decode_payload<'a, T: Payload<'a>>(payload: &'a [u8]) -> Result<T, Invalid> {
    if !cbor::is_deterministic(payload) {
        return Err(Invalid::Malformed);
    }
    let mut decoder = Decoder::new(payload);
    let decoded = T::decode(&mut decoder).map_err(|_| Invalid::Malformed)?;
    if decoder.position() == payload.len() { Ok(decoded) } else { Err(Invalid::Malformed) }
}

/// The SHA-256 of `["Signature1", protected, external_aad, payload]` (RFC 9052, section 4.4).
fn digest(kind: Kind, signer: &PublicKey, binding: &impl Binding, payload: &[u8]) -> [u8; 32] {
    let (serial, partition) = binding.parts();
    // external_aad: the array's head, kind, version and the key's digest take 37 bytes, each id 9.
    let (items, length) = match (serial, partition) {
        (None, _) => (0x83, 37),
        (Some(_), None) => (0x84, 46),
        (Some(_), Some(_)) => (0x85, 55),
    };
    let mut hash = Sha256::new();
    hash.update(&[0x84, 0x6a]);
    hash.update(b"Signature1");
    hash.update(&PROTECTED);
    hash.update(&[0x58, length, items, kind.number(), 1, 0x58, 0x20]);
    hash.update(&signer.digest());
    if let Some(serial) = serial {
        hash.update(&[0x48]);
        hash.update(&serial.0);
        if let Some(partition) = partition {
            hash.update(&[0x48]);
            hash.update(&partition.0);
        }
    }
    hash.update(cbor::bytes_head(payload.len(), &mut [0; 9]));
    hash.update(payload);
    hash.finish()
}
