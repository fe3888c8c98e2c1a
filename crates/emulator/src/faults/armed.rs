//! Faults that wait for their points, and how often each came.

use std::fmt;
use std::num::NonZeroU8;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use keyfob_wire::{Instant, REPORT_SIZE, Report};

use crate::flash::FlashError;

use super::plan::{
    Corruption, Direction, Fault, FlashOperation, Interruption, ReportAction, ReportPoint, Script, When,
};

/// Names a fault that was armed, for as long as the emulator lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub u32);

/// A fault that was armed, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultStatus {
    /// Its name.
    pub id: FaultId,
    /// The fault.
    pub fault: Fault,
    /// How many reports or operations it was about so far.
    pub seen: u64,
    /// How often it happened.
    pub fired: u64,
}

/// There are as many faults as there may be, 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are {MOST} faults already")]
pub struct TooManyFaults;

const MOST: usize = 256;

/// What becomes of a report.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    /// The report, altered or not, as often as it arrives.
    pub(crate) arriving: Vec<Report>,
    /// By how much it is late.
    pub(crate) delay: u64,
    /// Whether the next one overtakes it.
    pub(crate) is_overtaken: bool,
    /// What happens to the token before.
    pub(crate) interruptions: Vec<Interruption>,
}

/// All faults of an emulator.
#[derive(Debug)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
    random: Random,
    next: u32,
    /// That the power went in the middle of an operation of the flash, and when it comes back.
    power_lost: Option<Option<u64>>,
}

#[derive(Debug)]
struct Armed {
    status: FaultStatus,
    /// When a fault with a time is due, until it has happened.
    due: Option<Instant>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { armed: Vec::new(), random: Random(ChaCha20Rng::seed_from_u64(seed)), next: 1, power_lost: None }
    }

    pub(crate) fn arm(&mut self, now: Instant, fault: Fault) -> Result<FaultId, TooManyFaults> {
        if self.armed.len() >= MOST {
            return Err(TooManyFaults);
        }
        let id = FaultId(self.next);
        self.next = self.next.wrapping_add(1);
        let due = match fault {
            Fault::Time { after, .. } => Some(now.plus(after)),
            Fault::Report { .. } | Fault::Flash { .. } => None,
        };
        self.armed.push(Armed { status: FaultStatus { id, fault, seen: 0, fired: 0 }, due });
        Ok(id)
    }

    pub(crate) fn arm_all(&mut self, now: Instant, script: &Script) -> Result<Vec<FaultId>, TooManyFaults> {
        if self.armed.len().saturating_add(script.0.len()) > MOST {
            return Err(TooManyFaults);
        }
        script.0.iter().map(|fault| self.arm(now, *fault)).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    pub(crate) fn list(&self) -> Vec<FaultStatus> {
        self.armed.iter().map(|armed| armed.status).collect()
    }

    /// Says what becomes of a report.
    pub(crate) fn at_report(&mut self, direction: Direction, report: &Report) -> Fate {
        let mut fate = Fate { arriving: vec![*report], ..Fate::default() };
        for Armed { status, .. } in &mut self.armed {
            if let Fault::Report { point, action } = status.fault
                && is_about(&point, direction, report)
                && status.is_time(point.when, &mut self.random)
            {
                fate.suffer(action, &mut self.random);
            }
        }
        fate
    }

    /// Takes the next thing that is due by now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Interruption> {
        let due = self.armed.iter_mut().filter(|armed| armed.due.is_some_and(|due| due <= now));
        let armed = due.min_by_key(|armed| armed.due)?;
        let Fault::Time { action, .. } = armed.status.fault else { return None };
        armed.due = None;
        armed.status.seen += 1;
        armed.status.fired += 1;
        Some(action)
    }

    /// When the next fault with a time is due.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.armed.iter().filter_map(|armed| armed.due).min()
    }

    /// Says whether an operation of the flash is done; if not, the power goes in its middle, as random as this.
    fn at_flash(&mut self, done: FlashOperation) -> Result<(), &mut Random> {
        for Armed { status, .. } in &mut self.armed {
            if let Fault::Flash { operation, number, back } = status.fault
                && operation == done
                && status.is_time(When::Nth(number), &mut self.random)
            {
                self.power_lost = self.power_lost.or(Some(back));
            }
        }
        if self.power_lost.is_some() { Err(&mut self.random) } else { Ok(()) }
    }

    /// Whether the flash has no power, because of a fault.
    pub(crate) const fn has_lost_power(&self) -> bool {
        self.power_lost.is_some()
    }

    /// Takes the news that the power went, with the time until it comes back.
    pub(crate) const fn take_lost_power(&mut self) -> Option<Option<u64>> {
        self.power_lost.take()
    }
}

