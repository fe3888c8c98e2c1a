//! Every code has a hint and a section in `docs/errors.md`, and neither has anything else.

use std::collections::BTreeSet;
use std::io;

use keyfob::{Error, Status, TEXTS, TokenUri, text};

/// The sections of one part of the page.
fn sections(part: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/errors.md");
    let (_, part) = page.split_once(&format!("\n# {part}\n")).expect("the part");
    part.lines().take_while(|line| !line.starts_with("# ")).filter_map(|line| line.strip_prefix("## ")).collect()
}

/// One error of each variant that isn't a status. The compiler doesn't hold it to the enum, which is open to additions:
/// `variants_are_all_here` does.
fn errors() -> Vec<Error> {
    let uri = || "unix:x".to_owned();
    vec![
        "nothing".parse::<TokenUri>().unwrap_err().into(),
        Error::NoToken,
        Error::SeveralTokens(vec![uri()]),
        Error::Unreachable { uri: uri(), source: io::ErrorKind::NotFound.into() },
        Error::Permission { uri: uri() },
        Error::DeviceBusy { uri: uri() },
        Error::DriverBound { uri: uri() },
        Error::Stalled,
        Error::NoLabel("bench".into()),
        Error::Labels("damaged".into()),
        Error::Unplugged,
        Error::TimedOut,
        Error::NotAToken,
        Error::Version(keyfob_client::OpenError::Version { lowest: 2, highest: 2 }),
        Error::OtherVendor,
        Error::Emulated,
        Error::NotGenuine,
        Error::SessionRefused,
        Error::SessionLost,
        Error::Credential,
        Error::Answer,
        Error::TooLong,
    ]
}

fn codes() -> BTreeSet<&'static str> {
    let refusals = Status::ALL.iter().copied().filter(|&status| status != Status::Ok).map(Error::Refused);
    errors().into_iter().chain(refusals).map(|error| error.code()).collect()
}

/// The codes in the text of `Error::code`, so that a new variant can't be forgotten here.
#[test]
fn variants_are_all_here() {
    let source = include_str!("../src/error.rs");
    let (_, body) = source.split_once("pub fn code(&self)").unwrap();
    let (body, _) = body.split_once("\n    }\n").unwrap();
    let written: BTreeSet<_> = body.lines().filter_map(|line| line.split('"').nth(1)).collect();
    let made: BTreeSet<_> = errors().iter().map(Error::code).collect();
    assert_eq!(written, made);
}

#[test]
fn every_code_has_a_hint_and_no_hint_is_left_over() {
    let hinted: Vec<_> = TEXTS.iter().map(|text| text.code).collect();
    assert_eq!(hinted.iter().copied().collect::<BTreeSet<_>>(), codes());
    assert_eq!(hinted.len(), codes().len(), "a code comes twice");
}

#[test]
fn every_code_has_a_section_and_no_section_is_left_over() {
    let sections = sections("Fobs and the library");
    assert_eq!(sections.iter().copied().collect::<BTreeSet<_>>(), codes());
    assert_eq!(sections.len(), codes().len(), "a section comes twice");
}

#[test]
fn hints_are_one_line_that_says_something() {
    for entry in TEXTS {
        assert!(entry.hint.len() > 10 && !entry.hint.contains('\n'), "{}", entry.code);
        assert_eq!(text(entry.code), Some(entry));
    }
    for error in errors() {
        assert_eq!(Some(error.hint()), text(error.code()).map(|text| text.hint));
    }
    assert_eq!(text("no such code"), None);
}

#[test]
fn who_may_not_open_a_fob_on_usb_is_shown_the_rule() {
    for uri in ["hid:/dev/hidraw3", "usb:1-2"] {
        let hint = Error::Permission { uri: uri.into() }.hint();
        assert!(hint.contains("keyfob doctor --print-udev | sudo tee /etc/udev/rules.d/70-keyfob.rules"), "{hint}");
    }
    let hint = Error::Permission { uri: "unix:/run/usb.sock".into() }.hint();
    assert_eq!(Some(hint), text("device-permission").map(|text| text.hint));
}
