//! `enrol` and `endorse`. Spec §8.

use minicbor::{Encode, Encoder, encode};

use super::{
    KeyBytes,
    cbor::{fixed, map, skip},
};
use crate::{Malformed, PartitionId};

/// Begins a vendor's enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolRequest {
    /// The vendor's root key.
    pub vendor_root: KeyBytes,
    /// The vendor's nonce.
    pub nonce: [u8; 16],
}

impl EnrolRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (mut vendor_root, mut nonce) = (None, None);
        map(body, |key, decoder| {
            match key {
                1 => vendor_root = Some(fixed(decoder)?),
                2 => nonce = Some(fixed(decoder)?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { vendor_root: vendor_root.ok_or(Malformed)?, nonce: nonce.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for EnrolRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(2)?.u8(1)?.bytes(&self.vendor_root)?.u8(2)?.bytes(&self.nonce)?.ok()
    }
}

/// The token's signed wish and the chain of its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolAnswer<'a> {
    /// The enrolment request. Spec §7.3.
    pub request: &'a [u8],
    /// The device signing certificate. Spec §7.1.
    pub device_signing: &'a [u8],
    /// The batch certificate.
    pub batch: &'a [u8],
    /// The maker's root key.
    pub maker_root: KeyBytes,
}

impl<'a> EnrolAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut request, mut device_signing, mut batch, mut maker_root) = (None, None, None, None);
        map(body, |key, decoder| {
            match key {
                1 => request = Some(decoder.bytes()?),
                2 => device_signing = Some(decoder.bytes()?),
                3 => batch = Some(decoder.bytes()?),
                4 => maker_root = Some(fixed(decoder)?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self {
            request: request.ok_or(Malformed)?,
            device_signing: device_signing.ok_or(Malformed)?,
            batch: batch.ok_or(Malformed)?,
            maker_root: maker_root.ok_or(Malformed)?,
        })
    }
}

impl<C> Encode<C> for EnrolAnswer<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(4)?.u8(1)?.bytes(self.request)?.u8(2)?.bytes(self.device_signing)?;
        e.u8(3)?.bytes(self.batch)?.u8(4)?.bytes(&self.maker_root)?.ok()
    }
}

/// Ends a vendor's enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndorseRequest<'a> {
    /// The endorsement. Spec §7.4.
    pub endorsement: &'a [u8],
}

impl<'a> EndorseRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut endorsement = None;
        map(body, |key, decoder| {
            match key {
                1 => endorsement = Some(decoder.bytes()?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { endorsement: endorsement.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for EndorseRequest<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(1)?.u8(1)?.bytes(self.endorsement)?.ok()
    }
}

/// Names the new partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndorseAnswer {
    /// The partition.
    pub partition: PartitionId,
}

impl EndorseAnswer {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut partition = None;
        map(body, |key, decoder| {
            match key {
                1 => partition = Some(PartitionId(fixed(decoder)?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { partition: partition.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for EndorseAnswer {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(1)?.u8(1)?.bytes(&self.partition.0)?.ok()
    }
}
