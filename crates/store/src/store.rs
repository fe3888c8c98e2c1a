//! The mounted store: reading, and what is common to all changes.

use crate::error::{Fault, ReadError, WriteError};
use crate::flash::Flash;
use crate::format::{Action, HEAD, Head, MAX_VALUE, Mark, header_size, record_size};
use crate::index::{Index, Offset, Pending, Slot};
use crate::log::{Log, read_head, read_value};
use crate::medium::{Medium, Statistics};
use crate::transaction::Transaction;

/// The name of a value. The store gives numbers no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

/// Values by key on a flash, changed in transactions.
///
/// `KEYS` is how many keys there can be at once, those of the transaction in progress included; each takes 12 bytes
/// of RAM.
///
/// # Security
/// Values that were removed or replaced stay readable in the flash until the next compaction: see [`Store::scrub`].
/// Checksums find accidents. They don't keep anybody who can write to the flash from changing it or putting it back.
pub struct Store<F, const KEYS: usize> {
    pub(crate) medium: Medium<F>,
    pub(crate) index: Index<KEYS>,
    pub(crate) log: Log,
    /// The last record of the transaction in progress, whose trailer isn't written yet.
    pub(crate) open: Option<Open>,
    /// Whether that transaction was dropped.
    pub(crate) is_abandoned: bool,
    pub(crate) condition: Condition,
    /// Whether the other bank was erased since mounting. That it reads as blank isn't enough: the power may have gone
    /// before its erase was finished.
    pub(crate) spare_erased: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    pub(crate) offset: u32,
    pub(crate) length: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The index isn't right, or isn't there yet.
    Lost,
    /// Nothing may be written any more; committed values can be read.
    ReadOnly,
    Sound,
}

