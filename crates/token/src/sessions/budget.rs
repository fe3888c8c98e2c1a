//! How many handshakes may begin in a while. `docs/spec.md`, §5.

use keyfob_wire::Instant;

/// How many may begin at once.
const BURST: u8 = 64;
/// After that many milliseconds one more may.
const REFILL: u64 = 5;

/// Spent by each handshake that begins, refilled by time.
pub(super) struct Budget {
    used: u8,
    since: Instant,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { used: 0, since: Instant(0) }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> Option<()> {
        let earned = now.since(self.since) / REFILL;
        self.used = u8::try_from(u64::from(self.used).saturating_sub(earned)).unwrap_or(BURST);
        self.since = if self.used == 0 { now } else { self.since.plus(earned.saturating_mul(REFILL)) };
        if self.used >= BURST {
            return None;
        }
        self.used = self.used.saturating_add(1);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_two_hundred_a_second() {
        let mut budget = Budget::new();
        let mut begun = 0;
        for now in 0..10_000 {
            while budget.take(Instant(now)).is_some() {
                begun += 1;
            }
        }
        assert_eq!(begun, 64 + 9_999 / 5);
    }

    #[test]
    fn rest_fills_it_again_and_not_further() {
        let mut budget = Budget::new();
        for now in [0, 1_000_000, u64::MAX] {
            for _ in 0..64 {
                assert!(budget.take(Instant(now)).is_some());
            }
            assert!(budget.take(Instant(now)).is_none());
        }
    }
}
