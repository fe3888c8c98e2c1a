//! Every rule that a judgement looks at. `docs/spec.md`, §8.1.

use keyfob_wire::{Modules, Units, UnixTime};

use crate::{Refusal, Request, State, Term, Terms};

/// One rule and how it came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The term that the rule is about; `None` for the rule that every term must be known.
    pub term: Option<Term>,
    /// How it came out.
    pub outcome: Outcome,
}

/// How a rule came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The licence doesn't state the term, so nothing is asked.
    NotStated,
    /// It doesn't stand in the way.
    Passed,
    /// It stands in the way.
    Failed(Refusal),
}

impl Outcome {
    /// The refusal, if the rule failed.
    #[must_use]
    pub fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Failed(refusal) => Some(refusal),
            Self::NotStated | Self::Passed => None,
        }
    }
}

/// Looks at all rules, in the order in which [`crate::judge`] does; the first that failed is its refusal.
pub fn explain(terms: &Terms, state: &State, now: UnixTime, request: &Request) -> impl Iterator<Item = Rule> + use<> {
    [
        Rule { term: None, outcome: unless(terms.unknown, Refusal::UnknownTerm) },
        Rule { term: Some(Term::Enabled), outcome: unless(!terms.enabled, Refusal::FeatureDisabled) },
        Rule { term: Some(Term::Starts), outcome: started(terms.starts, now) },
        Rule { term: Some(Term::Expires), outcome: running(terms.expires, now) },
        Rule { term: Some(Term::Counter), outcome: covered(terms.counted, state.remaining, request.units) },
        Rule { term: Some(Term::Modules), outcome: included(terms.modules, request.modules) },
    ]
    .into_iter()
}

fn unless(wrong: bool, refusal: Refusal) -> Outcome {
    if wrong { Outcome::Failed(refusal) } else { Outcome::Passed }
}

fn started(starts: Option<UnixTime>, now: UnixTime) -> Outcome {
    match starts {
        None => Outcome::NotStated,
        Some(_) if now == UnixTime::UNKNOWN => Outcome::Failed(Refusal::TimeUnknown),
        Some(starts) => unless(now < starts, Refusal::NotYetValid),
    }
}

fn running(expires: Option<UnixTime>, now: UnixTime) -> Outcome {
    match expires {
        None => Outcome::NotStated,
        Some(_) if now == UnixTime::UNKNOWN => Outcome::Failed(Refusal::TimeUnknown),
        Some(expires) => unless(now >= expires, Refusal::Expired),
    }
}

fn covered(counted: bool, remaining: Units, units: Units) -> Outcome {
    match remaining {
        _ if !counted => Outcome::NotStated,
        Units(0) => Outcome::Failed(Refusal::CounterExhausted),
        _ => unless(remaining < units, Refusal::CounterTooLow),
    }
}

fn included(granted: Option<Modules>, needed: Modules) -> Outcome {
    match granted {
        None => Outcome::NotStated,
        Some(Modules(granted)) => unless(needed.0 & !granted != 0, Refusal::ModuleMissing),
    }
}
