//! Causes and next steps for people, by code. `docs/errors.md` has the pages.

/// What to tell people of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// The stable code.
    pub code: &'static str,
    /// What to do next.
    pub hint: &'static str,
}

/// Finds what to tell people of a code.
#[must_use]
pub fn text(code: &str) -> Option<&'static Text> {
    TEXTS.iter().find(|text| text.code == code)
}

/// All codes.
const TEXTS: &[Text] = &[];
