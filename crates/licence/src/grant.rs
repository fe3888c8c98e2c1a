//! Grants: a vendor's terms of a product on one token. `docs/spec.md`, §7.6.

use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::{Decoder, FeatureId, Malformed, Modules, PartitionId, ProductId, Serial, UnixTime};
use minicbor::{Encoder, encode};

use crate::{Item, List, Term, Terms};

/// The longest name of a product or feature, in bytes.
pub const MAX_NAME: usize = 48;

/// The terms of a whole product; replaces what the product had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The product, not 0.
    pub product: ProductId,
    /// Rises with each grant of the product.
    pub number: u32,
    /// Whether guests may list and read it.
    pub public: bool,
    /// When the vendor issued it.
    pub issued: UnixTime,
    /// The product's name, at most [`MAX_NAME`] bytes.
    pub name: &'a str,
    /// The features in ascending order, each once.
    pub features: List<'a, FeatureGrant<'a>>,
}

/// A feature of a [`Grant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureGrant<'a> {
    /// The feature, not 0.
    pub feature: FeatureId,
    /// The feature's name, at most [`MAX_NAME`] bytes.
    pub name: &'a str,
    /// Under which terms it may be used.
    pub terms: Terms,
}

/// What is wrong with a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// A product or feature has the number 0.
    #[error("a product or feature has the number 0")]
    Zero,
    /// A name is longer than [`MAX_NAME`] bytes.
    #[error("a name is longer than 48 bytes")]
    NameTooLong,
    /// The features don't ascend, or one comes twice.
    #[error("the features aren't in ascending order, each once")]
    Order,
    /// A term names the time 0, which says "not known".
    #[error("a term names the time 0")]
    TimeZero,
    /// Terms marked as not known can't be written.
    #[error("a term that isn't known can't be written")]
    UnknownTerm,
}

impl Grant<'_> {
    /// Finds what would make every token refuse the grant.
    ///
    /// # Errors
    /// See [`GrantError`]. A grant that was read has none of them.
    pub fn validate(&self) -> Result<(), GrantError> {
        if self.product.0 == 0 {
            return Err(GrantError::Zero);
        }
        if self.name.len() > MAX_NAME {
            return Err(GrantError::NameTooLong);
        }
        let mut previous = FeatureId(0);
        for FeatureGrant { feature, name, terms } in self.features {
            if feature.0 == 0 {
                return Err(GrantError::Zero);
            }
            if feature <= previous {
                return Err(GrantError::Order);
            }
            previous = feature;
            if name.len() > MAX_NAME {
                return Err(GrantError::NameTooLong);
            }
            if [terms.starts, terms.expires].contains(&Some(UnixTime::UNKNOWN)) {
                return Err(GrantError::TimeZero);
            }
            if terms.unknown && !self.features.was_read() {
                return Err(GrantError::UnknownTerm);
            }
        }
        Ok(())
    }
}

impl<'a> Payload<'a> for Grant<'a> {
    const KIND: Kind = Kind::Grant;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 6)?;
        let grant = Self {
            product: ProductId(decoder.u32()?),
            number: decoder.u32()?,
            public: match decoder.u8()? {
                0 => false,
                1 => true,
                _ => return Err(Malformed),
            },
            issued: UnixTime(decoder.u64()?),
            name: decoder.str()?,
            features: List::decode(decoder)?,
        };
        grant.validate().map_err(|_| Malformed)?;
        Ok(grant)
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        self.validate().map_err(|_| encode::Error::message("grant"))?;
        encoder
            .array(6)?
            .u32(self.product.0)?
            .u32(self.number)?
            .u8(u8::from(self.public))?
            .u64(self.issued.0)?
            .str(self.name)?;
        self.features.encode(encoder)
    }
}

impl<'a> Item<'a> for FeatureGrant<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 3)?;
        Ok(Self { feature: FeatureId(decoder.u32()?), name: decoder.str()?, terms: decode_terms(decoder)? })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(3)?.u32(self.feature.0)?.str(self.name)?;
        encode_terms(&self.terms, encoder)
    }
}

fn decode_terms(decoder: &mut Decoder<'_>) -> Result<Terms, Malformed> {
    let pairs = decoder.map()?;
    let mut terms = Terms::default();
    for _ in 0..pairs {
        match Term::from_number(decoder.u16()?) {
            Some(Term::Enabled) => terms.enabled = decoder.bool()?,
            Some(Term::Starts) => terms.starts = Some(UnixTime(decoder.u64()?)),
            Some(Term::Expires) => terms.expires = Some(UnixTime(decoder.u64()?)),
            Some(Term::Counter) => {
                terms.counted = decoder.bool()?;
                if !terms.counted {
                    return Err(Malformed);
                }
            }
            Some(Term::Modules) => terms.modules = Some(Modules(decoder.u64()?)),
            None => {
                terms.unknown = true;
                decoder.skip()?;
            }
        }
    }
    Ok(terms)
}

fn encode_terms<W: encode::Write>(terms: &Terms, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
    let stated =
        [!terms.enabled, terms.starts.is_some(), terms.expires.is_some(), terms.counted, terms.modules.is_some()];
    encoder.map(stated.into_iter().map(u64::from).sum())?;
    if !terms.enabled {
        encoder.u8(Term::Enabled.number())?.bool(false)?;
    }
    if let Some(starts) = terms.starts {
        encoder.u8(Term::Starts.number())?.u64(starts.0)?;
    }
    if let Some(expires) = terms.expires {
        encoder.u8(Term::Expires.number())?.u64(expires.0)?;
    }
    if terms.counted {
        encoder.u8(Term::Counter.number())?.bool(true)?;
    }
    if let Some(modules) = terms.modules {
        encoder.u8(Term::Modules.number())?.u64(modules.0)?;
    }
    Ok(())
}
