//! `prove` and `snapshot`. Spec §7.11, §7.12 and §8.

use minicbor::{Encode, Encoder, encode};

use super::{
    MAX_NONCE,
    cbor::{map, map_with_hint, skip},
    receipt::{hint_and_nonce, signed_and_endorsed},
};
use crate::{FeatureId, Malformed, UnixTime, VendorHint};

/// The longest audience of a proof, in bytes; the shortest has one.
pub const MAX_AUDIENCE: usize = 64;

/// The shortest nonce of a proof, in bytes; the longest has [`MAX_NONCE`].
pub const MIN_PROOF_NONCE: usize = 16;

/// The longest context of a proof, in bytes.
pub const MAX_CONTEXT: usize = 64;

/// Asks for a signed decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProveRequest<'a> {
    /// For whom the proof is, 1 to [`MAX_AUDIENCE`] bytes.
    pub audience: &'a str,
    /// The audience's nonce, [`MIN_PROOF_NONCE`] to [`MAX_NONCE`] bytes.
    pub nonce: &'a [u8],
    /// What app and audience agree upon, at most [`MAX_CONTEXT`] bytes.
    pub context: &'a [u8],
    /// The feature.
    pub feature: FeatureId,
    /// The app's time.
    pub time: UnixTime,
}

impl<'a> ProveRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut audience, mut nonce, mut context, mut feature, mut time) = (None, None, None, None, None);
        map(body, |key, decoder| {
            match key {
                1 => audience = Some(decoder.str()?),
                2 => nonce = Some(decoder.bytes()?),
                3 => context = Some(decoder.bytes()?),
                4 => feature = Some(FeatureId(decoder.u32()?)),
                5 => time = Some(UnixTime(decoder.u64()?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        let nonce = nonce.filter(|nonce| (MIN_PROOF_NONCE..=MAX_NONCE).contains(&nonce.len()));
        Ok(Self {
            audience: audience.filter(|text| (1..=MAX_AUDIENCE).contains(&text.len())).ok_or(Malformed)?,
            nonce: nonce.ok_or(Malformed)?,
            context: context.filter(|context| context.len() <= MAX_CONTEXT).ok_or(Malformed)?,
            feature: feature.ok_or(Malformed)?,
            time: time.ok_or(Malformed)?,
        })
    }
}

impl<C> Encode<C> for ProveRequest<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(5)?.u8(1)?.str(self.audience)?.u8(2)?.bytes(self.nonce)?.u8(3)?.bytes(self.context)?;
        e.u8(4)?.u32(self.feature.0)?.u8(5)?.u64(self.time.0)?.ok()
    }
}

/// The signed decision and what proves its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProveAnswer<'a> {
    /// The proof. Spec §7.11.
    pub proof: &'a [u8],
    /// The partition's endorsement. Spec §7.4.
    pub endorsement: &'a [u8],
}

impl<'a> ProveAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        signed_and_endorsed(body).map(|(proof, endorsement)| Self { proof, endorsement })
    }
}

impl<C> Encode<C> for ProveAnswer<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(2)?.u8(1)?.bytes(self.proof)?.u8(2)?.bytes(self.endorsement)?.ok()
    }
}

/// Asks for the signed statement of a partition's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotRequest<'a> {
    /// Whose partition; needed from guests.
    pub hint: Option<VendorHint>,
    /// The asker's nonce, [`MIN_NONCE`](super::MIN_NONCE) to [`MAX_NONCE`] bytes.
    pub nonce: &'a [u8],
}

impl<'a> SnapshotRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        hint_and_nonce(body).map(|(hint, nonce)| Self { hint, nonce })
    }
}

impl<C> Encode<C> for SnapshotRequest<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        map_with_hint(e, self.hint, 1)?.u8(2)?.bytes(self.nonce)?.ok()
    }
}

/// The signed statement and what proves its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotAnswer<'a> {
    /// The snapshot. Spec §7.12.
    pub snapshot: &'a [u8],
    /// The partition's endorsement. Spec §7.4.
    pub endorsement: &'a [u8],
}

impl<'a> SnapshotAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        signed_and_endorsed(body).map(|(snapshot, endorsement)| Self { snapshot, endorsement })
    }
}

impl<C> Encode<C> for SnapshotAnswer<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(2)?.u8(1)?.bytes(self.snapshot)?.u8(2)?.bytes(self.endorsement)?.ok()
    }
}
