//! Where the records of the keys are: the only copy of the state in RAM, 16 bytes a key.

use heapless::Vec;

use crate::store::Key;

/// What the transaction in progress does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    Nothing,
    Put(u32),
    Remove,
}

/// One key. Offsets are from the bank's start and never 0, where the header is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    key: u64,
    committed: u32,
    pending: u32,
}

impl Slot {
    pub(crate) fn key(&self) -> Key {
        Key(self.key)
    }

    pub(crate) fn committed(&self) -> Option<u32> {
        (self.committed != NONE).then_some(self.committed)
    }

    pub(crate) fn pending(&self) -> Pending {
        match self.pending {
            NONE => Pending::Nothing,
            REMOVED => Pending::Remove,
            offset => Pending::Put(offset),
        }
    }

    pub(crate) fn move_committed(&mut self, offset: u32) {
        self.committed = offset;
    }

    /// Whether the key would have a value if the transaction were committed now.
    pub(crate) fn present(&self) -> bool {
        match self.pending() {
            Pending::Nothing => self.committed != NONE,
            Pending::Put(_) => true,
            Pending::Remove => false,
        }
    }

    fn set(&mut self, pending: Pending) {
        self.pending = match pending {
            Pending::Nothing => NONE,
            Pending::Put(offset) => offset,
            Pending::Remove => REMOVED,
        };
    }
}

/// The slots, sorted by key.
#[derive(Debug, Default)]
pub(crate) struct Index<const KEYS: usize> {
    slots: Vec<Slot, KEYS>,
}

impl<const KEYS: usize> Index<KEYS> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    pub(crate) fn find(&self, key: Key) -> Option<&Slot> {
        let place = self.place(key).ok()?;
        self.slots.get(place)
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn slot_mut(&mut self, place: usize) -> Option<&mut Slot> {
        self.slots.get_mut(place)
    }

    /// Whether there is a place for what a transaction does to the key.
    pub(crate) fn can_hold(&self, key: Key) -> bool {
        !self.slots.is_full() || self.place(key).is_ok()
    }

    /// Notes what the transaction does to the key, and returns false if there is no place for it.
    #[must_use]
    pub(crate) fn set_pending(&mut self, key: Key, pending: Pending) -> bool {
        match self.place(key) {
            Ok(place) => {
                if let Some(slot) = self.slots.get_mut(place) {
                    slot.set(pending);
                }
                true
            }
            Err(place) => {
                let mut slot = Slot { key: key.0, committed: NONE, pending: NONE };
                slot.set(pending);
                if self.slots.is_full() {
                    return false;
                }
                // Each moves up by one, and the last one out is the new end.
                self.slots.iter_mut().skip(place).for_each(|other| core::mem::swap(other, &mut slot));
                self.slots.push(slot).is_ok()
            }
        }
    }

    /// Makes what is pending committed.
    pub(crate) fn commit(&mut self) {
        for slot in &mut self.slots {
            match slot.pending() {
                Pending::Nothing => {}
                Pending::Put(offset) => slot.committed = offset,
                Pending::Remove => slot.committed = NONE,
            }
        }
        self.rollback();
    }

    /// Forgets what is pending.
    pub(crate) fn rollback(&mut self) {
        for slot in &mut self.slots {
            slot.set(Pending::Nothing);
        }
        self.slots.retain(|slot| slot.committed != NONE);
    }

    fn place(&self, key: Key) -> Result<usize, usize> {
        self.slots.binary_search_by_key(&key.0, |slot| slot.key)
    }
}

const NONE: u32 = 0;
const REMOVED: u32 = u32::MAX;
const _: () = assert!(size_of::<Slot>() == 16);
