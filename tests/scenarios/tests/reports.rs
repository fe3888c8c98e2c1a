//! How many reports everything takes, over a real connection. The table of `docs/spec.md`, §11, is this test's.

#![cfg(unix)]

use std::path::Path;

use keyfob_conformance::{Bench, Served};
use keyfob_scenarios::{Rows, Tapped};

#[test]
fn every_command_takes_what_the_specification_says() {
    let rig = Tapped::new(Served::unix().unwrap());
    let tally = rig.tally.clone();
    let mut bench = Bench::new(rig).unwrap();
    let rows = Rows::of(&mut bench, Box::new(move || tally.get()));

    assert_eq!(rows.find("check"), (1, 1));
    assert_eq!(rows.find("RESUME"), (1, 1));
    assert_eq!(rows.find("spend"), (1, 1));
    let (init, opening) = (rows.find("INIT"), rows.find("OPEN, FINISH"));
    assert_eq!(init, (1, 1));
    assert!(init.0 + init.1 + opening.0 + opening.1 <= 13, "{init:?} and {opening:?}");
    compare(&rows.to_string());
}

const HEADING: &str = "## 11. Reports per command";

/// Compares the table with the specification's, or writes it there with `UPDATE=1`.
fn compare(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let start = text.find(HEADING).expect("the section is there");
    let start = start + text[start..].find("\n| ").expect("the section has a table") + 1;
    let end = text[start..].find("\n\n").map_or(text.len(), |length| start + length + 1);
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&path, [&text[..start], table, &text[end..]].concat()).unwrap();
    } else {
        assert_eq!(&text[start..end], table, "UPDATE=1 writes the table anew");
    }
}
