//! The decoder beside `minicbor`, on every input of two bytes in front of several tails.

extern crate std;
use super::Decoder;
use minicbor::data::Type;
use std::fmt::Debug;
use std::vec::Vec;

/// What follows the first two bytes: nothing, too little, and enough of several things.
const TAILS: [&[u8]; 8] = [
    &[],
    &[0],
    &[0, 1, 2],
    &[0, 0, 0, 0, 0, 0, 7, 0xf6],
    &[0xff; 9],
    b"abcdefghijklmnopqrstuvwxyz012345",
    &[0x81, 0xa1, 0x01, 0x40, 0x60, 0xf4, 0xf5, 0xf6, 0x20, 0x82, 0, 0],
    &[0x7f, 0x61, 0x61, 0xff, 0xc3, 0xa9],
];

fn every_input(mut check: impl FnMut(&[u8])) {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            for tail in TAILS {
                check(&[&[first, second], tail].concat());
            }
        }
        check(&[first]);
    }
    check(&[]);
}

/// The same value and the same end, or an error in both.
fn same<'b, T: PartialEq + Debug>(
    input: &'b [u8],
    ours: impl Fn(&mut Decoder<'b>) -> Option<T>,
    theirs: impl Fn(&mut minicbor::Decoder<'b>) -> Option<T>,
) {
    let (mut decoder, mut peer) = (Decoder::new(input), minicbor::Decoder::new(input));
    let (found, expected) = (ours(&mut decoder), theirs(&mut peer));
    assert_eq!(found, expected, "{input:02x?}");
    if expected.is_some() {
        assert_eq!(decoder.position(), peer.position(), "{input:02x?}");
    }
}

#[test]
fn single_items_are_read_as_by_the_peer() {
    every_input(|input| {
        same(input, |ours| ours.u64().ok(), |peer| peer.u64().ok());
        same(input, |ours| ours.u32().ok(), |peer| peer.u32().ok());
        same(input, |ours| ours.u16().ok(), |peer| peer.u16().ok());
        same(input, |ours| ours.u8().ok(), |peer| peer.u8().ok());
        same(input, |ours| ours.bytes().ok(), |peer| peer.bytes().ok());
        same(input, |ours| ours.str().ok(), |peer| peer.str().ok());
        same(input, |ours| ours.bool().ok(), |peer| peer.bool().ok());
        same(input, |ours| ours.skip_null().then_some(()), |peer| peer.null().ok());
        same(input, |ours| ours.array().ok(), |peer| peer.array().ok().flatten());
        same(input, |ours| ours.map().ok(), |peer| peer.map().ok().flatten());
        let integer = |ours: &mut Decoder<'_>| {
            let (negative, number) = ours.integer().ok()?;
            Some(if negative { -1 - i128::from(number) } else { i128::from(number) })
        };
        same(input, integer, |peer| peer.int().ok().map(i128::from));
    });
}

/// What the peer passes over, but for what has no definite length.
fn skip(peer: &mut minicbor::Decoder<'_>) -> Option<()> {
    let mut items = 1_u64;
    while items > 0 {
        let inside = match peer.datatype().ok()? {
            Type::Array => peer.array().ok()??,
            Type::Map => peer.map().ok()??.checked_mul(2)?,
            Type::Tag => peer.tag().map(|_| 1).ok()?,
            Type::ArrayIndef | Type::MapIndef | Type::BytesIndef | Type::StringIndef => return None,
            Type::Break | Type::Unknown(_) => return None,
            _ => peer.skip().map(|()| 0).ok()?,
        };
        items = (items - 1).checked_add(inside)?;
    }
    Some(())
}

#[test]
fn what_is_passed_over_ends_where_it_does_for_the_peer() {
    every_input(|input| same(input, |ours| ours.skip().ok(), skip));
    // Nested, with every byte at each place.
    let nested = [0xa2, 0x01, 0x83, 0x18, 0x20, 0x62, 0xc3, 0xa9, 0xc1, 0xfb, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x42, 0, 0];
    for place in 0..nested.len() {
        for byte in 0..=u8::MAX {
            let mut altered: Vec<u8> = nested.to_vec();
            altered[place] = byte;
            for length in 0..=altered.len() {
                same(&altered[..length], |ours| ours.skip().ok(), skip);
            }
        }
    }
}