impl<F: Flash, const KEYS: usize> Store<F, KEYS> {
    /// Reads the committed value of a key into the buffer and returns it, or `None` if the key has none.
    ///
    /// # Errors
    /// Fails if the buffer is too short, the record is damaged or the flash fails; what the buffer then holds is
    /// meaningless.
    pub fn get<'b>(&mut self, key: Key, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, ReadError<F::Error>> {
        self.require_readable()?;
        let Some(offset) = self.index.find(key).and_then(Slot::committed) else { return Ok(None) };
        let offset = offset.bytes(Medium::<F>::UNIT);
        let place = self.log.place();
        let head = read_head(&mut self.medium, place, offset)?.ok_or(ReadError::Corrupt)?;
        let needed = usize::from(head.length);
        let value = buffer.get_mut(..needed).ok_or(ReadError::BufferTooSmall { needed })?;
        let sound = read_value(&mut self.medium, place, offset, &head, value)?;
        if !sound || head.key != key {
            return Err(ReadError::Corrupt);
        }
        Ok(Some(value))
    }

    /// Returns whether the key has a committed value.
    ///
    /// # Errors
    /// Fails if the store must be mounted again.
    pub fn contains(&self, key: Key) -> Result<bool, ReadError<F::Error>> {
        self.require_readable()?;
        Ok(self.index.find(key).and_then(Slot::committed).is_some())
    }

    /// Returns the keys that have committed values, in ascending order.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.index.slots().iter().filter(|slot| slot.committed().is_some()).map(Slot::key)
    }

    /// Calls `each` with the last `N` bytes of every committed value.
    ///
    /// # Errors
    /// Fails if a value is shorter, or the flash can't be read.
    pub fn ends<const N: usize>(&mut self, mut each: impl FnMut(Key, &[u8; N])) -> Result<(), ReadError<F::Error>> {
        self.require_readable()?;
        for number in 0..self.index.slots().len() {
            let Some(slot) = self.index.slots().get(number).copied() else { break };
            if let Some(offset) = slot.committed() {
                each(slot.key(), &self.end(offset.bytes(Medium::<F>::UNIT))?);
            }
        }
        Ok(())
    }

    /// The last bytes of the value at an offset, which may be that of the open record.
    pub(crate) fn end<const N: usize>(&mut self, offset: u32) -> Result<[u8; N], ReadError<F::Error>> {
        let mut head = [0; HEAD];
        self.log.peek(&mut self.medium, offset, &mut head)?;
        let length = usize::from(Head::decode(&head).ok_or(ReadError::Corrupt)?.length);
        let within = HEAD + length.checked_sub(N).ok_or(ReadError::Corrupt)?;
        let mut end = [0; N];
        self.log.peek(&mut self.medium, offset + within as u32, &mut end)?;
        Ok(end)
    }

    /// Returns how many bytes of records can still be added. A record takes [`Store::record_size`] bytes.
    ///
    /// A transaction needs this much for all its records together, also for those that replace others: the old values
    /// are needed until it is committed.
    ///
    /// # Errors
    /// Fails if the flash can't be read.
    pub fn free(&mut self) -> Result<usize, ReadError<F::Error>> {
        self.require_readable()?;
        let used = self.compacted_size()?;
        let reserve = record_size(0, Medium::<F>::UNIT);
        Ok(self.medium.bank_size().saturating_sub(used).saturating_sub(reserve) as usize)
    }

    /// Returns the bytes that a record with a value of this length takes.
    pub fn record_size(length: usize) -> usize {
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        record_size(length, Medium::<F>::UNIT) as usize
    }

    /// Returns what was done to the flash since mounting.
    pub fn statistics(&self) -> Statistics {
        self.medium.statistics
    }

    /// Begins a transaction. Nothing of it is visible before it is committed.
    pub fn begin(&mut self) -> Transaction<'_, F, KEYS> {
        self.abandon();
        Transaction::new(self)
    }

    /// Compacts now, so that no removed or replaced value is left in the flash.
    ///
    /// # Errors
    /// Fails if the flash does.
    pub fn scrub(&mut self) -> Result<(), WriteError<F::Error>> {
        self.require_sound()?;
        self.abandon();
        self.compact().map_err(|fault| self.give_up(fault))
    }

    /// Gives the flash back. An uncommitted transaction is forgotten.
    pub fn release(self) -> F {
        self.medium.release()
    }

    /// Appends a record to the transaction in progress.
    pub(crate) fn append(&mut self, action: Action, key: Key, value: &[u8]) -> Result<(), WriteError<F::Error>> {
        self.require_sound()?;
        let length = u16::try_from(value.len()).map_err(|_| WriteError::TooLong)?;
        if value.len() > MAX_VALUE {
            return Err(WriteError::TooLong);
        }
        if !self.index.can_hold(key) {
            return Err(WriteError::NoRoom);
        }
        match self.append_checked(action, key, length, value) {
            Err(Fault::NoRoom) => Err(WriteError::NoRoom),
            Err(fault) => Err(self.give_up(fault)),
            Ok(()) => Ok(()),
        }
    }

    fn append_checked(&mut self, action: Action, key: Key, length: u16, value: &[u8]) -> Result<(), Fault<F::Error>> {
        if self.open.is_some() && self.is_abandoned {
            // Durable before anything follows, or the next transaction could survive without what is before it.
            self.log.close(&mut self.medium, Mark::Abandoned)?;
            self.medium.barrier()?;
            self.open = None;
        }
        self.make_room(action, length)?;
        if self.open.take().is_some() {
            self.log.close(&mut self.medium, Mark::More)?;
            self.open_record(action, key, length, false)?;
        } else {
            self.open_record(action, key, length, true)?;
        }
        self.log.append(&mut self.medium, value)?;
        self.log.pad(&mut self.medium, length)
    }

    /// Starts a record at the end of the log.
    pub(crate) fn open_record(
        &mut self,
        action: Action,
        key: Key,
        length: u16,
        first: bool,
    ) -> Result<(), Fault<F::Error>> {
        let offset = self.log.position();
        self.log.open(&mut self.medium, &Head { action, first, length, key })?;
        let pending = match action {
            Action::Put => Pending::Put(Offset::new(offset, Medium::<F>::UNIT).ok_or(Fault::NoRoom)?),
            Action::Remove => Pending::Remove,
        };
        if !self.index.set_pending(key, pending) {
            return Err(Fault::NoRoom);
        }
        (self.open, self.is_abandoned) = (Some(Open { offset, length }), false);
        Ok(())
    }

    /// Compacts if the record doesn't fit behind the log.
    fn make_room(&mut self, action: Action, length: u16) -> Result<(), Fault<F::Error>> {
        let unit = Medium::<F>::UNIT;
        // The last bytes are for removals, so that a full store can be emptied.
        let reserve = match action {
            Action::Put => record_size(0, unit),
            Action::Remove => 0,
        };
        let needed = record_size(length, unit) + reserve;
        let end = self.open.map_or(self.log.position(), |open| open.offset + record_size(open.length, unit));
        if end.saturating_add(needed) <= self.medium.bank_size() {
            return Ok(());
        }
        if self.compacted_size()?.saturating_add(needed) > self.medium.bank_size() {
            return Err(Fault::NoRoom);
        }
        self.compact()
    }

    /// The size of the log after compaction, with the transaction in progress.
    fn compacted_size(&mut self) -> Result<u32, Fault<F::Error>> {
        let unit = Medium::<F>::UNIT;
        let place = self.log.place();
        let mut size = header_size(unit);
        for slot in self.index.slots() {
            if let Some(offset) = slot.committed() {
                let head = read_head(&mut self.medium, place, offset.bytes(unit))?.ok_or(Fault::Corrupt)?;
                size += record_size(head.length, unit);
            }
            size += match (slot.pending(), self.open) {
                (Pending::Nothing, _) => 0,
                (Pending::Remove, _) => record_size(0, unit),
                // The open record's start may still be in the buffer.
                (Pending::Put(offset), Some(open)) if open.offset == offset.bytes(unit) => {
                    record_size(open.length, unit)
                }
                (Pending::Put(offset), _) => {
                    let head = read_head(&mut self.medium, place, offset.bytes(unit))?.ok_or(Fault::Corrupt)?;
                    record_size(head.length, unit)
                }
            };
        }
        Ok(size)
    }

    /// Forgets the transaction in progress.
    pub(crate) fn abandon(&mut self) {
        self.index.rollback();
        if self.open.is_some() {
            self.is_abandoned = true;
        }
    }

    pub(crate) fn give_up(&mut self, fault: Fault<F::Error>) -> WriteError<F::Error> {
        if self.condition == Condition::Sound {
            self.condition = Condition::ReadOnly;
        }
        fault.into()
    }

    fn require_sound(&self) -> Result<(), WriteError<F::Error>> {
        if self.condition == Condition::Sound { Ok(()) } else { Err(WriteError::NeedsMount) }
    }

    pub(crate) fn require_readable(&self) -> Result<(), ReadError<F::Error>> {
        if self.condition == Condition::Lost { Err(ReadError::NeedsMount) } else { Ok(()) }
    }
}
