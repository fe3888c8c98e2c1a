//! Grants, updates, receipts and signed time: pinned bytes, round trips, and everything that must be refused.

mod damage;
mod grant;
mod others;
mod vectors;

use keyfob_signed::{Invalid, Payload, read_unverified};
use minicbor::Encoder;

/// Wraps a payload as the envelope does; the signature is of no matter here.
fn envelope(payload: &[u8]) -> Vec<u8> {
    let head = u16::try_from(payload.len()).unwrap();
    let length = match head {
        0..=23 => vec![0x40 | payload.len() as u8],
        24..=255 => vec![0x58, payload.len() as u8],
        _ => [&[0x59][..], &head.to_be_bytes()].concat(),
    };
    [&[0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0], &length[..], payload, &[0x58, 0x40], &[1; 64]].concat()
}

/// Reads a payload out of an envelope, as tokens and hosts do, and hands it on.
fn read<'a, T: Payload<'a>>(envelope: &'a [u8]) -> Result<T, Invalid> {
    read_unverified(envelope)
}

fn write<'a, T: Payload<'a>>(payload: &T) -> Option<Vec<u8>> {
    let mut buffer = [0; 4096];
    let mut rest = &mut buffer[..];
    payload.encode(&mut Encoder::new(&mut rest)).ok()?;
    let unused = rest.len();
    Some(buffer[..buffer.len() - unused].to_vec())
}

/// Bytes of hexadecimal digits, with white space and `*n` after a byte that is repeated.
fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .flat_map(|word| match word.split_once('*') {
            Some((byte, count)) => hex::decode(byte).unwrap().repeat(count.parse().unwrap()),
            None => hex::decode(word).unwrap(),
        })
        .collect()
}
