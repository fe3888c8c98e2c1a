//! What is held to a limit.

use serde::Serialize;

/// Instructions of something of ours over those of its floor.
pub(crate) struct Ratio {
    pub(crate) name: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) floor: &'static str,
    /// What the floor consists of, for people.
    pub(crate) of: &'static str,
    /// What was promised, if anything was.
    pub(crate) promise: Option<f64>,
    /// What it is held to, where the promise isn't kept yet: it must not get worse.
    pub(crate) held: Option<f64>,
    /// How often each is run within the count.
    pub(crate) runs: u32,
}

/// The ratios.
pub(crate) const RATIOS: &[Ratio] = &[
    Ratio {
        name: "warm check, in process",
        ours: "check",
        floor: "check-floor",
        of: "four AES-256-GCM operations of its sizes",
        promise: Some(1.25),
        held: Some(1.55),
        runs: 200,
    },
    Ratio {
        name: "cold open",
        ours: "open",
        floor: "open-floor",
        of: "2 keys, 6 agreements, 2 verifications",
        promise: Some(1.05),
        held: None,
        runs: 5,
    },
    Ratio {
        name: "resuming",
        ours: "resume",
        floor: "resume-floor",
        of: "2 keys, 2 agreements",
        promise: Some(1.1),
        held: None,
        runs: 5,
    },
    Ratio {
        name: "prove",
        ours: "prove",
        floor: "prove-floor",
        of: "1 signature, verified before it is released",
        promise: Some(1.1),
        held: Some(1.1),
        runs: 5,
    },
    Ratio {
        name: "apply, a counter's update",
        ours: "apply",
        floor: "apply-floor",
        of: "1 verification",
        promise: None,
        held: Some(2.0),
        runs: 5,
    },
];

/// A number that is the same on every machine.
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) limit: f64,
}

/// The facts, in the order in which the program tells them.
pub(crate) const FACTS: [Fact; 3] = [
    Fact { name: "allocations of a warm check", limit: 0.0 },
    Fact { name: "barriers of a spend", limit: 1.0 },
    Fact { name: "erasures of a spend", limit: 0.0 },
];

/// A figure as it was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The ratio, or the fact.
    pub(crate) value: f64,
    /// What was promised.
    pub(crate) promise: Option<f64>,
    /// What it may not exceed.
    pub(crate) limit: Option<f64>,
    /// Instructions of ours and of the floor, if that is what the value is a ratio of.
    pub(crate) instructions: Option<(f64, f64)>,
    pub(crate) of: &'static str,
}

impl Ratio {
    pub(crate) fn row(&self, ours: f64, floor: f64) -> Row {
        let Self { name, of, promise, held, .. } = *self;
        Row { name, value: ours / floor, promise, limit: held.or(promise), instructions: Some((ours, floor)), of }
    }
}

impl Fact {
    pub(crate) fn row(&self, value: f64) -> Row {
        Row { name: self.name, value, promise: Some(self.limit), limit: Some(self.limit), instructions: None, of: "" }
    }
}

impl Row {
    /// Whether it exceeds its limit. What isn't a number does.
    pub(crate) fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.value.is_nan() || self.value > limit)
    }
}
