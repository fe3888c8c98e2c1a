//! CBOR as bodies use it: definite lengths, ascending integer keys, nothing behind. Spec §1 and §8.

use minicbor::{
    Encoder,
    encode::{self, Write},
};

use crate::{Decoder, Malformed, VendorHint};

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
    let pairs = decoder.map()?;
    let mut last = None;
    for _ in 0..pairs {
        // The order of RFC 8949, section 4.2.1: negative keys come behind, the ones nearest to zero first.
        let key = decoder.integer()?;
        if Some(key) <= last {
            return Err(Malformed);
        }
        last = Some(key);
        match key {
            (false, key) => field(key, decoder)?,
            (true, _) => decoder.skip()?,
        }
    }
    Ok(())
}

/// Reads the head of an array of exactly `length` items.
pub(crate) fn array(decoder: &mut Decoder<'_>, length: u64) -> Result<(), Malformed> {
    if decoder.array()? == length { Ok(()) } else { Err(Malformed) }
}

/// Reads a byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], Malformed> {
    decoder.bytes()?.try_into().map_err(|_| Malformed)
}

/// Passes over one item.
pub(super) fn skip(decoder: &mut Decoder<'_>) -> Result<(), Malformed> {
    decoder.skip()
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
