//! Moving what is still needed to the other bank.
//!
//! 1. Erase the other bank; barrier.
//! 2. Copy the committed records, each as a transaction of its own; barrier.
//! 3. Write the header with the next generation; barrier. From here on the other bank counts.
//! 4. Copy the transaction in progress, which stays in progress.
//! 5. Erase the old bank; barrier. No replaced value is left, and a damaged header can't bring the old state back.

use crate::error::Fault;
use crate::flash::Flash;
use crate::format::{Action, Header, Mark, VERSION, header_size, record_size};
use crate::index::{Offset, Pending, Slot};
use crate::log::{Log, Place, read_head};
use crate::medium::{Bank, CHUNK, Medium};
use crate::store::{Condition, Open, Store};

impl<F: Flash, const KEYS: usize> Store<F, KEYS> {
    pub(crate) fn compact(&mut self) -> Result<(), Fault<F::Error>> {
        let old = self.log.place();
        if self.open.take().is_some() && !self.is_abandoned {
            // It is read back below.
            self.log.close(&mut self.medium, Mark::More)?;
        }
        let generation = old.generation.checked_add(1).ok_or(Fault::WornOut)?;
        let new = Place { bank: old.bank.other(), generation };
        if !self.spare_erased {
            self.medium.erase(new.bank)?;
        }
        self.spare_erased = false;

        let mut log = Log::new(new, header_size(Medium::<F>::UNIT));
        for slot in self.index.slots() {
            if let Some(offset) = slot.committed() {
                log.copy(&mut self.medium, old, offset.bytes(Medium::<F>::UNIT), true)?;
                log.close(&mut self.medium, Mark::Commit)?;
            }
        }
        self.medium.barrier()?;
        write_header(&mut self.medium, new, log.position())?;

        // Until the index has followed, it can't be relied upon.
        self.condition = Condition::Lost;
        self.log = log;
        self.follow_committed(old)?;
        self.condition = Condition::Sound;
        self.copy_pending(old)?;

        self.medium.erase(old.bank)?;
        self.spare_erased = true;
        self.medium.statistics.compactions += 1;
        Ok(())
    }

    /// Points the index to the copies, which are in the index's order.
    fn follow_committed(&mut self, old: Place) -> Result<(), Fault<F::Error>> {
        let unit = Medium::<F>::UNIT;
        let mut copy = header_size(unit);
        for place in 0..self.index.slots().len() {
            let Some(slot) = self.index.slot_mut(place) else { break };
            if let Some(offset) = slot.committed() {
                slot.move_committed(Offset::new(copy, unit).ok_or(Fault::NoRoom)?);
                let head = read_head(&mut self.medium, old, offset.bytes(unit))?.ok_or(Fault::Corrupt)?;
                copy += record_size(head.length, unit);
            }
        }
        Ok(())
    }

    fn copy_pending(&mut self, old: Place) -> Result<(), Fault<F::Error>> {
        for place in 0..self.index.slots().len() {
            let Some(slot) = self.index.slots().get(place).copied() else { break };
            if slot.pending() == Pending::Nothing || (slot.pending() == Pending::Remove && slot.committed().is_none()) {
                continue;
            }
            let first = self.open.is_none();
            if !first {
                self.log.close(&mut self.medium, Mark::More)?;
            }
            self.copy_pending_slot(old, &slot, first)?;
        }
        Ok(())
    }

    fn copy_pending_slot(&mut self, old: Place, slot: &Slot, first: bool) -> Result<(), Fault<F::Error>> {
        let Pending::Put(from) = slot.pending() else {
            return self
                .open_record(Action::Remove, slot.key(), 0, first)
                .and_then(|()| self.log.pad(&mut self.medium, 0));
        };
        let unit = Medium::<F>::UNIT;
        let offset = self.log.position();
        let head = self.log.copy(&mut self.medium, old, from.bytes(unit), first)?;
        let copy = Offset::new(offset, unit).ok_or(Fault::NoRoom)?;
        if !self.index.set_pending(slot.key(), Pending::Put(copy)) {
            return Err(Fault::NoRoom);
        }
        (self.open, self.is_abandoned) = (Some(Open { offset, length: head.length }), false);
        Ok(())
    }
}

/// Writes the header of a bank whose records up to `end` are durable.
pub(crate) fn write_header<F: Flash>(medium: &mut Medium<F>, place: Place, end: u32) -> Result<(), Fault<F::Error>> {
    let size = header_size(Medium::<F>::UNIT);
    let header = Header {
        version: VERSION,
        unit: Medium::<F>::UNIT_BYTE,
        generation: place.generation,
        bank_size: medium.bank_size(),
        copied: end - size,
    };
    let mut words = [0xff; CHUNK];
    for (word, byte) in words.iter_mut().zip(header.encode()) {
        *word = byte;
    }
    let words = words.get(..size as usize).ok_or(Fault::Corrupt)?;
    medium.program(place.bank, 0, words)?;
    medium.barrier()
}

/// The place of a region that was never written.
pub(crate) const FIRST_LIFE: Place = Place { bank: Bank::First, generation: 1 };
