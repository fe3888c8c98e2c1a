//! `time` and `set-time`. Spec §8 and §8.4.

use minicbor::{Encode, Encoder, encode};

use super::{
    Certificates,
    cbor::{fixed, map, map_with_hint, skip},
};
use crate::{Malformed, PartitionId, UnixTime, VendorHint};

/// Asks for the nonce of signed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TimeRequest {
    /// Whose partition; needed from guests.
    pub hint: Option<VendorHint>,
}

impl TimeRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut hint = None;
        map(body, |key, decoder| {
            match key {
                1 => hint = Some(VendorHint(fixed(decoder)?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { hint })
    }
}

impl<C> Encode<C> for TimeRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        map_with_hint(e, self.hint, 0)?.ok()
    }
}

/// What a time signer needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAnswer {
    /// To be signed with the time.
    pub nonce: [u8; 16],
    /// The mark of signed time.
    pub mark: UnixTime,
    /// The token's time.
    pub now: UnixTime,
    /// The partition.
    pub partition: PartitionId,
}

impl TimeAnswer {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (mut nonce, mut mark, mut now, mut partition) = (None, None, None, None);
        map(body, |key, decoder| {
            match key {
                1 => nonce = Some(fixed(decoder)?),
                2 => mark = Some(UnixTime(decoder.u64()?)),
                3 => now = Some(UnixTime(decoder.u64()?)),
                4 => partition = Some(PartitionId(fixed(decoder)?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self {
            nonce: nonce.ok_or(Malformed)?,
            mark: mark.ok_or(Malformed)?,
            now: now.ok_or(Malformed)?,
            partition: partition.ok_or(Malformed)?,
        })
    }
}

impl<C> Encode<C> for TimeAnswer {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(4)?.u8(1)?.bytes(&self.nonce)?.u8(2)?.u64(self.mark.0)?.u8(3)?.u64(self.now.0)?;
        e.u8(4)?.bytes(&self.partition.0)?.ok()
    }
}

/// Hands over signed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetTimeRequest<'a> {
    /// Whose partition; needed from guests.
    pub hint: Option<VendorHint>,
    /// The certificate of the signer, or none if the root signed.
    pub certificates: Certificates<'a>,
    /// The signed time. Spec §7.8.
    pub time: &'a [u8],
}

impl<'a> SetTimeRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut hint, mut certificates, mut time) = (None, None, None);
        map(body, |key, decoder| {
            match key {
                1 => hint = Some(VendorHint(fixed(decoder)?)),
                2 => certificates = Some(Certificates::decode(decoder)?),
                3 => time = Some(decoder.bytes()?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { hint, certificates: certificates.ok_or(Malformed)?, time: time.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for SetTimeRequest<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        map_with_hint(e, self.hint, 2)?.u8(2)?;
        self.certificates.encode(e, ctx)?;
        e.u8(3)?.bytes(self.time)?.ok()
    }
}

/// Where the mark is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetTimeAnswer {
    /// The mark of signed time.
    pub mark: UnixTime,
}

impl SetTimeAnswer {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut mark = None;
        map(body, |key, decoder| {
            match key {
                1 => mark = Some(UnixTime(decoder.u64()?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { mark: mark.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for SetTimeAnswer {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(1)?.u8(1)?.u64(self.mark.0)?.ok()
    }
}
