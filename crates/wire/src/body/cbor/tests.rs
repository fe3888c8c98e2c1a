extern crate std;
use super::super::{ApplyAnswer, Empty, SetTimeAnswer};
use crate::{Malformed, UnixTime};

const SEVEN: Result<SetTimeAnswer, Malformed> = Ok(SetTimeAnswer { mark: UnixTime(7) });

/// Values that a receiver of `{1: 7}` passes over behind key 2, each one item of definite length.
#[test]
fn unknown_keys_are_skipped() {
    let values: [&[u8]; 14] = [
        b"\x00",
        b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x43abc",
        b"\x63abc",
        b"\x80",
        b"\xa0",
        b"\x82\x81\x01\xa1\x02\x81\x41\x00",
        b"\xa2\x01\xa1\x01\x80\x02\x82\x00\x60",
        b"\xc1\xc2\x81\x00",
        b"\xf4",
        b"\xf6",
        b"\xf9\x3c\x00",
        b"\xfb\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\xf8\xff",
    ];
    for value in values {
        for key in [&b"\x02"[..], b"\x18\xff", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x20", b"\x38\xff"] {
            let body = [b"\xa2\x01\x07", key, value].concat();
            assert_eq!(SetTimeAnswer::parse(&body), SEVEN, "{body:02x?}");
            assert_eq!(Empty::parse(&body), Ok(Empty));
            for length in 1..body.len() {
                assert_eq!(SetTimeAnswer::parse(&body[..length]), Err(Malformed), "{length} of {body:02x?}");
            }
            let before = [b"\xa2\x00", value, b"\x01\x07"].concat();
            assert_eq!(SetTimeAnswer::parse(&before), SEVEN, "{before:02x?}");
        }
    }
}

#[test]
fn indefinite_lengths_and_reserved_items_are_refused() {
    let values: [&[u8]; 9] = [
        b"\x9f\xff",
        b"\xbf\xff",
        b"\x5f\x41a\xff",
        b"\x7f\x61a\xff",
        b"\x82\x01\x9f\xff",
        b"\xff",
        b"\x1c",
        b"\x5c",
        b"\xfc",
    ];
    for value in values {
        assert_eq!(SetTimeAnswer::parse(&[b"\xa2\x01\x07\x02", value].concat()), Err(Malformed), "{value:02x?}");
    }
    assert_eq!(SetTimeAnswer::parse(b"\xbf\x01\x07\xff"), Err(Malformed));
}

#[test]
fn keys_are_integers_in_order_and_each_once() {
    assert_eq!(ApplyAnswer::parse(b"\xa2\x01\x05\x02\x06"), Ok(ApplyAnswer { epoch: 5, number: 6 }));
    let wrong: [&[u8]; 8] = [
        b"\xa2\x02\x06\x01\x05",
        b"\xa3\x01\x05\x01\x05\x02\x06",
        b"\xa3\x01\x05\x02\x06\x02\x06",
        b"\xa4\x01\x05\x02\x06\x09\x00\x09\x00",
        b"\xa3\x20\x00\x01\x05\x02\x06",
        b"\xa4\x01\x05\x02\x06\x21\x00\x20\x00",
        b"\xa3\x01\x05\x02\x06\x61a\x00",
        b"\x84\x01\x05\x02\x06",
    ];
    for body in wrong {
        assert_eq!(ApplyAnswer::parse(body), Err(Malformed), "{body:02x?}");
    }
    assert!(ApplyAnswer::parse(b"\xa4\x01\x05\x02\x06\x20\x00\x21\x00").is_ok());
}

#[test]
fn types_are_not_bent() {
    for value in [&b"\x20"[..], b"\x41\x07", b"\x61\x37", b"\x81\x07", b"\xf5", b"\xf6", b"\xc1\x07", b"\xf9\x47\x00"] {
        assert_eq!(SetTimeAnswer::parse(&[b"\xa1\x01", value].concat()), Err(Malformed), "{value:02x?}");
    }
    assert_eq!(ApplyAnswer::parse(b"\xa2\x01\x1b\x00\x00\x00\x01\x00\x00\x00\x00\x02\x06"), Err(Malformed));
}

/// What claims to be long or deep costs no more than its bytes.
#[test]
fn bombs_fizzle() {
    for head in [b"\x9b", b"\xbb", b"\x5b", b"\x7b"] {
        for length in [u64::MAX, u64::MAX / 2 + 1, 1 << 40] {
            let body = [b"\xa2\x01\x07\x02", &head[..], &length.to_be_bytes()].concat();
            assert_eq!(SetTimeAnswer::parse(&body), Err(Malformed));
        }
    }
    let huge = [&b"\xbb"[..], &u64::MAX.to_be_bytes(), b"\x01\x07"].concat();
    assert_eq!(SetTimeAnswer::parse(&huge), Err(Malformed));
    for opening in [b"\x81", b"\xc1"] {
        let deep = [b"\xa2\x01\x07\x02".to_vec(), opening.repeat(100_000), b"\x00".to_vec()].concat();
        assert_eq!(SetTimeAnswer::parse(&deep), SEVEN);
    }
}

#[test]
fn empty_bodies_are_empty_maps() {
    assert_eq!(Empty::parse(b""), Ok(Empty));
    assert_eq!(Empty::parse(b"\xa0"), Ok(Empty));
    for body in [&b"\xa0\x00"[..], b"\x80", b"\x00", b"\xf6", b"\x40"] {
        assert_eq!(Empty::parse(body), Err(Malformed));
    }
    assert_eq!(SetTimeAnswer::parse(b""), Err(Malformed));
}
