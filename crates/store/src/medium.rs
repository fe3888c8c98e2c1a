//! Two banks on a flash: aligned reads, verified programs, counted operations.

use zeroize::Zeroizing;

use crate::error::Fault;
use crate::flash::Flash;
use crate::index::MAX_UNITS;

/// What was done to the medium since it was mounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Bytes programmed, padding included.
    pub programmed: u64,
    /// Sectors erased.
    pub erases: u64,
    /// Barriers.
    pub barriers: u64,
    /// Compactions.
    pub compactions: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bank {
    First,
    Second,
}

impl Bank {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

pub(crate) struct Medium<F> {
    flash: F,
    bank_size: u32,
    pub(crate) statistics: Statistics,
}

impl<F: Flash> Medium<F> {
    /// The unit to which records are aligned.
    pub(crate) const UNIT: u32 = F::WRITE_SIZE as u32;
    /// `UNIT` as it stands in headers.
    pub(crate) const UNIT_BYTE: u8 = F::WRITE_SIZE as u8;
    const SECTOR: u32 = F::ERASE_SIZE as u32;
    const READ: usize = F::READ_SIZE;
    const SUPPORTED: () = assert!(
        F::WRITE_SIZE.is_power_of_two()
            && F::WRITE_SIZE <= 16
            && F::READ_SIZE.is_power_of_two()
            && F::READ_SIZE <= 16
            && F::ERASE_SIZE.is_multiple_of(CHUNK)
            && F::ERASE_SIZE > 0,
        "WRITE_SIZE and READ_SIZE must be powers of two of at most 16, ERASE_SIZE a multiple of 64"
    );

    pub(crate) const fn new(flash: F) -> Self {
        let () = Self::SUPPORTED;
        let statistics = Statistics { programmed: 0, erases: 0, barriers: 0, compactions: 0 };
        Self { flash, bank_size: 0, statistics }
    }

    /// Divides the region into banks, and says how long one is.
    pub(crate) fn measure(&mut self) -> u32 {
        let half = u32::try_from(self.flash.capacity() / 2).unwrap_or(u32::MAX / 2);
        // Records further behind couldn't be told apart.
        let half = half.min(MAX_UNITS * Self::UNIT);
        self.bank_size = half - half % Self::SECTOR;
        self.bank_size
    }

    pub(crate) fn release(self) -> F {
        self.flash
    }

    pub(crate) fn bank_size(&self) -> u32 {
        self.bank_size
    }

    /// The offset from the region's start.
    pub(crate) fn absolute(&self, bank: Bank, offset: u32) -> u32 {
        match bank {
            Bank::First => offset,
            Bank::Second => self.bank_size + offset,
        }
    }

    pub(crate) fn read(&mut self, bank: Bank, offset: u32, bytes: &mut [u8]) -> Result<(), Fault<F::Error>> {
        let mut at = self.absolute(bank, offset);
        if Self::READ == 1 {
            return self.flash.read(at, bytes).map_err(Fault::Flash);
        }
        // The window is a whole number of read units around what is wanted.
        let mut wanted = bytes;
        while !wanted.is_empty() {
            let start = at - at % CHUNK_U32;
            let mut window = Zeroizing::new([0; CHUNK]);
            self.flash.read(start, window.as_mut()).map_err(Fault::Flash)?;
            let (mut count, mut end) = (0, at);
            for (to, from) in wanted.iter_mut().zip(window.iter().skip((at - start) as usize)) {
                *to = *from;
                count += 1;
                end += 1;
            }
            at = end;
            wanted = wanted.split_at_mut_checked(count).map_or(&mut [], |(_, rest)| rest);
        }
        Ok(())
    }

    /// Programs whole words and reads them back.
    pub(crate) fn program(&mut self, bank: Bank, offset: u32, bytes: &[u8]) -> Result<(), Fault<F::Error>> {
        let at = self.absolute(bank, offset);
        self.flash.write(at, bytes).map_err(Fault::Flash)?;
        self.statistics.programmed += bytes.len() as u64;
        let mut position = offset;
        for expected in bytes.chunks(16) {
            let mut found = Zeroizing::new([0; 16]);
            let found = found.get_mut(..expected.len()).ok_or(Fault::Corrupt)?;
            self.read(bank, position, found)?;
            if found != expected {
                return Err(Fault::WornOut);
            }
            position += 16;
        }
        Ok(())
    }

    pub(crate) fn erase(&mut self, bank: Bank) -> Result<(), Fault<F::Error>> {
        let start = self.absolute(bank, 0);
        let mut sector = start;
        while sector < start + self.bank_size {
            self.flash.erase(sector, sector + Self::SECTOR).map_err(Fault::Flash)?;
            self.statistics.erases += 1;
            sector += Self::SECTOR;
        }
        self.barrier()
    }

    pub(crate) fn barrier(&mut self) -> Result<(), Fault<F::Error>> {
        self.flash.barrier().map_err(Fault::Flash)?;
        self.statistics.barriers += 1;
        Ok(())
    }

    /// Whether the bank reads as erased from `offset` to its end.
    pub(crate) fn is_blank(&mut self, bank: Bank, offset: u32) -> Result<bool, Fault<F::Error>> {
        let mut position = offset;
        while position < self.bank_size {
            let mut chunk = [0; CHUNK];
            // Up to the next boundary first, whole chunks then: sectors are multiples of a chunk.
            let count = CHUNK_U32 - position % CHUNK_U32;
            let part = chunk.split_at_mut_checked(count as usize).map_or(&mut [][..], |(part, _)| part);
            self.read(bank, position, part)?;
            if part.iter().any(|byte| *byte != 0xff) {
                return Ok(false);
            }
            position += count;
        }
        Ok(true)
    }
}

/// The size of the bounce buffers.
pub(crate) const CHUNK: usize = 64;
const CHUNK_U32: u32 = 64;
