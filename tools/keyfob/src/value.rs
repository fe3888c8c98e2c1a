//! What people type: numbers, keys, times.

use jiff::Timestamp;
use keyfob::{FeatureId, FileId, Modules, ProductId, Serial, UnixTime};
use keyfob_crypto::{PublicKey, RustCrypto};
use keyfob_signed::{MakerRoot, VendorRoot};
use keyfob_wire::PartitionId;

pub(crate) fn feature(text: &str) -> Result<FeatureId, String> {
    match text.parse() {
        Ok(number) if number != 0 => Ok(FeatureId(number)),
        _ => Err("a feature is a number from 1 to 4294967295".into()),
    }
}

pub(crate) fn serial(text: &str) -> Result<Serial, String> {
    text.parse().map_err(|_| "a serial is like KF-40E2-91AC-0B7D-22F3".into())
}

pub(crate) fn modules(text: &str) -> Result<Modules, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_hex = digits.len() <= 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let wrong = |_| "modules are up to 16 hexadecimal digits, one bit for each module".to_owned();
    u64::from_str_radix(if is_hex { digits } else { "" }, 16).map(Modules).map_err(wrong)
}

pub(crate) fn vendor_root(text: &str) -> Result<VendorRoot, String> {
    public_key(text).map(VendorRoot)
}

pub(crate) fn maker_root(text: &str) -> Result<MakerRoot, String> {
    public_key(text).map(MakerRoot)
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    let wrong = || "a root key is 66 hexadecimal digits, a compressed point of P-256".to_owned();
    let bytes = hex(text).and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
    let key = PublicKey(bytes);
    key.check::<RustCrypto>().map(|()| key).map_err(|_| wrong())
}

pub(crate) fn partition(text: &str) -> Result<PartitionId, String> {
    let bytes = hex(text).and_then(|bytes| PartitionId::from_slice(&bytes));
    bytes.ok_or_else(|| "a partition is 16 hexadecimal digits".to_owned())
}

/// Reads a product and a file of it, such as `7/3`.
pub(crate) fn file(text: &str) -> Result<(ProductId, FileId), String> {
    let (product, file) = text.split_once('/').unwrap_or_default();
    match (product.parse(), file.parse()) {
        (Ok(product), Ok(file)) if product != 0 => Ok((ProductId(product), FileId(file))),
        _ => Err("a file is named by its product and its number, such as 7/3".into()),
    }
}

pub(crate) fn product(text: &str) -> Result<ProductId, String> {
    match text.parse() {
        Ok(number) if number != 0 => Ok(ProductId(number)),
        _ => Err("a product is a number from 1 to 4294967295".into()),
    }
}

pub(crate) fn nonce(text: &str) -> Result<Vec<u8>, String> {
    let bytes = hex(text).filter(|bytes| (8..=64).contains(&bytes.len()));
    bytes.ok_or_else(|| "a nonce is 16 to 128 hexadecimal digits".to_owned())
}

/// Reads seconds since 1970, or a time as RFC 3339 writes it.
pub(crate) fn time(text: &str) -> Result<UnixTime, String> {
    let wrong = || "a time is like 2027-01-31T12:00:00Z, or seconds since 1970".to_owned();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(UnixTime).map_err(|_| wrong());
    }
    let second = text.parse::<Timestamp>().map_err(|_| wrong())?.as_second();
    u64::try_from(second).map(UnixTime).map_err(|_| wrong())
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    text.as_bytes().chunks(2).map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, seconds) in [
            ("0", 0),
            ("1767225600", 1_767_225_600),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
            ("2026-01-01T01:00:00+01:00", 1_767_225_600),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(time(text), Ok(UnixTime(seconds)), "{text}");
        }
        for text in
            ["", "-1", "now", "2026-01-01", "1969-12-31T23:59:59Z", "18446744073709551616", "2026-13-01T00:00:00Z"]
        {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hexadecimal_numbers() {
        assert_eq!(modules("0x5"), Ok(Modules(5)));
        assert_eq!(modules("ffffffffffffffff"), Ok(Modules(u64::MAX)));
        for text in ["", "0x", "g", "+5", "10000000000000000", "-1"] {
            assert!(modules(text).is_err(), "{text}");
        }
        assert_eq!(nonce("0011223344556677"), Ok(vec![0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]));
        for text in ["", "00", "001122334455667", "+011223344556677", &"00".repeat(65)] {
            assert!(nonce(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_is_named_by_its_product() {
        assert_eq!(file("7/3"), Ok((ProductId(7), FileId(3))));
        assert_eq!(file("4294967295/65535"), Ok((ProductId(u32::MAX), FileId(65_535))));
        for text in ["", "7", "/", "7/", "/3", "0/3", "7/65536", "4294967296/1", "7/3/1", "-1/3", "7/x"] {
            assert!(file(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_root_key_is_a_point() {
        let text = to_hex(&keyfob_signed::TEST_MAKER_ROOT.0.0);
        assert_eq!(maker_root(&text), Ok(keyfob_signed::TEST_MAKER_ROOT));
        assert_eq!(maker_root(&text.to_uppercase()), Ok(keyfob_signed::TEST_MAKER_ROOT));
        for text in
            ["", "02", &text[2..], &"0".repeat(66), &format!("04{}", &text[2..]), &format!("02{}", "f".repeat(64))]
        {
            assert!(vendor_root(text).is_err(), "{text}");
        }
    }
}
