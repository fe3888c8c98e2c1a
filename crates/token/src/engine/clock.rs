//! What a partition knows of the PC's clock. `docs/spec.md`, §8.4.

use keyfob_licence::{Clock, Now, Terms, Times};
use keyfob_wire::cursor::{Reader, join};
use keyfob_wire::{Instant, Status, UnixTime};

use super::{Engine, key};
use crate::platform::Platform;

/// How many power-ups are remembered.
const NOTES: usize = 5;
/// How many grace starts there are until a vendor gives more.
const GRACE_STARTS: u8 = 5;
/// The size of a stored clock.
pub(super) const CLOCK: usize = 8 * NOTES + 8 + 1;

/// The PC's time at the last power-ups, by what the partition's apps claimed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PcClock {
    /// The oldest comes first; 0 where there was none.
    notes: [u64; NOTES],
    estimate: UnixTime,
    left: u8,
    /// Whether this power-up was noted.
    noted: bool,
    /// Whether this power-up has a grace start.
    grace: bool,
}

impl PcClock {
    /// Nothing was claimed yet.
    pub(super) const NEW: Self =
        Self { notes: [0; NOTES], estimate: UnixTime::UNKNOWN, left: GRACE_STARTS, noted: false, grace: false };

    pub(super) fn to_bytes(self) -> [u8; CLOCK] {
        let [a, b, c, d, e] = self.notes.map(u64::to_be_bytes);
        join(&[&a, &b, &c, &d, &e, &self.estimate.0.to_be_bytes(), &[self.left]])
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut notes = [0; NOTES];
        for note in &mut notes {
            *note = reader.u64()?;
        }
        let (estimate, left) = (UnixTime(reader.u64()?), reader.u8()?);
        reader.end()?;
        Some(Self { notes, estimate, left, ..Self::NEW })
    }

    /// Notes the PC's time at this power-up.
    fn note(&mut self, time: u64) {
        self.notes.rotate_left(1);
        if let Some(last) = self.notes.last_mut() {
            *last = time;
        }
        let mut sorted = self.notes;
        sorted.sort_unstable();
        let second = sorted.iter().rev().nth(1).copied().unwrap_or_default();
        self.estimate = self.estimate.max(UnixTime(second));
        self.noted = true;
    }

    /// The estimate after so many seconds of this power-up; 0 if there is none.
    fn now(&self, uptime: u64) -> UnixTime {
        match self.estimate {
            UnixTime::UNKNOWN => UnixTime::UNKNOWN,
            UnixTime(estimate) => UnixTime(estimate.saturating_add(uptime)),
        }
    }

    /// The vendor has signed what time it is, or was.
    pub(super) fn refill(&mut self) {
        self.left = GRACE_STARTS;
    }

    /// The vendor's root says what time it is after so many seconds of this power-up.
    pub(super) fn set(&mut self, mark: UnixTime, uptime: u64) {
        let start = mark.0.saturating_sub(uptime);
        self.notes = [start; NOTES];
        self.estimate = UnixTime(start);
        self.left = GRACE_STARTS;
        self.grace = false;
    }
}

impl<P: Platform> Engine<P> {
    /// The seconds since this power-up's first request.
    pub(super) fn uptime(&self, now: Instant) -> u64 {
        now.since(self.began.unwrap_or(now)) / 1_000
    }

    /// The time to judge a feature of these terms by. Writes to flash at a partition's first claim in a power-up, and when
    /// a grace start is taken.
    pub(super) fn time_of_judgement(
        &mut self,
        index: u8,
        terms: &Terms,
        claimed: UnixTime,
        now: Instant,
    ) -> Result<Now, Status> {
        let uptime = self.uptime(now);
        let partition = self.partition(index)?;
        let mut clock = partition.clock;
        let signed = partition.time(now);
        if claimed != UnixTime::UNKNOWN && !clock.noted {
            clock.note(claimed.0.saturating_sub(uptime));
            // What can't be kept is no reason to refuse: the estimate is only lower at the next power-up.
            let _ = self.keep_clock(index, &clock);
            self.partition_mut(index)?.clock = clock;
        }
        let times = Times { claimed, signed, estimate: clock.now(uptime), grace: clock.grace };
        let judged = times.now();
        if judged.clock != Clock::SetBack || !terms.is_timed() {
            return Ok(judged);
        }
        let Some(left) = clock.left.checked_sub(1) else {
            return Ok(judged);
        };
        clock.left = left;
        clock.grace = true;
        self.keep_clock(index, &clock)?;
        self.partition_mut(index)?.clock = clock;
        Ok(Times { grace: true, ..times }.now())
    }

    fn keep_clock(&mut self, index: u8, clock: &PcClock) -> Result<(), Status> {
        let mut transaction = self.store.begin();
        transaction.put(key::clock(index), &clock.to_bytes())?;
        transaction.commit()
    }
}
