//! Commands and what they say, to the letter. `TRYCMD=overwrite` writes the files anew.

#[test]
fn transcripts() {
    trycmd::TestCases::new().env("XDG_RUNTIME_DIR", "/nowhere").env("NO_COLOR", "1").case("tests/transcripts/*.trycmd");
}
