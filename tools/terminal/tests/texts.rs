//! Every code of the commands has a section in `docs/errors.md`, and no section is left over.

use std::collections::BTreeSet;

use keyfob_terminal::{TEXTS, text};

fn sections() -> Vec<&'static str> {
    let page = include_str!("../../../docs/errors.md");
    let (_, part) = page.split_once("\n# Commands\n").expect("the part");
    part.lines().take_while(|line| !line.starts_with("# ")).filter_map(|line| line.strip_prefix("## ")).collect()
}

#[test]
fn every_code_has_a_section_and_no_section_is_left_over() {
    let codes: Vec<_> = TEXTS.iter().map(|text| text.code).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>(), sections().iter().collect());
    assert_eq!(codes.len(), sections().len(), "one comes twice");
}

#[test]
fn no_code_of_the_library_is_used_for_something_else() {
    for entry in TEXTS {
        assert_eq!(keyfob::text(entry.code), None, "{}", entry.code);
        assert_eq!(text(entry.code), Some(entry));
    }
    assert_eq!(text("expired"), keyfob::text("expired"));
}
