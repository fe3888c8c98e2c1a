//! Every rule that a judgement looks at. `docs/spec.md`, §8.1.

use keyfob_wire::{Modules, Units, UnixTime};

use crate::{Clock, Now, Refusal, Request, State, Term, Terms};

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
pub fn explain<N: Into<Now>>(
    terms: &Terms,
    state: &State,
    now: N,
    request: &Request,
) -> impl Iterator<Item = Rule> + use<N> {
    let now = now.into();
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

fn started(starts: Option<UnixTime>, now: Now) -> Outcome {
    let early = |starts| unless(now.time < starts, Refusal::NotYetValid);
    starts.map_or(Outcome::NotStated, |starts| no_time(now).unwrap_or_else(|| early(starts)))
}

fn running(expires: Option<UnixTime>, now: Now) -> Outcome {
    let late = |expires| unless(now.time >= expires, Refusal::Expired);
    expires.map_or(Outcome::NotStated, |expires| no_time(now).unwrap_or_else(|| late(expires)))
}

/// Why no limit in time can be judged, if so.
fn no_time(now: Now) -> Option<Outcome> {
    match (now.time, now.clock) {
        (UnixTime::UNKNOWN, _) => Some(Outcome::Failed(Refusal::TimeUnknown)),
        (_, Clock::SetBack) => Some(Outcome::Failed(Refusal::ClockSetBack)),
        (_, Clock::Right | Clock::Behind) => None,
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
