//! A check and what came of it.

use serde::Serialize;
use serde_json::{Map, Value};

/// What came of a check.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    Passed,
    Failed,
    NotChecked,
}

/// A check that was done, or wasn't.
#[derive(Serialize, Clone, Debug)]
pub(super) struct Check {
    /// A section of `docs/selftest.md`.
    pub(super) name: &'static str,
    pub(super) outcome: Outcome,
    /// What was seen.
    pub(super) detail: String,
    /// What to do about it.
    pub(super) next: Option<String>,
    /// Figures.
    pub(super) measured: Map<String, Value>,
}

impl Check {
    fn new(name: &'static str, outcome: Outcome, detail: impl Into<String>, next: Option<&str>) -> Self {
        Self { name, outcome, detail: detail.into(), next: next.map(str::to_owned), measured: Map::new() }
    }

    /// It is as it should be.
    pub(super) fn passed(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Outcome::Passed, detail, None)
    }

    /// It isn't.
    pub(super) fn failed(name: &'static str, detail: impl Into<String>, next: &str) -> Self {
        Self::new(name, Outcome::Failed, detail, Some(next))
    }

    /// Nobody knows.
    pub(super) fn not_checked(name: &'static str, detail: impl Into<String>, next: &str) -> Self {
        Self::new(name, Outcome::NotChecked, detail, Some(next))
    }

    /// What only a fob with certificates can be asked.
    pub(super) fn blank(name: &'static str) -> Self {
        Self::not_checked(name, "the fob has no certificates yet", "keyfob-vendor maker certify, then again")
    }

    /// The fob couldn't be asked.
    pub(super) fn broken(name: &'static str, error: &keyfob::Error) -> Self {
        Self::failed(name, format!("{error} [{}]", error.code()), "keyfob doctor; then record it by --trace FILE")
    }

    /// The check passes unless something was found to be wrong.
    pub(super) fn of(name: &'static str, detail: impl Into<String>, wrong: &[String], next: &str) -> Self {
        if wrong.is_empty() { Self::passed(name, detail) } else { Self::failed(name, wrong.join("; "), next) }
    }

    /// Adds a figure.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.measured.insert(name.to_owned(), value.into());
        self
    }
}
