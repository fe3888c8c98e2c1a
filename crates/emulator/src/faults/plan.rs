//! Faults as data.

use std::num::{NonZeroU8, NonZeroU32};

use keyfob_wire::REPORT_SIZE;

/// Something that goes wrong at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// At a report.
    Report {
        /// Which one.
        point: ReportPoint,
        /// What happens to it, or with it.
        action: ReportAction,
    },
    /// The power goes in the middle of an operation of the flash.
    Flash {
        /// The kind of operation.
        operation: FlashOperation,
        /// Which one of its kind, counted from 1.
        number: NonZeroU32,
        /// After how many milliseconds the token is plugged in again by itself.
        back: Option<u64>,
    },
    /// At a time.
    Time {
        /// Milliseconds of the emulator's clock after the fault was armed.
        after: u64,
        /// What happens then.
        action: Interruption,
    },
}

/// Which reports a fault is about. They are counted from when the fault was armed, as they were sent, whatever other
/// faults do to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReportPoint {
    /// Which way the report goes.
    pub direction: Direction,
    /// If present, only reports whose byte 4 is this count: a message's command, or a following report's sequence.
    pub command: Option<u8>,
    /// Which of these.
    pub when: When,
}

/// Which way a report goes, as the specification's section 11 and USB have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the token in to the host.
    In,
    /// Out from the host to the token.
    Out,
}

/// Which one of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// This one alone, counted from 1.
    Nth(NonZeroU32),
    /// One after each so many.
    Every(NonZeroU32),
    /// One of so many on average, as the seed says.
    OneOf(NonZeroU32),
}

/// What happens at a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportAction {
    /// It is lost.
    Drop,
    /// It comes so many times more.
    Repeat(NonZeroU8),
    /// It comes after the next one of its direction.
    Reorder,
    /// It is altered.
    Corrupt(Corruption),
    /// It comes so many milliseconds later, and what is behind it waits.
    Delay(u64),
    /// Something happens to the token just before the report arrives.
    Interrupt(Interruption),
}

/// How a report is altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Corruption {
    /// The bits of the mask change in one byte.
    Mask {
        /// Which byte.
        offset: Offset,
        /// The bits.
        mask: NonZeroU8,
    },
    /// One byte changes, as the seed says.
    Seeded,
}

/// The place of a byte in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Offset(u8);

impl Offset {
    /// Makes an offset; none if a report is shorter.
    #[must_use]
    pub fn new(offset: u8) -> Option<Self> {
        (usize::from(offset) < REPORT_SIZE).then_some(Self(offset))
    }

    /// The offset.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What happens to a token as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interruption {
    /// All connections go, and reports that are under way. The token keeps its power.
    Unplug {
        /// After how many milliseconds it is plugged in again by itself.
        back: Option<u64>,
    },
    /// The power goes as well: whatever isn't in the flash is lost.
    Kill {
        /// After how many milliseconds it is plugged in again by itself.
        back: Option<u64>,
    },
    /// The token's clock goes forwards by so many milliseconds.
    Advance(u64),
}

/// What a token does with its flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlashOperation {
    /// Programs some words.
    Program,
    /// Erases a sector.
    Erase,
    /// Waits until everything before is durable.
    Barrier,
}

/// Faults in the order in which they act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Fault>);
