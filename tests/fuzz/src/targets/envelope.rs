//! Envelopes: deterministic encoding, held to a decoder that builds values; and signatures over it.

use arbitrary::{Result, Unstructured};
use keyfob_crypto::{PublicKey, SigningKey};
use keyfob_licence::{Grant, Update};
use keyfob_signed::{Certificate, Endorsement, Payload, Verified, cbor, read_unverified, verify};
use keyfob_wire::{PartitionId, Serial};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use crate::cast::{cast, noise};
use crate::edits::edit;
use crate::toy::Toy;

/// The first byte says whether the rest is CBOR or edits of what was signed.
pub(super) fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, bytes)) => deterministic(bytes),
        Some((_, choices)) => drop(signatures(&mut Unstructured::new(choices))),
        None => {}
    }
}

/// Bytes are deterministic if and only if they are what their value is written as.
fn deterministic(bytes: &[u8]) {
    let mut decoder = Decoder::new(bytes);
    let value = value(&mut decoder, DEPTH).filter(|_| decoder.position() == bytes.len());
    assert_eq!(cbor::is_deterministic(bytes), value.is_some_and(|value| value == bytes));
    match cbor::split_first(bytes) {
        Some((first, rest)) => {
            assert!(cbor::is_deterministic(first));
            assert_eq!([first, rest].concat(), bytes);
        }
        None => assert!(!cbor::is_deterministic(bytes)),
    }
}

/// How deep values may lie in each other.
const DEPTH: usize = 8;

/// Reads a value and writes it as RFC 8949, section 4.2.1, has it.
fn value(decoder: &mut Decoder<'_>, depth: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out);
    match decoder.datatype().ok()? {
        Type::Bool => drop(encoder.bool(decoder.bool().ok()?)),
        Type::Null => {
            decoder.null().ok()?;
            encoder.null().ok()?;
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => drop(encoder.u64(decoder.u64().ok()?)),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => drop(encoder.int(decoder.int().ok()?)),
        Type::Bytes => drop(encoder.bytes(decoder.bytes().ok()?)),
        Type::String => drop(encoder.str(decoder.str().ok()?)),
        Type::Array => {
            let (length, depth) = (decoder.array().ok()??, depth.checked_sub(1)?);
            encoder.array(length).ok()?;
            for _ in 0..length {
                out.extend(value(decoder, depth)?);
            }
        }
        Type::Map => {
            let (length, depth) = (decoder.map().ok()??, depth.checked_sub(1)?);
            encoder.map(length).ok()?;
            let mut pairs = Vec::new();
            for _ in 0..length {
                pairs.push((value(decoder, depth)?, value(decoder, depth)?));
            }
            pairs.sort();
            if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return None;
            }
            pairs.into_iter().for_each(|(key, value)| out.extend([key, value].concat()));
        }
        _ => return None,
    }
    Some(out)
}

/// What was signed verifies as it is, and in no other form, for nobody else, as nothing else.
fn signatures(input: &mut Unstructured<'_>) -> Result<()> {
    let cast = cast();
    let genuine = input.choose(&cast.signed)?;
    let mut edited = edit(genuine, input)?;
    if input.ratio(1, 8u8)? {
        // The signature's twin: its s begins 32 bytes from the end.
        let place = edited.len().checked_sub(32);
        place.and_then(|place| edited.get_mut(place)).into_iter().for_each(|byte| *byte ^= 0x80);
    }
    let vendor = cast.vendor.0;
    let signer = PublicKey(edit(&vendor.0, input)?.try_into().unwrap_or([0; 33]));
    let (serial, partition) = cast.binding();
    let serial = Serial(edit(&serial.0, input)?.try_into().unwrap_or_default());
    let partition = PartitionId(edit(&partition.0, input)?.try_into().unwrap_or_default());
    let alike = |same: bool| same && signer == vendor && edited == *genuine;

    let to_token = alike(serial == cast.serial);
    let to_partition = to_token && partition == cast.binding().1;
    same::<Certificate>(&edited, verify::<Toy, _>(&edited, &signer, &()), alike(is_vendors::<Certificate>(genuine)));
    same::<Endorsement>(&edited, verify::<Toy, _>(&edited, &signer, &serial), to_token && *genuine == cast.endorsement);
    let binding = (serial, partition);
    let grant = to_partition && is_vendors::<Grant<'_>>(genuine);
    same::<Grant<'_>>(&edited, verify::<Toy, _>(&edited, &signer, &binding), grant);
    let update = to_partition && is_vendors::<Update<'_>>(genuine);
    same::<Update<'_>>(&edited, verify::<Toy, _>(&edited, &signer, &binding), update);
    Ok(())
}

/// Whether something in the corpus is of a kind, and signed by the vendor's root.
fn is_vendors<'a, T: Payload<'a>>(genuine: &'a [u8]) -> bool {
    let cast = cast();
    let root = SigningKey::public(&cast.vendor_key);
    let certificates = || {
        [
            cast.credential.windows(genuine.len()).any(|part| part == genuine),
            *genuine == *cast.update_signer_certificate,
        ]
        .contains(&true)
    };
    read_unverified::<T>(genuine).is_ok() && root == cast.vendor.0 && (T::KIND != Certificate::KIND || certificates())
}

fn same<'a, T: Payload<'a>>(
    bytes: &[u8],
    verified: core::result::Result<Verified<T>, keyfob_signed::Invalid>,
    expected: bool,
) {
    assert_eq!(verified.is_ok(), expected, "{:?} of {} bytes", T::KIND, bytes.len());
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let items: [&[u8]; 8] = [
        &[0xf5],
        &[0x38, 0xff],
        &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0],
        &[0xa2, 0x01, 0x02, 0x03, 0x80],
        &[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x00],
        &[0x63, 0x61, 0xc3, 0xa4],
        &[0x18, 0x18],
        &[0x9f, 0xff],
    ];
    let signed = cast().signed.iter().map(Vec::as_slice);
    let cbor = items.into_iter().chain(signed).map(|item| [&[0], item].concat());
    cbor.chain((0..16).map(|seed| [vec![1], noise(seed, 16), vec![0; 24]].concat())).chain([vec![1; 40]]).collect()
}
