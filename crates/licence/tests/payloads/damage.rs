//! Truncated, lengthened and altered bytes, swept exhaustively.

use keyfob_licence::{Grant, Proof, Receipt, RootChange, SignedTime, Snapshot, Update, Wipe};
use keyfob_signed::Invalid;

use crate::{
    envelope, hex, read,
    vectors::{FILES, GRANT, PROOF, RECEIPT, ROOT_CHANGE, SNAPSHOT, TIME, UPDATE, WIPE},
    write,
};

/// Reads a payload as one type; what is accepted must come out again as the very same bytes.
type Reader = fn(&[u8]) -> Result<(), Invalid>;

macro_rules! reader {
    ($payload:ty) => {
        (stringify!($payload), |bytes: &[u8]| {
            let envelope = envelope(bytes);
            let payload: $payload = read(&envelope)?;
            assert_eq!(write(&payload).as_deref(), Some(bytes), "read {bytes:02x?} and wrote something else");
            Ok(())
        })
    };
}

/// Each vector with the reader of its type.
fn vectors() -> [((&'static str, Reader), Vec<u8>); 9] {
    [
        (reader!(Grant<'_>), hex(GRANT)),
        (reader!(Update<'_>), hex(UPDATE)),
        (reader!(Update<'_>), hex(FILES)),
        (reader!(Receipt<'_>), hex(RECEIPT)),
        (reader!(SignedTime), hex(TIME)),
        (reader!(Wipe), hex(WIPE)),
        (reader!(RootChange), hex(ROOT_CHANGE)),
        (reader!(Snapshot<'_>), hex(SNAPSHOT)),
        (reader!(Proof<'_>), hex(PROOF)),
    ]
}

#[test]
fn every_vector_is_read_by_its_own_type_only() {
    for ((written, _), bytes) in vectors() {
        for ((reading, read), _) in vectors() {
            assert_eq!(read(&bytes).is_ok(), written == reading, "{written} as {reading}");
        }
    }
}

#[test]
fn every_truncation_and_every_extension_is_refused() {
    for ((name, read), bytes) in vectors() {
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), Err(Invalid::Malformed), "{name} cut to {length}");
        }
        for more in 0..=u8::MAX {
            let longer = [&bytes[..], &[more]].concat();
            assert_eq!(read(&longer), Err(Invalid::Malformed), "{name} with {more:02x}");
        }
    }
}

/// All 255 other values of every byte: refused, or read and written back unchanged.
#[test]
fn every_altered_byte_is_refused_or_kept() {
    for ((name, read), bytes) in vectors() {
        let (mut refused, mut kept) = (0, 0);
        for place in 0..bytes.len() {
            for flip in 1..=u8::MAX {
                let mut altered = bytes.clone();
                altered[place] ^= flip;
                match read(&altered) {
                    Ok(()) => kept += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 0 && kept > 0, "{name}: {refused} refused, {kept} kept");
    }
}

/// Every byte left out, and every byte doubled, changes some length.
#[test]
fn every_lost_and_every_doubled_byte_is_refused_or_kept() {
    for ((_, read), bytes) in vectors() {
        for place in 0..bytes.len() {
            let (before, after) = bytes.split_at(place);
            let _ = read(&[before, &after[1..]].concat());
            let _ = read(&[before, &after[..1], after].concat());
        }
    }
}

/// Every item in turn replaced with one of each other type: a payload's types are fixed, only a name or a byte string
/// may be empty.
#[test]
fn every_item_of_another_type_is_refused() {
    let items = ["00", "20", "40", "60", "80", "a0", "f4", "f6"].map(hex);
    for ((name, read), bytes) in vectors() {
        for (start, end) in scalars(&bytes) {
            for item in &items {
                if item[0] >> 5 == bytes[start] >> 5 {
                    continue;
                }
                let altered = [&bytes[..start], item, &bytes[end..]].concat();
                assert_eq!(read(&altered), Err(Invalid::Malformed), "{name}, {item:02x?} at {start}");
            }
        }
    }
}

/// Where the integers, strings and simple values lie, by a walk of its own.
fn scalars(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut place = 0;
    while place < bytes.len() {
        let (major, info) = (bytes[place] >> 5, bytes[place] & 0x1f);
        let extra = [0, 1, 2, 4, 8][usize::from(info.saturating_sub(23))];
        let argument =
            bytes[place + 1..place + 1 + extra].iter().fold(0, |value, &byte| value << 8 | usize::from(byte));
        let value = if extra == 0 { usize::from(info) } else { argument };
        let end = place + 1 + extra + if matches!(major, 2 | 3) { value } else { 0 };
        if !matches!(major, 4 | 5) {
            found.push((place, end));
        }
        place = end;
    }
    found
}
