//! CBOR as bodies use it: definite lengths, ascending integer keys, nothing behind. Spec §1 and §8.

use minicbor::{
    Decoder, Encoder,
    data::Type,
    encode::{self, Write},
};

use crate::{Malformed, VendorHint};

/// Reads one item that is all of `bytes`.
pub(crate) fn whole<'b, T>(
    bytes: &'b [u8],
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    let mut decoder = Decoder::new(bytes);
    let item = read(&mut decoder)?;
    if decoder.position() == bytes.len() { Ok(item) } else { Err(Malformed) }
}

/// Reads a body that is a map; an empty body is an empty map. `field` reads or skips the value of each key.
pub(super) fn map<'b>(
    body: &'b [u8],
    field: impl FnMut(u64, &mut Decoder<'b>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    if body.is_empty() { Ok(()) } else { whole(body, |decoder| map_item(decoder, field)) }
}

/// Reads a map. Negative keys are known to nobody and are skipped here.
pub(super) fn map_item<'b>(
    decoder: &mut Decoder<'b>,
    mut field: impl FnMut(u64, &mut Decoder<'b>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let pairs = decoder.map()?.ok_or(Malformed)?;
    let mut last = None;
    for _ in 0..pairs {
        let key = i128::from(decoder.int()?);
        // The order of RFC 8949, section 4.2.1: negative keys come behind, the ones nearest to zero first.
        let place = Some((key < 0, key.unsigned_abs()));
        if place <= last {
            return Err(Malformed);
        }
        last = place;
        match u64::try_from(key) {
            Ok(key) => field(key, decoder)?,
            Err(_) => skip(decoder)?,
        }
    }
    Ok(())
}

/// Reads the head of an array of exactly `length` items.
pub(crate) fn array(decoder: &mut Decoder<'_>, length: u64) -> Result<(), Malformed> {
    if decoder.array()? == Some(length) { Ok(()) } else { Err(Malformed) }
}

/// Reads a byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], Malformed> {
    decoder.bytes()?.try_into().map_err(|_| Malformed)
}

/// Passes over one item without recursion.
pub(super) fn skip(decoder: &mut Decoder<'_>) -> Result<(), Malformed> {
    let mut items = 1_u64;
    while let Some(others) = items.checked_sub(1) {
        let inside = match decoder.datatype()? {
            Type::Array => decoder.array()?.ok_or(Malformed)?,
            Type::Map => decoder.map()?.and_then(|pairs| pairs.checked_mul(2)).ok_or(Malformed)?,
            Type::Tag => decoder.tag().map(|_| 1)?,
            Type::ArrayIndef | Type::MapIndef | Type::BytesIndef | Type::StringIndef => return Err(Malformed),
            Type::Break | Type::Unknown(_) => return Err(Malformed),
            _ => decoder.skip().map(|()| 0)?,
        };
        items = others.checked_add(inside).ok_or(Malformed)?;
    }
    Ok(())
}

/// Writes the head of a map of `others` keys besides key 1, the vendor hint, which is left out if there is none.
pub(super) fn map_with_hint<W: Write>(
    encoder: &mut Encoder<W>,
    hint: Option<VendorHint>,
    others: u64,
) -> Result<&mut Encoder<W>, encode::Error<W::Error>> {
    match hint {
        Some(hint) => encoder.map(others.saturating_add(1))?.u8(1)?.bytes(&hint.0),
        None => encoder.map(others),
    }
}

#[cfg(test)]
mod tests;
