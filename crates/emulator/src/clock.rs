//! Time for a token: milliseconds since the emulator was made.

use std::time;

use keyfob_wire::Instant;

/// A clock that runs by itself, or only when told to.
#[derive(Debug, Clone)]
pub struct Clock {
    began: Option<time::Instant>,
    advanced: u64,
}

impl Clock {
    /// Makes a clock that follows the machine's monotonic one.
    #[must_use]
    pub fn real() -> Self {
        Self { began: Some(time::Instant::now()), advanced: 0 }
    }

    /// Makes a clock that stands at 0 until it is advanced.
    #[must_use]
    pub const fn scripted() -> Self {
        Self { began: None, advanced: 0 }
    }

    /// Says whether only [`advance`](Self::advance) moves the clock.
    #[must_use]
    pub const fn is_scripted(&self) -> bool {
        self.began.is_none()
    }

    /// Tells the time.
    #[must_use]
    pub fn now(&self) -> Instant {
        let ran = self.began.map_or(0, |began| began.elapsed().as_millis());
        Instant(u64::try_from(ran).unwrap_or(u64::MAX)).plus(self.advanced)
    }

    /// Moves the clock forwards; one that runs by itself goes on from there.
    pub fn advance(&mut self, milliseconds: u64) {
        self.advanced = self.advanced.saturating_add(milliseconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scripted_clock_moves_only_when_told_to() {
        let mut clock = Clock::scripted();
        std::thread::sleep(time::Duration::from_millis(2));
        assert_eq!(clock.now(), Instant(0));
        clock.advance(7);
        clock.advance(u64::MAX);
        assert_eq!(clock.now(), Instant(u64::MAX));
    }

    #[test]
    fn a_real_clock_runs_and_can_be_advanced() {
        let mut clock = Clock::real();
        clock.advance(1_000_000);
        let before = clock.now();
        assert!(before >= Instant(1_000_000));
        std::thread::sleep(time::Duration::from_millis(2));
        assert!(clock.now() > before);
    }
}
