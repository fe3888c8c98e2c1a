//! `encrypt`, `decrypt` and `derive`. Spec §8.6.

use super::{Body, copy};
use crate::{FeatureId, MAX_TRANSFER, Malformed, NoSpace, Slot, UnixTime, cursor::Reader};

/// What encrypting adds: the random bytes that name the message's key, and the tag.
pub const CIPHER_OVERHEAD: usize = 16 + 16;

/// The longest label of a derived key, in bytes; the shortest has one.
pub const MAX_DERIVE_LABEL: usize = 32;

/// What `encrypt`, `decrypt` and `derive` are asked with.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | feature |
/// | 4 | 1 | slot |
/// | 5 | 8 | time |
/// | 13 | | plaintext, message or label |
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CipherRequest<'a> {
    /// The feature.
    pub feature: FeatureId,
    /// The key's place.
    pub slot: Slot,
    /// The app's time.
    pub time: UnixTime,
    /// A plaintext, what `encrypt` gave, or a label.
    pub input: &'a [u8],
}

/// Shows all but what is to be encrypted.
impl core::fmt::Debug for CipherRequest<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { feature, slot, time, input } = self;
        write!(f, "CipherRequest({feature}, {slot}, {}, {} bytes)", time.0, input.len())
    }
}

impl<'a> CipherRequest<'a> {
    /// Reads the body of `encrypt`.
    ///
    /// # Errors
    /// If it is too short or long for the fields and a plaintext of 1 to [`MAX_TRANSFER`] bytes.
    pub fn parse_encrypt(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(body, 1, MAX_TRANSFER)
    }

    /// Reads the body of `decrypt`.
    ///
    /// # Errors
    /// If it is too short or long for the fields and what `encrypt` gives.
    pub fn parse_decrypt(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(body, CIPHER_OVERHEAD + 1, CIPHER_OVERHEAD + MAX_TRANSFER)
    }

    /// Reads the body of `derive`.
    ///
    /// # Errors
    /// If it is too short or long for the fields and a label of 1 to [`MAX_DERIVE_LABEL`] bytes.
    pub fn parse_derive(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(body, 1, MAX_DERIVE_LABEL)
    }

    fn parse(body: &'a [u8], shortest: usize, longest: usize) -> Result<Self, Malformed> {
        let request = Self::read(Reader::new(body)).ok_or(Malformed)?;
        if (shortest..=longest).contains(&request.input.len()) { Ok(request) } else { Err(Malformed) }
    }

    fn read(mut reader: Reader<'a>) -> Option<Self> {
        let (feature, slot) = (FeatureId(reader.u32()?), Slot(reader.u8()?));
        Some(Self { feature, slot, time: UnixTime(reader.u64()?), input: reader.rest() })
    }
}

impl Body for CipherRequest<'_> {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        let (feature, time) = (self.feature.0.to_be_bytes(), self.time.0.to_be_bytes());
        let head: [u8; 13] = crate::cursor::join(&[&feature, &[self.slot.0], &time]);
        let (front, rest) = out.split_at_mut_checked(head.len()).ok_or(NoSpace)?;
        front.copy_from_slice(&head);
        Ok(copy(self.input, rest)?.saturating_add(head.len()))
    }
}
