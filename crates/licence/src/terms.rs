//! The terms of a feature and what is judged by them. `docs/spec.md`, §7.6.

use keyfob_wire::{Modules, Status, Units, UnixTime};

/// Under which terms a feature may be used; what a token keeps in memory of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether it is switched on.
    pub enabled: bool,
    /// The first moment at which it may be used.
    pub starts: Option<UnixTime>,
    /// The first moment at which it is over.
    pub expires: Option<UnixTime>,
    /// Whether uses are counted.
    pub counted: bool,
    /// The modules that may be used; all of them if not stated.
    pub modules: Option<Modules>,
    /// Whether there is a term that this code doesn't know.
    pub unknown: bool,
}

impl Terms {
    /// Whether there is a limit in time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.starts.is_some() || self.expires.is_some()
    }
}

impl Default for Terms {
    /// Switched on, without any limit.
    fn default() -> Self {
        Self { enabled: true, starts: None, expires: None, counted: false, modules: None, unknown: false }
    }
}

/// What a token knows about a feature besides its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct State {
    /// What is left on the counter; 0 if it was never set.
    pub remaining: Units,
}

/// What somebody wants to do with a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// How many units of the counter, if there is one.
    pub units: Units,
    /// The modules that are needed, all of them.
    pub modules: Modules,
}

impl Default for Request {
    /// One unit, no modules.
    fn default() -> Self {
        Self { units: Units(1), modules: Modules(0) }
    }
}

/// A term, numbered by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Term {
    /// It is switched on or off.
    Enabled = 1,
    /// It may be used from then on.
    Starts = 2,
    /// It is over from then on.
    Expires = 3,
    /// Its uses are counted.
    Counter = 4,
    /// Which modules may be used.
    Modules = 5,
}

impl Term {
    /// All terms, in the order of their keys.
    pub const ALL: [Self; 5] = [Self::Enabled, Self::Starts, Self::Expires, Self::Counter, Self::Modules];

    /// The term's key on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Finds the term of a key.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|term| u16::from(term.number()) == number)
    }
}

/// Why a feature may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is a term that this code doesn't know.
    UnknownTerm,
    /// It is switched off.
    FeatureDisabled,
    /// It is limited in time, and nobody knows the time.
    TimeUnknown,
    /// It is limited in time, and the PC's clock was set back.
    ClockSetBack,
    /// It starts later.
    NotYetValid,
    /// It is over.
    Expired,
    /// Nothing is left on the counter.
    CounterExhausted,
    /// Less is left on the counter than was asked for.
    CounterTooLow,
    /// A module that is needed isn't granted.
    ModuleMissing,
}

impl Refusal {
    /// The refusal's status on the wire.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::UnknownTerm => Status::UnknownTerm,
            Self::FeatureDisabled => Status::FeatureDisabled,
            Self::TimeUnknown => Status::TimeUnknown,
            Self::ClockSetBack => Status::ClockSetBack,
            Self::NotYetValid => Status::NotYetValid,
            Self::Expired => Status::Expired,
            Self::CounterExhausted => Status::CounterExhausted,
            Self::CounterTooLow => Status::CounterTooLow,
            Self::ModuleMissing => Status::ModuleMissing,
        }
    }
}
