//! What a check says.

use keyfob_wire::body::CheckAnswer;
use keyfob_wire::{Modules, Status, Units, UnixTime};

use crate::Error;

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The feature may be used.
    Full(Details),
    /// It may not.
    Denied(Refusal),
}

/// What is known of a feature's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Details {
    /// Units left, if uses are counted.
    pub remaining: Option<Units>,
    /// When time alone will change the verdict.
    pub next_change: Option<UnixTime>,
    /// The first moment at which it is over.
    pub expiry: Option<UnixTime>,
    /// The modules granted, if they are limited.
    pub modules: Option<Modules>,
    /// What the user should be told, whatever the verdict is.
    pub warning: Option<Warning>,
}

/// What is wrong although the verdict doesn't say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// This computer's clock is more than 26 hours behind what the token has seen of it. For a few starts the token looks
    /// past that; then features with a time limit are refused.
    ClockBehind,
}

impl Warning {
    fn from_number(number: u8) -> Option<Self> {
        (number == 1).then_some(Self::ClockBehind)
    }

    /// What to tell the user.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ClockBehind => "this computer's clock is behind: set it right, or time limits will soon refuse",
        }
    }
}

/// Why a feature may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub status: Status,
    /// What is known of the terms all the same.
    pub details: Details,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.status)
    }
}

impl From<CheckAnswer> for Verdict {
    fn from(answer: CheckAnswer) -> Self {
        let CheckAnswer { status, remaining, next_change, expiry, modules, warning, .. } = answer;
        let details = Details { remaining, next_change, expiry, modules, warning: Warning::from_number(warning) };
        if status == Status::Ok { Self::Full(details) } else { Self::Denied(Refusal { status, details }) }
    }
}
