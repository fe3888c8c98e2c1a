//! Encodings that Project Wycheproof's vectors have and the token hasn't, for whoever runs them.

/// Reads `SEQUENCE { r INTEGER, s INTEGER }` in DER, of numbers that fit 32 bytes.
#[must_use]
pub fn signature_from_der(der: &[u8]) -> Option<[u8; 64]> {
    let (content, rest) = element(0x30, der)?;
    let (r, content) = element(0x02, content)?;
    let (s, end) = element(0x02, content)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    [unsigned(r)?, unsigned(s)?].concat().try_into().ok()
}

/// Reads the one encoding of a P-256 key by the curve's name, with an uncompressed or a compressed point.
#[must_use]
pub fn subject_public_key(der: &[u8]) -> Option<Vec<u8>> {
    [UNCOMPRESSED, COMPRESSED].iter().find_map(|header| der.strip_prefix(*header)).map(<[u8]>::to_vec)
}

/// Brings a big-endian number to 32 bytes, if it fits.
#[must_use]
pub fn to_32(number: &[u8]) -> Option<[u8; 32]> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let mut out = [0; 32];
    let from = 32usize.checked_sub(number.len() - start)?;
    out[from..].copy_from_slice(&number[start..]);
    Some(out)
}

fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes {
        [found, length @ 0..0x80, rest @ ..] if *found == tag => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

fn unsigned(integer: &[u8]) -> Option<[u8; 32]> {
    let magnitude = match integer {
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => rest,
        [0] => integer,
        [1..0x80, ..] => integer,
        _ => return None,
    };
    to_32(magnitude)
}

/// What comes before an uncompressed point: id-ecPublicKey, prime256v1 (RFC 5480 §2).
const UNCOMPRESSED: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
/// And before a compressed one.
const COMPRESSED: &[u8] =
    b"\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x22\x00";
