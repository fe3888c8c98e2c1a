//! The one pure function that says yes or no. `docs/spec.md`, §8.1.

use keyfob_wire::{Modules, Status, Units, UnixTime};

use crate::{Clock, Now, Refusal, Request, State, Term, Terms, explain};

/// Yes or no, why, what is left, and when it will change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why not; `None` if it is allowed.
    pub refusal: Option<Refusal>,
    /// The term that refused; if allowed, the one that will refuse first.
    ///
    /// Of an allowed request that is the counter if it wouldn't allow the same once more, else the expiry, else the
    /// counter; `None` if there is neither, or if a term that isn't known refused.
    pub limiting: Option<Term>,
    /// What is left on the counter, if there is one; nothing has been taken from it.
    pub remaining: Option<Units>,
    /// When the outcome changes next if only time passes; `None` if it won't, or if the time isn't known.
    pub next_change: Option<UnixTime>,
    /// The first moment at which the feature is over.
    pub expiry: Option<UnixTime>,
    /// The modules that are granted, if they are limited.
    pub modules: Option<Modules>,
    /// Whether the PC's clock is behind the token's estimate, whatever came of it.
    pub clock_behind: bool,
}

impl Decision {
    /// Whether the request is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.refusal.is_none()
    }

    /// The decision's status on the wire.
    #[must_use]
    pub fn status(&self) -> Status {
        self.refusal.map_or(Status::Ok, Refusal::status)
    }
}

/// Judges a request by a feature's terms; the same code on tokens, hosts and servers.
///
/// A feature may be used from `starts` on and no longer at `expires`. Terms that aren't known, and limits in time while
/// the time isn't known or the PC's clock was set back, refuse. A plain time is taken for right.
#[must_use]
pub fn judge(terms: &Terms, state: &State, now: impl Into<Now>, request: &Request) -> Decision {
    let now = now.into();
    let failed =
        explain(terms, state, now, request).find_map(|rule| rule.outcome.refusal().map(|refusal| (refusal, rule.term)));
    let (refusal, limiting) = match failed {
        Some((refusal, term)) => (Some(refusal), term),
        None => (None, first_limit(terms, state, request)),
    };
    Decision {
        refusal,
        limiting,
        remaining: terms.counted.then_some(state.remaining),
        next_change: next_change(terms, now),
        expiry: terms.expires,
        modules: terms.modules,
        clock_behind: now.clock != Clock::Right,
    }
}

/// The term that will refuse first, given that the request is allowed.
fn first_limit(terms: &Terms, state: &State, request: &Request) -> Option<Term> {
    let left = state.remaining.0.saturating_sub(request.units.0);
    let last = left < request.units.0;
    match (terms.counted, terms.expires) {
        (true, _) if last => Some(Term::Counter),
        (_, Some(_)) => Some(Term::Expires),
        (true, None) => Some(Term::Counter),
        (false, None) => None,
    }
}

fn next_change(terms: &Terms, now: Now) -> Option<UnixTime> {
    if terms.unknown || !terms.enabled || now.time == UnixTime::UNKNOWN || now.clock == Clock::SetBack {
        return None;
    }
    let later = |time: &UnixTime| *time > now.time;
    terms.starts.filter(later).or(terms.expires.filter(later))
}