fn is_about(point: &ReportPoint, direction: Direction, report: &Report) -> bool {
    point.direction == direction && point.command.is_none_or(|command| report[COMMAND] == command)
}

/// The offset of a report's command or sequence, §2 of the specification.
const COMMAND: usize = 4;

impl FaultStatus {
    /// Counts what the fault is about, and says whether it happens now.
    fn is_time(&mut self, when: When, random: &mut Random) -> bool {
        self.seen += 1;
        let is_time = match when {
            When::Nth(number) => self.seen == u64::from(number.get()),
            When::Every(number) => self.seen.is_multiple_of(number.get().into()),
            When::OneOf(number) => random.below(number.get().into()) == 0,
        };
        self.fired += u64::from(is_time);
        is_time
    }
}

impl Fate {
    fn suffer(&mut self, action: ReportAction, random: &mut Random) {
        match action {
            ReportAction::Drop => self.arriving.clear(),
            ReportAction::Repeat(times) => {
                if let Some(report) = self.arriving.first().copied() {
                    self.arriving.extend(std::iter::repeat_n(report, times.get().into()));
                }
            }
            ReportAction::Reorder => self.is_overtaken = true,
            ReportAction::Corrupt(corruption) => {
                let (offset, mask) = match corruption {
                    Corruption::Mask { offset, mask } => (offset.get().into(), mask),
                    Corruption::Seeded => random.corruption(),
                };
                self.arriving.iter_mut().for_each(|report| report[offset] ^= mask.get());
            }
            ReportAction::Delay(milliseconds) => self.delay = self.delay.saturating_add(milliseconds),
            ReportAction::Interrupt(interruption) => self.interruptions.push(interruption),
        }
    }
}

/// What is random about faults, the same for the same seed.
pub(crate) struct Random(ChaCha20Rng);

impl Random {
    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to below the limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }

    fn corruption(&mut self) -> (usize, NonZeroU8) {
        let number = self.number();
        let [low, mask, ..] = number.to_le_bytes();
        (usize::from(low) % REPORT_SIZE, NonZeroU8::new(mask).unwrap_or(NonZeroU8::MIN))
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}

/// The faults as the emulator and its flash have them.
#[derive(Debug, Clone)]
pub(crate) struct SharedFaults(Arc<Mutex<Faults>>);

impl SharedFaults {
    pub(crate) fn new(faults: Faults) -> Self {
        Self(Arc::new(Mutex::new(faults)))
    }

    pub(crate) fn get(&self) -> MutexGuard<'_, Faults> {
        // Nothing is left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an operation of the flash begin, or tears it.
    pub(crate) fn operate(
        &self,
        operation: FlashOperation,
        tear: impl FnOnce(&mut Random) -> Result<(), FlashError>,
    ) -> Result<(), FlashError> {
        let mut faults = self.get();
        if faults.has_lost_power() {
            return Err(FlashError::PowerLost);
        }
        match faults.at_flash(operation) {
            Ok(()) => Ok(()),
            Err(random) => tear(random).and(Err(FlashError::PowerLost)),
        }
    }
}
