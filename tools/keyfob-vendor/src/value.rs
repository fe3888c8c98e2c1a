//! What people type: numbers, keys, times.

use std::path::Path;

use jiff::Timestamp;
use keyfob::{FeatureId, ProductId, Serial, UnixTime};
use keyfob_crypto::{PublicKey, RustCrypto};
use keyfob_signed::{Levels, MakerRoot, Rights};
use keyfob_terminal::{Exit, Failure, read};
use keyfob_wire::Subject;

pub(crate) fn feature(text: &str) -> Result<FeatureId, String> {
    match text.parse() {
        Ok(number) if number != 0 => Ok(FeatureId(number)),
        _ => Err("a feature is a number from 1 to 4294967295".into()),
    }
}

pub(crate) fn product(text: &str) -> Result<ProductId, String> {
    match text.parse() {
        Ok(number) if number != 0 => Ok(ProductId(number)),
        _ => Err("a product is a number from 1 to 4294967295".into()),
    }
}

pub(crate) fn serial(text: &str) -> Result<Serial, String> {
    text.parse().map_err(|error: keyfob_wire::SerialError| error.to_string())
}

/// Reads an app's name: it is the subject of the app's certificate, so it must fit there.
pub(crate) fn subject(text: &str) -> Result<Subject, String> {
    let mut subject = Subject([b' '; 8]);
    let fits = (1..=subject.0.len()).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !fits || text.trim() != text {
        return Err("an app's name has 1 to 8 letters, digits or signs of ASCII".into());
    }
    subject.0.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    Ok(subject)
}

pub(crate) fn rights(text: &str) -> Result<Rights, String> {
    text.split(',').try_fold(Rights::default(), |rights, word| {
        let right = match word.trim() {
            "check" => Rights::CHECK,
            "spend" => Rights::SPEND,
            "unlock" => Rights::UNLOCK,
            "read" => Rights::READ,
            "write" => Rights::WRITE,
            "keys" => Rights::KEYS,
            "prove" => Rights::PROVE,
            _ => {
                let words = "rights are check, spend, unlock, read, write, keys and prove, separated by commas";
                return Err(words.to_owned());
            }
        };
        Ok(rights.and(right))
    })
}

/// The words of an app's rights.
pub(crate) fn rights_words(rights: Rights) -> Vec<&'static str> {
    let all = [
        ("check", Rights::CHECK),
        ("spend", Rights::SPEND),
        ("unlock", Rights::UNLOCK),
        ("read", Rights::READ),
        ("write", Rights::WRITE),
        ("keys", Rights::KEYS),
        ("prove", Rights::PROVE),
    ];
    all.into_iter().filter(|(_, right)| rights.include(*right)).map(|(word, _)| word).collect()
}

/// Reads levels of real fobs, such as `sealed,anchored`.
pub(crate) fn levels(text: &str) -> Result<Levels, String> {
    let (keys, state) = text.split_once(',').unwrap_or((text, ""));
    let place = |words: &[&str], word: &str| {
        words.iter().position(|other| *other == word.trim()).and_then(|place| u8::try_from(place).ok())
    };
    let levels = place(&KEYS, keys).zip(place(&STATES, state));
    levels
        .and_then(|(keys, state)| Levels::from_number(keys << 1 | state << 3))
        .ok_or_else(|| format!("levels are one of {}, a comma, and one of {}", KEYS.join(", "), STATES.join(", ")))
}

/// The words of a fob's levels.
pub(crate) fn levels_words(levels: Levels) -> String {
    let word = |words: &[&'static str], place: u8| words.get(usize::from(place)).copied().unwrap_or("unknown");
    let emulated = if levels.is_emulated() { "EMULATED, " } else { "" };
    format!("{emulated}keys {}, state {}", word(&KEYS, levels.keys()), word(&STATES, levels.rollback()))
}

const KEYS: [&str; 3] = ["clear", "sealed", "secure-element"];
const STATES: [&str; 3] = ["restorable", "anchored", "strong"];

/// Reads seconds since 1970, or a time as RFC 3339 writes it.
pub(crate) fn time(text: &str) -> Result<UnixTime, String> {
    let wrong = || "a time is like 2027-01-31T12:00:00Z, or seconds since 1970, and not 0".to_owned();
    let time = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| wrong())?
    } else {
        let second = text.parse::<Timestamp>().map_err(|_| wrong())?.as_second();
        u64::try_from(second).map_err(|_| wrong())?
    };
    if time == 0 { Err(wrong()) } else { Ok(UnixTime(time)) }
}

pub(crate) fn nonce(text: &str) -> Result<[u8; 16], String> {
    let bytes = hex(text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| "a fob's nonce is 32 hexadecimal digits".to_owned())
}

pub(crate) fn root(text: &str) -> Result<PublicKey, String> {
    public_key(text).ok_or_else(|| "a root key is 66 hexadecimal digits, a point of P-256".to_owned())
}

/// Reads a maker's root key: the digits themselves, or a file that has them.
pub(crate) fn maker_root(text: &str) -> Result<MakerRoot, Failure> {
    if let Some(key) = public_key(text) {
        return Ok(MakerRoot(key));
    }
    if hex(text).is_some() {
        return Err(Failure::usage(format_args!(
            "--maker {text}: a root key is 66 hexadecimal digits, a point of P-256"
        )));
    }
    let bytes = read(Path::new(text))?;
    let key = std::str::from_utf8(&bytes).ok().and_then(|digits| public_key(digits.trim()));
    let wrong = || Failure::new("file-unknown", Exit::Failure, format_args!("{text} isn't a file with a root key"));
    key.map(MakerRoot).ok_or_else(wrong)
}

fn public_key(text: &str) -> Option<PublicKey> {
    let key = PublicKey(hex(text)?.try_into().ok()?);
    key.check::<RustCrypto>().ok().map(|()| key)
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    text.as_bytes().chunks(2).map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_apps_fit_a_subject() {
        assert_eq!(subject("CAD 7"), Ok(Subject(*b"CAD 7   ")));
        assert_eq!(subject("exporter"), Ok(Subject(*b"exporter")));
        for text in ["", " ", "exporters", "größe", "a\nb", " a", "a "] {
            assert!(subject(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn levels_read_as_they_are_numbered() {
        assert_eq!(levels("sealed,anchored").map(Levels::number), Ok(0b01010));
        assert_eq!(levels("secure-element,strong").map(Levels::number), Ok(0b10100));
        assert_eq!(levels("clear,restorable").map(Levels::number), Ok(0));
        for text in ["", "sealed", "anchored,sealed", "sealed,anchored,x", "emulated", "SEALED,ANCHORED"] {
            assert!(levels(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn rights_are_a_set() {
        assert_eq!(rights("unlock,check,check").map(rights_words), Ok(vec!["check", "unlock"]));
        for text in ["", "check,", "all", "Check"] {
            assert!(rights(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn times_and_nonces() {
        assert_eq!(time("2026-01-01T01:00:00+01:00"), Ok(UnixTime(1_767_225_600)));
        assert_eq!(time("1767225600"), Ok(UnixTime(1_767_225_600)));
        for text in ["", "0", "now", "2026-01-01", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "-1"] {
            assert!(time(text).is_err(), "{text:?}");
        }
        assert_eq!(nonce(&"0f".repeat(16)), Ok([15; 16]));
        for text in ["", "0f", &"0f".repeat(15), &"0f".repeat(17), &"+f".repeat(16)] {
            assert!(nonce(text).is_err(), "{text:?}");
        }
    }
}
