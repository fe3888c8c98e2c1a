//! `list`. Spec §8.

mod writer;

pub use writer::{ListWriter, ProductWriter};

use minicbor::{Encode, Encoder, encode};

use super::cbor::{array, fixed, map, map_with_hint, skip};
use crate::{Decoder, FeatureId, Malformed, ProductId, Units, VendorHint};

/// The longest name of a product or feature, in bytes. Spec §7.6.
pub const MAX_NAME: usize = 48;

/// Asks for products and features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ListRequest {
    /// Whose partition; needed from guests.
    pub hint: Option<VendorHint>,
    /// Products below it are left out.
    pub start: ProductId,
}

impl ListRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut request = Self::default();
        map(body, |key, decoder| {
            match key {
                1 => request.hint = Some(VendorHint(fixed(decoder)?)),
                2 => request.start = ProductId(decoder.u32()?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(request)
    }
}

impl<C> Encode<C> for ListRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        map_with_hint(e, self.hint, 1)?.u8(2)?.u32(self.start.0)?.ok()
    }
}

/// Products in ascending order, as many as fit. Written by [`ListWriter`].
#[derive(Clone, Debug)]
pub struct ListAnswer<'a> {
    /// The products.
    pub products: Products<'a>,
    /// What to ask for next; above all products here. None at the end.
    pub next: Option<ProductId>,
}

impl<'a> ListAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified, products aren't in order, or `next` would ask for nothing new.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut products, mut next) = (None, None);
        map(body, |key, decoder| {
            match key {
                1 => products = Some(Products::decode(decoder)?),
                2 => next = Some(ProductId(decoder.u32()?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        let (products, last) = products.ok_or(Malformed)?;
        if next.is_some_and(|next| last.is_none_or(|last| next <= last)) {
            return Err(Malformed);
        }
        Ok(Self { products, next })
    }
}

/// The products of an answer that was read; each was looked at then.
#[derive(Clone, Debug)]
pub struct Products<'a> {
    decoder: Decoder<'a>,
    left: u64,
}

impl<'a> Products<'a> {
    /// Checks all products and finds the last one.
    fn decode(decoder: &mut Decoder<'a>) -> Result<(Self, Option<ProductId>), Malformed> {
        let left = decoder.array()?;
        let products = Self { decoder: decoder.clone(), left };
        let mut last = None;
        for _ in 0..left {
            let entry = ProductEntry::decode(decoder)?;
            if last.is_some_and(|last| last >= entry.product) {
                return Err(Malformed);
            }
            last = Some(entry.product);
        }
        Ok((products, last))
    }
}

impl<'a> Iterator for Products<'a> {
    type Item = ProductEntry<'a>;

    fn next(&mut self) -> Option<ProductEntry<'a>> {
        self.left = self.left.checked_sub(1)?;
        ProductEntry::decode(&mut self.decoder).ok()
    }
}

/// One product.
#[derive(Clone, Debug)]
pub struct ProductEntry<'a> {
    /// The product.
    pub product: ProductId,
    /// The number of its grant.
    pub grant_number: u32,
    /// Its name.
    pub name: &'a str,
    /// Its features.
    pub features: Features<'a>,
}

impl<'a> ProductEntry<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        array(decoder, 4)?;
        Ok(Self {
            product: ProductId(decoder.u32()?),
            grant_number: decoder.u32()?,
            name: name(decoder)?,
            features: Features::decode(decoder)?,
        })
    }
}

/// The features of a product that was read; each was looked at then.
#[derive(Clone, Debug)]
pub struct Features<'a> {
    decoder: Decoder<'a>,
    left: u64,
}

impl<'a> Features<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let left = decoder.array()?;
        let features = Self { decoder: decoder.clone(), left };
        for _ in 0..left {
            FeatureEntry::decode(decoder)?;
        }
        Ok(features)
    }
}

impl<'a> Iterator for Features<'a> {
    type Item = FeatureEntry<'a>;

    fn next(&mut self) -> Option<FeatureEntry<'a>> {
        self.left = self.left.checked_sub(1)?;
        FeatureEntry::decode(&mut self.decoder).ok()
    }
}

/// One feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureEntry<'a> {
    /// The feature.
    pub feature: FeatureId,
    /// Its name.
    pub name: &'a str,
    /// Units remaining, if it has a counter.
    pub remaining: Option<Units>,
}

impl<'a> FeatureEntry<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        array(decoder, 3)?;
        let feature = FeatureId(decoder.u32()?);
        let name = name(decoder)?;
        let remaining = if decoder.skip_null() { None } else { Some(Units(decoder.u32()?)) };
        Ok(Self { feature, name, remaining })
    }
}

fn name<'a>(decoder: &mut Decoder<'a>) -> Result<&'a str, Malformed> {
    let name = decoder.str()?;
    if name.len() <= MAX_NAME { Ok(name) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests;
