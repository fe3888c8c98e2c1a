//! Secrets, and the search for them in what was said.

use std::collections::{BTreeMap, BTreeSet};

use keyfob_crypto::{AgreementKey, P256Agreement, Secret};
use keyfob_signed::AppCredential;

use crate::support::Content;

/// As many bytes as are no accident.
const WINDOW: usize = 8;

/// Each secret and where it was.
pub(crate) type Secrets = BTreeMap<Vec<u8>, String>;

/// Adds the secrets of key files and credentials.
pub(crate) fn add_files(secrets: &mut Secrets, content: &Content) {
    for (path, (_, bytes)) in content {
        let secret: Option<Vec<u8>> = match path.extension().and_then(|end| end.to_str()) {
            Some("key") => {
                let digits = std::str::from_utf8(bytes).unwrap().trim().rsplit(' ').next().unwrap();
                let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
                (0..64).step_by(2).map(byte).collect()
            }
            Some("app") => AppCredential::parse(bytes).ok().map(|app| app.secret.expose().to_vec()),
            _ => None,
        };
        // Those that the test has damaged are copies.
        if let Some(secret) = secret {
            secrets.entry(secret).or_insert_with(|| path.display().to_string());
        }
    }
}

/// Adds the secret keys in a fob's flash, and counts them: the 32 bytes whose public key is there, too.
pub(crate) fn add_flash(secrets: &mut Secrets, flash: &[u8]) -> usize {
    let written: Vec<_> = flash.windows(32).filter(|bytes| bytes.iter().any(|byte| *byte != 0xff)).collect();
    let there: BTreeSet<_> = written.iter().collect();
    let mut count = 0;
    for bytes in &written {
        let key = Secret::from_slice(bytes).map(|secret| P256Agreement::from_secret(&secret));
        if let Some(Ok(key)) = key
            && there.contains(&&key.public().0[1..])
        {
            secrets.insert(bytes.to_vec(), format!("flash {count}"));
            count += 1;
        }
    }
    count
}

/// Finds secrets, and windows of them, in what was said.
pub(crate) fn find(secrets: &Secrets, said: &[u8]) -> Vec<String> {
    let raw: String = said.iter().copied().map(char::from).collect();
    let dense: String = raw.chars().filter(|sign| !sign.is_whitespace() && *sign != ':').collect();
    let base64 = dense.replace('-', "+").replace('_', "/");
    let lower = dense.to_lowercase();
    let mut found = Vec::new();
    for (secret, place) in secrets {
        for (at, window) in secret.windows(WINDOW).enumerate() {
            let text: String = window.iter().copied().map(char::from).collect();
            let hex: String = window.iter().map(|byte| format!("{byte:02x}")).collect();
            let numbers = window.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
            let is_said = raw.contains(&text)
                || lower.contains(&hex)
                || dense.contains(&numbers)
                || (0..3).any(|shift| base64.contains(&base64_within(window, shift)));
            if is_said {
                found.push(format!("{place} from byte {at}"));
            }
        }
    }
    found
}

/// The digits of base64 that follow from some bytes alone, `shift` bytes after a group's begin.
fn base64_within(bytes: &[u8], shift: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let first = (6 - shift * 8 % 6) % 6;
    let places = (first..).step_by(6).take_while(|at| at + 6 <= bytes.len() * 8);
    places.map(|at| char::from(DIGITS[usize::from((at..at + 6).fold(0, |sum, at| sum << 1 | bit(at)))])).collect()
}

#[test]
fn every_form_is_found() {
    let secret: Vec<u8> = (0..32).map(|byte: u8| byte.wrapping_mul(37) ^ 0xa5).collect();
    let secrets = Secrets::from([(secret.clone(), "it".to_owned())]);
    let part = &secret[11..19];
    let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
    let spaced: String = part.iter().map(|byte| format!("{byte:02X}:\n")).collect();
    for said in
        [part.to_vec(), hex.clone().into(), hex.to_uppercase().into(), spaced.into(), format!("{part:?}").into()]
    {
        assert_eq!(find(&secrets, &[b"said: ", &said[..], b"."].concat()), ["it from byte 11"]);
        assert!(find(&secrets, &said[..said.len() - 4]).is_empty());
    }
    // RFC 4648, section 10: "foobar" is Zm9vYmFy.
    assert_eq!(base64_within(b"foobar", 0), "Zm9vYmFy");
    assert_eq!(base64_within(b"oobar", 1), "9vYmFy");
    assert_eq!(base64_within(b"obar", 2), "vYmFy");
}
