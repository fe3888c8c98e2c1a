//! A flash in memory that loses power where a test wants it to.
//!
//! What it takes for granted about a medium is what the store takes for granted:
//!
//! - An erased byte is 0xff. A word is programmed once between erases: [`MemoryFlash`] panics otherwise.
//! - A cut leaves the word that was being programmed, or the sector that was being erased, with any content.
//! - Between two barriers a medium may reorder: of the programs and erases since the last barrier any subset survives.
//!
//! It uses no heap, and firmware that doesn't name it doesn't contain it.
#![allow(clippy::indexing_slicing)] // A test's mistake may panic.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

use crate::flash::Flash;

/// What an interrupted program or erase leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// What was done up to the cut, byte by byte.
    Clean,
    /// As `Clean`, but in the word or sector at the cut a random part of the bits has changed.
    Bits(u64),
    /// As `Clean`, but the word or sector at the cut is random.
    Garbled(u64),
}

/// Which programs and erases since the last barrier survive a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All of them.
    Kept,
    /// The n-th if bit n of the number is set; beyond 64 it is random, with the number as the seed.
    Subset(u64),
}

/// Barriers that don't do what they should. A sweep must find that the store doesn't survive this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deaf {
    /// All barriers work.
    Never,
    /// No barrier works.
    Always,
    /// The barrier with this number, from 0, doesn't work.
    Once(u64),
}

/// Why the simulated flash failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimError {
    /// The power is off.
    PowerLost,
    /// The operation failed as [`MemoryFlash::fail_after`] asked.
    Failed,
    /// The address or length isn't a multiple of the unit.
    NotAligned,
    /// The address is beyond the end.
    OutOfBounds,
}

impl NorFlashError for SimError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::PowerLost | Self::Failed => NorFlashErrorKind::Other,
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
        }
    }
}

/// A flash of `SIZE` bytes with sectors of `SECTOR` and words of `WRITE` bytes.
///
/// Cut points are numbered in steps: a program has one per byte, an erased sector four, a barrier one. A cut after
/// `n` steps happens within the operation that would make step `n + 1`.
#[derive(Clone)]
pub struct MemoryFlash<const SIZE: usize, const SECTOR: usize, const WRITE: usize> {
    /// What reads return.
    visible: [u8; SIZE],
    /// What would be left if the power were cut now.
    survivors: [u8; SIZE],
    programmed: [bool; SIZE],
    order: Order,
    tear: Tear,
    deaf: Deaf,
    cut: Option<u64>,
    failure: Option<u64>,
    powered: bool,
    window: u64,
    steps: u64,
    operations: u64,
    barriers: u64,
}

impl<const SIZE: usize, const SECTOR: usize, const WRITE: usize> MemoryFlash<SIZE, SECTOR, WRITE> {
    /// Makes an erased flash.
    pub const fn new() -> Self {
        Self::with_content([0xff; SIZE])
    }

    /// Makes a flash that holds this. Bytes other than 0xff count as programmed.
    pub const fn with_content(content: [u8; SIZE]) -> Self {
        Self {
            visible: content,
            survivors: content,
            programmed: [false; SIZE],
            order: Order::Kept,
            tear: Tear::Clean,
            deaf: Deaf::Never,
            cut: None,
            failure: None,
            powered: true,
            window: 0,
            steps: 0,
            operations: 0,
            barriers: 0,
        }
    }

    /// Sets what a cut leaves behind.
    pub fn set_damage(&mut self, order: Order, tear: Tear) {
        self.order = order;
        self.tear = tear;
    }

    /// Sets which barriers don't work.
    pub fn set_deaf(&mut self, deaf: Deaf) {
        self.deaf = deaf;
    }

    /// Cuts the power after this many more steps.
    pub fn cut_after(&mut self, steps: u64) {
        self.cut = Some(self.steps + steps);
    }

    /// Makes one program, erase or barrier fail, after this many more that succeed. The power stays on, and what the
    /// failed operation should have done is not done.
    pub fn fail_after(&mut self, operations: u64) {
        self.failure = Some(self.operations + operations);
    }

    /// Cuts the power now, if it isn't off yet, and switches it on again.
    pub fn restart(&mut self) {
        self.visible = self.survivors;
        self.programmed = [false; SIZE];
        self.cut = None;
        self.failure = None;
        self.powered = true;
        self.window = 0;
    }

    /// Returns whether the power is on.
    pub fn powered(&self) -> bool {
        self.powered
    }

    /// Returns the steps made so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the programs, sector erases and barriers so far.
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Returns the barriers so far, also those that didn't work.
    pub fn barriers(&self) -> u64 {
        self.barriers
    }

    /// Returns the programs and sector erases since the last barrier that worked.
    pub fn window(&self) -> u64 {
        self.window
    }

    /// Returns what reads return.
    pub fn content(&self) -> &[u8; SIZE] {
        &self.visible
    }

    /// Returns the content for changing it behind the store's back.
    pub fn content_mut(&mut self) -> &mut [u8; SIZE] {
        // Later cuts see the change too.
        self.survivors = self.visible;
        &mut self.visible
    }

