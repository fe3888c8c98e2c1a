//! `unlock`. Spec §8.3.

use super::Body;
use crate::{FeatureId, Malformed, NoSpace, Slot, UnixTime, cursor::Reader};

/// The longest secret, in bytes; the shortest has one.
pub const MAX_SECRET: usize = 64;

/// What sealing adds to a secret: nonce and tag.
const SEALING_OVERHEAD: usize = 12 + 16;

/// Opens a sealed secret with a feature's key.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | feature |
/// | 4 | 1 | slot |
/// | 5 | 8 | time |
/// | 13 | 29 to 92 | sealed secret |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnlockRequest<'a> {
    /// The feature.
    pub feature: FeatureId,
    /// The key's place.
    pub slot: Slot,
    /// The app's time.
    pub time: UnixTime,
    /// Nonce, ciphertext and tag.
    pub sealed: &'a [u8],
}

impl<'a> UnlockRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it is too short or long for the fields and a secret of 1 to [`MAX_SECRET`] bytes.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::read(Reader::new(body)).ok_or(Malformed)
    }

    fn read(mut reader: Reader<'a>) -> Option<Self> {
        let feature = FeatureId(reader.u32()?);
        let slot = Slot(reader.u8()?);
        let time = UnixTime(reader.u64()?);
        let sealed = reader.rest();
        let secret = sealed.len().checked_sub(SEALING_OVERHEAD)?;
        (1..=MAX_SECRET).contains(&secret).then_some(Self { feature, slot, time, sealed })
    }
}

impl Body for UnlockRequest<'_> {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        let (feature, time) = (self.feature.0.to_be_bytes(), self.time.0.to_be_bytes());
        let bytes = feature.into_iter().chain([self.slot.0]).chain(time).chain(self.sealed.iter().copied());
        let length = 13 + self.sealed.len();
        out.get_mut(..length).ok_or(NoSpace)?.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        Ok(length)
    }
}

/// The secret.
///
/// # Security
/// It borrows the secret, prints nothing of it and leaves erasing it to its owner.
#[derive(Clone, Copy)]
pub struct UnlockAnswer<'a> {
    /// 1 to [`MAX_SECRET`] bytes.
    pub secret: &'a [u8],
}

impl<'a> UnlockAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't 1 to [`MAX_SECRET`] bytes long.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        if (1..=MAX_SECRET).contains(&body.len()) { Ok(Self { secret: body }) } else { Err(Malformed) }
    }
}

impl Body for UnlockAnswer<'_> {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        super::copy(self.secret, out)
    }
}
