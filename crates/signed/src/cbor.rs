//! Core deterministic CBOR (RFC 8949, section 4.2.1): what signed bytes must be, checked before they are decoded.

use keyfob_wire::{Decoder, Malformed, Sink};
use minicbor::Encoder;

/// How deep arrays and maps may lie in each other.
const MAX_DEPTH: u8 = 8;

/// Tells whether `bytes` are exactly one item in core deterministic encoding, without tags and floating point.
#[must_use]
pub fn is_deterministic(bytes: &[u8]) -> bool {
    matches!(skip(bytes, MAX_DEPTH), Some([]))
}

/// Splits the first item, which must be deterministic, from the rest (a CBOR sequence, RFC 8742).
#[must_use]
pub fn split_first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = skip(bytes, MAX_DEPTH)?;
    bytes.split_at_checked(bytes.len().checked_sub(rest.len())?)
}

/// Passes over one item and returns what follows.
fn skip(bytes: &[u8], depth: u8) -> Option<&[u8]> {
    let (major, value, rest) = head(bytes)?;
    match major {
        0 | 1 => Some(rest),
        2 => rest.get(usize::try_from(value).ok()?..),
        3 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
            core::str::from_utf8(text).ok().map(|_| rest)
        }
        4 => {
            let depth = depth.checked_sub(1)?;
            (0..value).try_fold(rest, |rest, _| skip(rest, depth))
        }
        5 => skip_map(rest, value, depth.checked_sub(1)?),
        7 if (20..=22).contains(&value) => Some(rest),
        _ => None,
    }
}

/// Passes over the pairs of a map, whose keys must rise.
fn skip_map(mut rest: &[u8], pairs: u64, depth: u8) -> Option<&[u8]> {
    let mut previous: Option<&[u8]> = None;
    for _ in 0..pairs {
        let after = skip(rest, depth)?;
        let key = rest.get(..rest.len().checked_sub(after.len())?)?;
        if previous.is_some_and(|previous| previous >= key) {
            return None;
        }
        previous = Some(key);
        rest = skip(after, depth)?;
    }
    Some(rest)
}

/// Reads an item's major type and argument, which must be in the shortest form.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (major, info) = (first >> 5, first & 0x1f);
    let size = match info {
        0..=23 => return Some((major, u64::from(info), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (argument, rest) = rest.split_at_checked(size)?;
    let value = argument.iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
    let least = match size {
        1 => 24,
        2 => 0x100,
        4 => 0x1_0000,
        _ => 0x1_0000_0000,
    };
    (value >= least).then_some((major, value, rest))
}

/// A byte string of exactly `N` bytes.
///
/// # Errors
/// If the next item is none, or of another length.
pub fn fixed<'a, const N: usize>(decoder: &mut Decoder<'a>) -> Result<&'a [u8; N], Malformed> {
    decoder.bytes()?.try_into().map_err(|_| Malformed)
}

/// The head of an array of exactly `length` items.
///
/// # Errors
/// If the next item is none, or of another length.
pub fn array(decoder: &mut Decoder<'_>, length: u64) -> Result<(), Malformed> {
    if decoder.array()? == length { Ok(()) } else { Err(Malformed) }
}

/// The head of a byte string of `length`, for hashing around bytes that lie elsewhere.
pub(crate) fn bytes_head(length: usize, out: &mut [u8; 9]) -> &[u8] {
    let mut encoder = Encoder::new(Sink::new(out));
    let written = encoder.bytes_len(length as u64).map(|encoder| encoder.writer().length());
    out.get(..written.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    /// Examples of RFC 8949, appendix A, and their longer spellings.
    #[test]
    fn shortest_forms_only() {
        for good in [
            "00",
            "17",
            "1818",
            "190100",
            "1a00010000",
            "1b0000000100000000",
            "20",
            "40",
            "4401020304",
            "60",
            "6449455446",
            "80",
            "83010203",
            "a0",
            "a201020304",
            "f4",
            "f5",
            "f6",
        ] {
            assert!(is_deterministic(&hex(good)), "{good}");
        }
        for bad in [
            "",
            "1817",
            "1900ff",
            "1a0000ffff",
            "1b00000000ffffffff",
            "5f42010243030405ff",
            "7f657374726561646d696e67ff",
            "9f01ff",
            "bf6161019fff",
            "5801aa",
            "41",
            "a20304 0102",
            "a2 0102 0103",
            "a101",
            "8201",
            "61ff",
            "c100",
            "f7",
            "f90000",
            "fb3ff199999999999a",
            "e0",
            "0000",
            "1c",
            "ff",
            "9bffffffffffffffff",
            "bbffffffffffffffff",
            "5bffffffffffffffff",
        ] {
            assert!(!is_deterministic(&hex(bad)), "{bad}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| {
            let mut bytes = std::vec![0x81; depth];
            bytes.push(0);
            bytes
        };
        assert!(is_deterministic(&nested(8)));
        assert!(!is_deterministic(&nested(9)));
        assert!(!is_deterministic(&nested(4000)));
    }

    #[test]
    fn the_first_of_a_sequence() {
        assert_eq!(split_first(&[0x82, 1, 2, 0xf6, 9]), Some((&[0x82, 1, 2][..], &[0xf6, 9][..])));
        assert_eq!(split_first(&[0x82, 1]), None);
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|b| *b != b' ').collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }
}
