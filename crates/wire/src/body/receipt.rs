//! `apply` and `receipt`. Spec §8.

use minicbor::{Encode, Encoder, encode};

use super::cbor::{fixed, map, map_with_hint, skip};
use crate::{Malformed, VendorHint};

/// The shortest nonce of a receipt, in bytes.
pub const MIN_NONCE: usize = 8;

/// The longest nonce of a receipt, in bytes.
pub const MAX_NONCE: usize = 64;

/// Says which update was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplyAnswer {
    /// The update's epoch.
    pub epoch: u32,
    /// The update's number.
    pub number: u32,
}

impl ApplyAnswer {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (mut epoch, mut number) = (None, None);
        map(body, |key, decoder| {
            match key {
                1 => epoch = Some(decoder.u32()?),
                2 => number = Some(decoder.u32()?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { epoch: epoch.ok_or(Malformed)?, number: number.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for ApplyAnswer {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(2)?.u8(1)?.u32(self.epoch)?.u8(2)?.u32(self.number)?.ok()
    }
}

/// Asks for the signed statement of what was applied and used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptRequest<'a> {
    /// Whose partition; needed from guests.
    pub hint: Option<VendorHint>,
    /// The asker's nonce, [`MIN_NONCE`] to [`MAX_NONCE`] bytes.
    pub nonce: &'a [u8],
}

impl<'a> ReceiptRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        hint_and_nonce(body).map(|(hint, nonce)| Self { hint, nonce })
    }
}

impl<C> Encode<C> for ReceiptRequest<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        map_with_hint(e, self.hint, 1)?.u8(2)?.bytes(self.nonce)?.ok()
    }
}

/// The signed statement and what proves its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptAnswer<'a> {
    /// The receipt. Spec §7.7.
    pub receipt: &'a [u8],
    /// The partition's endorsement. Spec §7.4.
    pub endorsement: &'a [u8],
}

impl<'a> ReceiptAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        signed_and_endorsed(body).map(|(receipt, endorsement)| Self { receipt, endorsement })
    }
}

impl<C> Encode<C> for ReceiptAnswer<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(2)?.u8(1)?.bytes(self.receipt)?.u8(2)?.bytes(self.endorsement)?.ok()
    }
}

/// A map of whose partition is meant and the asker's nonce.
pub(super) fn hint_and_nonce(body: &[u8]) -> Result<(Option<VendorHint>, &[u8]), Malformed> {
    let (mut hint, mut nonce) = (None, None);
    map(body, |key, decoder| {
        match key {
            1 => hint = Some(VendorHint(fixed(decoder)?)),
            2 => nonce = Some(decoder.bytes()?),
            _ => skip(decoder)?,
        }
        Ok(())
    })?;
    let nonce = nonce.filter(|nonce| (MIN_NONCE..=MAX_NONCE).contains(&nonce.len()));
    Ok((hint, nonce.ok_or(Malformed)?))
}

/// A map of something signed and the endorsement of the key that signed it.
pub(super) fn signed_and_endorsed(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut signed, mut endorsement) = (None, None);
    map(body, |key, decoder| {
        match key {
            1 => signed = Some(decoder.bytes()?),
            2 => endorsement = Some(decoder.bytes()?),
            _ => skip(decoder)?,
        }
        Ok(())
    })?;
    Ok((signed.ok_or(Malformed)?, endorsement.ok_or(Malformed)?))
}
