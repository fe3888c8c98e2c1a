//! One-time-programmable memory in RAM, whose bits are only ever set, and whose power goes where a test wants it to.

use crate::Otp;

/// `ROWS` rows of 24 bits.
#[derive(Clone)]
pub struct MemoryOtp<const ROWS: usize> {
    rows: [u32; ROWS],
    /// Bits that don't program, whatever is done.
    dead: [u32; ROWS],
    /// Bits that a cut has left halfway: each reading is another throw.
    weak: [u32; ROWS],
    throws: u32,
    writes: u64,
    cut: Option<(u64, Tear)>,
    powered: bool,
}

/// What a cut leaves of the bit that was being programmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tear {
    /// Nothing.
    Clear,
    /// It is set.
    Set,
    /// It reads now so, now so, until it is programmed again.
    Weak,
}

/// The power is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoPower;

impl<const ROWS: usize> MemoryOtp<ROWS> {
    /// Unprogrammed.
    #[must_use]
    pub const fn new() -> Self {
        let rows = [0; ROWS];
        Self { rows, dead: rows, weak: rows, throws: 1, writes: 0, cut: None, powered: true }
    }

    /// Makes bits of a row never program.
    pub fn kill(&mut self, row: usize, bits: u32) {
        if let Some(dead) = self.dead.get_mut(row) {
            *dead |= bits;
        }
    }

    /// Cuts the power within a write, after so many others.
    pub fn cut_after(&mut self, writes: u64, tear: Tear) {
        self.cut = Some((self.writes.saturating_add(writes), tear));
    }

    /// Gives it power again.
    pub fn restart(&mut self) {
        self.cut = None;
        self.powered = true;
    }

    /// Whether it has power.
    #[must_use]
    pub fn powered(&self) -> bool {
        self.powered
    }

    /// How many writes there were.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes
    }
}

impl<const ROWS: usize> Default for MemoryOtp<ROWS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const ROWS: usize> Otp for MemoryOtp<ROWS> {
    type Error = NoPower;

    const ROWS: usize = ROWS;
    const BITS: u32 = 24;

    fn read(&mut self, row: usize) -> Result<u32, NoPower> {
        if !self.powered {
            return Err(NoPower);
        }
        self.throws = self.throws.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (set, weak) = (self.rows.get(row).ok_or(NoPower)?, self.weak.get(row).ok_or(NoPower)?);
        Ok(set | weak & (self.throws >> 8))
    }

    fn set(&mut self, row: usize, bits: u32) -> Result<(), NoPower> {
        if !self.powered {
            return Err(NoPower);
        }
        let dead = *self.dead.get(row).ok_or(NoPower)?;
        let (set, weak) = (self.rows.get_mut(row).ok_or(NoPower)?, self.weak.get_mut(row).ok_or(NoPower)?);
        // Nothing is ever cleared: what is there stays, whatever is asked for.
        let new = bits & !dead & !*set & 0x00ff_ffff;
        if let Some((at, tear)) = self.cut
            && self.writes >= at
        {
            self.powered = false;
            match tear {
                Tear::Clear => {}
                Tear::Set => *set |= new,
                Tear::Weak => *weak |= new,
            }
            return Err(NoPower);
        }
        self.writes = self.writes.saturating_add(1);
        *set |= new;
        *weak &= !new;
        Ok(())
    }
}