    /// Makes what was changed by [`MemoryFlash::content_mut`] durable.
    pub fn settle(&mut self) {
        self.survivors = self.visible;
    }

    /// Starts an operation of some steps; returns how many are done before the power goes.
    fn start(&mut self, steps: u64) -> Result<u64, SimError> {
        if !self.powered {
            return Err(SimError::PowerLost);
        }
        if self.failure.is_some_and(|failure| self.operations >= failure) {
            self.failure = None;
            return Err(SimError::Failed);
        }
        self.operations += 1;
        let allowed = self.cut.map_or(steps, |cut| steps.min(cut.saturating_sub(self.steps)));
        self.steps += allowed;
        self.powered = allowed == steps;
        Ok(allowed)
    }

    /// Whether the operation that starts now would survive a cut.
    fn survives(&mut self) -> bool {
        let number = self.window;
        self.window += 1;
        match self.order {
            Order::Kept => true,
            Order::Subset(set) if number < 64 => set >> number & 1 == 1,
            Order::Subset(seed) => mix(seed ^ mix(number)) & 1 == 1,
        }
    }

    fn finish(&self) -> Result<(), SimError> {
        if self.powered { Ok(()) } else { Err(SimError::PowerLost) }
    }

    /// What the torn bytes become.
    fn torn(&self, place: usize, before: u8, after: u8) -> u8 {
        match self.tear {
            Tear::Clean => before,
            Tear::Bits(seed) => before ^ (before ^ after) & mix(seed ^ mix(place as u64)) as u8,
            Tear::Garbled(seed) => mix(seed ^ mix(place as u64)) as u8,
        }
    }

    fn check(from: u32, to: u32, unit: usize) -> Result<(usize, usize), SimError> {
        let (from, to) = (from as usize, to as usize);
        if !from.is_multiple_of(unit) || !to.is_multiple_of(unit) {
            return Err(SimError::NotAligned);
        }
        if from > to || to > SIZE {
            return Err(SimError::OutOfBounds);
        }
        Ok((from, to))
    }
}

impl<const SIZE: usize, const SECTOR: usize, const WRITE: usize> Default for MemoryFlash<SIZE, SECTOR, WRITE> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const SIZE: usize, const SECTOR: usize, const WRITE: usize> ErrorType for MemoryFlash<SIZE, SECTOR, WRITE> {
    type Error = SimError;
}

impl<const SIZE: usize, const SECTOR: usize, const WRITE: usize> ReadNorFlash for MemoryFlash<SIZE, SECTOR, WRITE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.finish()?;
        let from = offset as usize;
        let content = self.visible.get(from..from + bytes.len()).ok_or(SimError::OutOfBounds)?;
        bytes.copy_from_slice(content);
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl<const SIZE: usize, const SECTOR: usize, const WRITE: usize> NorFlash for MemoryFlash<SIZE, SECTOR, WRITE> {
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = SECTOR;

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        let (from, to) = Self::check(offset, offset + bytes.len() as u32, WRITE)?;
        let done = from + self.start(bytes.len() as u64)? as usize;
        for place in from..to {
            assert!(!self.programmed[place] && self.visible[place] == 0xff, "{place} is programmed twice");
        }
        let survives = self.survives();
        // The word at the cut.
        let torn = done - done % WRITE..if done < to { done - done % WRITE + WRITE } else { 0 };
        for (place, byte) in (from..to).zip(bytes) {
            let kept = if place < done { *byte } else { 0xff };
            let result =
                if torn.contains(&place) && self.tear != Tear::Clean { self.torn(place, 0xff, *byte) } else { kept };
            self.visible[place] = result;
            self.programmed[place] = true;
            if survives {
                self.survivors[place] = result;
            }
        }
        self.finish()
    }

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        let (from, to) = Self::check(from, to, SECTOR)?;
        for sector in (from..to).step_by(SECTOR) {
            let quarters = self.start(4)? as usize;
            let survives = self.survives();
            let done = sector + quarters * SECTOR / 4;
            for place in sector..sector + SECTOR {
                let before = self.visible[place];
                let result = match quarters {
                    4 => 0xff,
                    // Not even begun.
                    0 => before,
                    _ if self.tear != Tear::Clean => self.torn(place, before, 0xff),
                    _ if place < done => 0xff,
                    _ => before,
                };
                self.visible[place] = result;
                self.programmed[place] = false;
                if survives {
                    self.survivors[place] = result;
                }
            }
            self.finish()?;
        }
        Ok(())
    }
}

impl<const SIZE: usize, const SECTOR: usize, const WRITE: usize> Flash for MemoryFlash<SIZE, SECTOR, WRITE> {
    fn barrier(&mut self) -> Result<(), SimError> {
        self.start(1)?;
        self.finish()?;
        let deaf = match self.deaf {
            Deaf::Never => false,
            Deaf::Always => true,
            Deaf::Once(number) => self.barriers == number,
        };
        self.barriers += 1;
        if !deaf {
            self.survivors = self.visible;
            self.window = 0;
        }
        Ok(())
    }
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
