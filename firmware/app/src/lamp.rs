//! The light: what a person sees of the token.
//!
//! | pattern | light | it says |
//! |---|---|---|
//! | waiting | 50 ms on, every 2 s | there is power, but no host uses the token |
//! | idle | on | ready |
//! | busy | 50 ms off, 50 ms on | the token computes, or writes |
//! | identify | 250 ms on, 250 ms off | this is the fob that was asked for |
//! | error | twice 100 ms on, then 700 ms off | the token can't start: `keyfob doctor` says why; not on the bus: no randomness |
//!
//! Identify is shown above busy, and busy above the others.

use core::cell::Cell;

use embassy_futures::select::select;
use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::waitqueue::AtomicWaker;

use crate::wait::{Pause, until};

/// What the light says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// No host uses the token.
    Waiting,
    /// Ready.
    Idle,
    /// The token computes.
    Busy,
    /// A person asked which fob this is.
    Identify,
    /// The token can't start.
    Error,
}

impl Pattern {
    /// How long the light is on and off by turns, in milliseconds; zero ends the list, and what can't end stays.
    const fn steps(self) -> &'static [u16] {
        match self {
            Self::Waiting => &[50, 1_950],
            Self::Idle => &[1_000],
            Self::Busy => &[50, 50],
            Self::Identify => &[250, 250],
            Self::Error => &[100, 100, 100, 700],
        }
    }

    /// Whether it begins with the light on.
    const fn begins_on(self) -> bool {
        !matches!(self, Self::Busy)
    }
}

/// What the light has to say, set from anywhere.
pub struct Lamp {
    state: CriticalSectionMutex<Cell<State>>,
    changed: AtomicWaker,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    base: Pattern,
    is_busy: bool,
    identifies: bool,
}

impl Lamp {
    /// A light that waits.
    #[must_use]
    pub const fn new() -> Self {
        let state = State { base: Pattern::Waiting, is_busy: false, identifies: false };
        Self { state: CriticalSectionMutex::new(Cell::new(state)), changed: AtomicWaker::new() }
    }

    /// Begins or ends to show which fob this is.
    pub fn identify(&self, on: bool) {
        self.set(|state| state.identifies = on);
    }

    /// Shows an error from now on, whatever the token was at.
    pub fn fail(&self) {
        self.set(|state| *state = State { base: Pattern::Error, is_busy: false, identifies: false });
    }

    pub(crate) fn base(&self, pattern: Pattern) {
        self.set(|state| state.base = pattern);
    }

    pub(crate) fn busy(&self, is_busy: bool) {
        self.set(|state| state.is_busy = is_busy);
    }

    /// What is to be shown.
    #[must_use]
    pub fn pattern(&self) -> Pattern {
        match self.state.lock(Cell::get) {
            State { identifies: true, .. } => Pattern::Identify,
            State { is_busy: true, .. } => Pattern::Busy,
            State { base, .. } => base,
        }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        let is_other = self.state.lock(|cell| {
            let before = cell.get();
            let mut after = before;
            change(&mut after);
            cell.set(after);
            before != after
        });
        if is_other {
            self.changed.wake();
        }
    }
}

impl Default for Lamp {
    fn default() -> Self {
        Self::new()
    }
}

/// Switches a light as the lamp says, for ever.
pub async fn shine(lamp: &Lamp, mut switch: impl FnMut(bool)) -> ! {
    loop {
        let pattern = lamp.pattern();
        let mut on = pattern.begins_on();
        for &step in pattern.steps() {
            switch(on);
            on = !on;
            // What flickers between two patterns is shown as the one that it began with.
            let changed = until(&lamp.changed, || (lamp.pattern() != pattern).then_some(()));
            select(changed, Pause::new(step.into()).passed()).await;
            if lamp.pattern() != pattern {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::future::Future as _;
    use core::pin::pin;
    use core::task::{Context, Waker};
    use std::sync::Mutex;

    use embassy_time::{Duration, MockDriver};

    use super::*;

    #[test]
    fn what_is_asked_for_by_a_person_comes_first() {
        let lamp = Lamp::new();
        assert_eq!(lamp.pattern(), Pattern::Waiting);
        lamp.base(Pattern::Idle);
        lamp.busy(true);
        assert_eq!(lamp.pattern(), Pattern::Busy);
        lamp.identify(true);
        assert_eq!(lamp.pattern(), Pattern::Identify);
        lamp.busy(false);
        lamp.identify(false);
        assert_eq!(lamp.pattern(), Pattern::Idle);
    }

    /// What the light does in two seconds, looked at every 50 ms; the table above says the same.
    #[test]
    fn each_pattern_is_the_documented_one() {
        let times = |part: &str, times: usize| part.repeat(times);
        let expected = [
            (Pattern::Waiting, times("#", 1) + &times(".", 39)),
            (Pattern::Idle, times("#", 40)),
            (Pattern::Busy, times(".#", 20)),
            (Pattern::Identify, times(&(times("#", 5) + &times(".", 5)), 4)),
            (Pattern::Error, times(&(times("##..", 2) + &times(".", 12)), 2)),
        ];
        for (pattern, expected) in expected {
            let lamp = Lamp::new();
            lamp.set(|state| {
                state.base = pattern;
                state.is_busy = pattern == Pattern::Busy;
                state.identifies = pattern == Pattern::Identify;
            });
            assert_eq!(seen(&lamp, 40), expected, "{pattern:?}");
        }
    }

    /// A token that fails while it computes, and is being looked for, shows the error alone.
    #[test]
    fn a_failure_is_shown_at_once() {
        let lamp = Lamp::new();
        lamp.busy(true);
        lamp.identify(true);
        lamp.fail();
        assert_eq!(seen(&lamp, 8), "##..##..");
    }

    /// There is one clock for all tests.
    static CLOCK: Mutex<()> = Mutex::new(());

    fn seen(lamp: &Lamp, looks: usize) -> String {
        let _alone = CLOCK.lock();
        let is_on = Cell::new(false);
        let mut light = pin!(shine(lamp, |on| is_on.set(on)));
        let mut context = Context::from_waker(Waker::noop());
        let mut look = || {
            assert!(light.as_mut().poll(&mut context).is_pending());
            MockDriver::get().advance(Duration::from_millis(50));
            if is_on.get() { '#' } else { '.' }
        };
        (0..looks).map(|_| look()).collect()
    }
}
