//! `grant`. Spec §8.

use minicbor::{Encode, Encoder, encode};

use super::{
    Certificates,
    cbor::{fixed, map, map_with_hint, skip},
};
use crate::{Malformed, ProductId, VendorHint};

/// Asks for a product's signed terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantRequest {
    /// Whose partition; needed from guests.
    pub hint: Option<VendorHint>,
    /// The product.
    pub product: ProductId,
}

impl GrantRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (mut hint, mut product) = (None, None);
        map(body, |key, decoder| {
            match key {
                1 => hint = Some(VendorHint(fixed(decoder)?)),
                2 => product = Some(ProductId(decoder.u32()?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { hint, product: product.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for GrantRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        map_with_hint(e, self.hint, 1)?.u8(2)?.u32(self.product.0)?.ok()
    }
}

/// A product's signed terms and what proves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantAnswer<'a> {
    /// The grant. Spec §7.6.
    pub grant: &'a [u8],
    /// The certificate of its signer, or none if the root signed.
    pub certificates: Certificates<'a>,
    /// The partition's endorsement. Spec §7.4.
    pub endorsement: &'a [u8],
}

impl<'a> GrantAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut grant, mut certificates, mut endorsement) = (None, None, None);
        map(body, |key, decoder| {
            match key {
                1 => grant = Some(decoder.bytes()?),
                2 => certificates = Some(Certificates::decode(decoder)?),
                3 => endorsement = Some(decoder.bytes()?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self {
            grant: grant.ok_or(Malformed)?,
            certificates: certificates.ok_or(Malformed)?,
            endorsement: endorsement.ok_or(Malformed)?,
        })
    }
}

impl<C> Encode<C> for GrantAnswer<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(3)?.u8(1)?.bytes(self.grant)?.u8(2)?;
        self.certificates.encode(e, ctx)?;
        e.u8(3)?.bytes(self.endorsement)?.ok()
    }
}
