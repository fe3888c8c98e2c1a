//! The counter over the rows.

use core::ops::Range;

use thiserror::Error;

use crate::Otp;

/// A counter whose steps are bits of one-time-programmable memory.
pub struct UnaryCounter<O> {
    otp: O,
    value: u32,
}

/// The counter can't be read or advanced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum CounterError<E> {
    /// The memory failed.
    #[error("the one-time-programmable memory failed")]
    Otp(E),
    /// No bit can be set any more.
    #[error("the counter is used up")]
    Exhausted,
}

impl<O: Otp> UnaryCounter<O> {
    /// How many bits there are.
    const STEPS: u32 = {
        assert!(O::BITS >= 1 && O::BITS <= 32);
        (O::ROWS / COPIES) as u32 * O::BITS
    };
    /// How far it counts.
    pub const CAPACITY: u32 = Self::STEPS - Self::STEPS / SPARE;
    /// The bits of a row.
    const MASK: u32 = u32::MAX >> (32 - O::BITS);
    /// How often there are three rows.
    const GROUPS: usize = O::ROWS / COPIES;

    /// Reads how far it has counted, and completes steps of which the power took a copy.
    ///
    /// # Errors
    /// If the memory can't be read.
    pub fn open(otp: O) -> Result<Self, CounterError<O::Error>> {
        let mut counter = Self { otp, value: 0 };
        counter.value = counter.count()?.counted;
        Ok(counter)
    }

    /// How often it was advanced.
    #[must_use]
    pub fn value(&self) -> u32 {
        self.value
    }

    /// How often it can still be.
    #[must_use]
    pub fn left(&self) -> u32 {
        Self::CAPACITY.saturating_sub(self.value)
    }

    /// Advances it by one. A power cut meanwhile leaves it as it was, or one higher.
    ///
    /// # Errors
    /// [`CounterError`] if it isn't certain that it rose.
    pub fn advance(&mut self) -> Result<(), CounterError<O::Error>> {
        if self.left() == 0 {
            return Err(CounterError::Exhausted);
        }
        let mut count = self.count()?;
        // A bit that a cut left halfway may read otherwise than it did. Then it was the step that is to be done.
        if count.counted > self.value {
            self.value = count.counted;
            return Ok(());
        }
        while let Some(group) = count.group {
            while count.free != 0 {
                let bit = count.free & count.free.wrapping_neg();
                count.free ^= bit;
                if self.step(group, bit)? {
                    self.value = self.value.saturating_add(1);
                    return Ok(());
                }
            }
            // None of its bits programs.
            count = self.count_from(group.saturating_add(1))?;
        }
        Err(CounterError::Exhausted)
    }

    /// Counts, and completes what counts.
    fn count(&mut self) -> Result<Count, CounterError<O::Error>> {
        self.count_from(0)
    }

    /// As [`count`](Self::count), from a group on. Each row is read once, so that a bit that reads now so, now so is
    /// either counted or free.
    fn count_from(&mut self, first: usize) -> Result<Count, CounterError<O::Error>> {
        let mut count = Count { counted: 0, group: None, free: 0 };
        for group in first..Self::GROUPS {
            let copies = self.copies(group)?;
            let counted = majority(copies);
            count.counted = count.counted.saturating_add(counted.count_ones());
            self.complete(group, copies, counted);
            if count.group.is_none() && counted != Self::MASK {
                count.group = Some(group);
                count.free = !counted & Self::MASK;
            }
        }
        Ok(count)
    }

    /// Sets a bit in all its rows; says whether it counts now. What the memory says of a row that doesn't take it is of no
    /// interest if the two others have.
    fn step(&mut self, group: usize, bit: u32) -> Result<bool, CounterError<O::Error>> {
        for row in rows(group) {
            let _judged_below = self.otp.set(row, bit);
        }
        Ok(majority(self.copies(group)?) & bit != 0)
    }

    /// Sets what counts, and isn't in all rows, once more in each: one that has it may have it halfway only. That it
    /// can't be set is nothing new, and no harm.
    fn complete(&mut self, group: usize, [a, b, c]: [u32; COPIES], counted: u32) {
        let incomplete = counted & !(a & b & c);
        if incomplete != 0 {
            for row in rows(group) {
                let _weak = self.otp.set(row, incomplete);
            }
        }
    }

    fn copies(&mut self, group: usize) -> Result<[u32; COPIES], CounterError<O::Error>> {
        let mut copies = [0; COPIES];
        for (copy, row) in copies.iter_mut().zip(rows(group)) {
            *copy = self.otp.read(row).map_err(CounterError::Otp)? & Self::MASK;
        }
        Ok(copies)
    }
}

/// What one reading of all rows tells.
struct Count {
    /// How many bits there are.
    counted: u32,
    /// The first group that has free bits, and these.
    group: Option<usize>,
    free: u32,
}

/// The rows of a group.
fn rows(group: usize) -> Range<usize> {
    let first = group.saturating_mul(COPIES);
    first..first.saturating_add(COPIES)
}

/// The bits that two of three have.
fn majority([a, b, c]: [u32; COPIES]) -> u32 {
    a & b | b & c | a & c
}

/// In how many rows a bit lies.
const COPIES: usize = 3;
/// One in so many bits is kept back for those that don't program.
const SPARE: u32 = 32;
