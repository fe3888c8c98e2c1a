//! Where the records of the keys are: the only copy of the state in RAM, 12 bytes a key.

use heapless::Vec;

use crate::store::Key;

/// Where a record is: units from the bank's start, where the header takes two or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offset(u16);

impl Offset {
    /// Gives nothing for what no record begins at.
    pub(crate) fn new(bytes: u32, unit: u32) -> Option<Self> {
        let units = u16::try_from(bytes / unit).ok()?;
        (bytes.is_multiple_of(unit) && units != NONE && units != REMOVED).then_some(Self(units))
    }

    pub(crate) fn bytes(self, unit: u32) -> u32 {
        u32::from(self.0) * unit
    }
}

/// What the transaction in progress does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    Nothing,
    Put(Offset),
    Remove,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// Its halves, the higher one first: as one number they would have to lie at a multiple of eight bytes.
    key: [u32; 2],
    committed: u16,
    pending: u16,
}

impl Slot {
    pub(crate) fn key(&self) -> Key {
        let [high, low] = self.key;
        Key(u64::from(high) << 32 | u64::from(low))
    }

    pub(crate) fn committed(&self) -> Option<Offset> {
        (self.committed != NONE).then_some(Offset(self.committed))
    }

    pub(crate) fn pending(&self) -> Pending {
        match self.pending {
            NONE => Pending::Nothing,
            REMOVED => Pending::Remove,
            offset => Pending::Put(Offset(offset)),
        }
    }

    pub(crate) fn move_committed(&mut self, offset: Offset) {
        self.committed = offset.0;
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
            Pending::Put(offset) => offset.0,
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
                let mut slot = Slot { key: halves(key), committed: NONE, pending: NONE };
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
                Pending::Put(offset) => slot.committed = offset.0,
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
        self.slots.binary_search_by_key(&halves(key), |slot| slot.key)
    }
}

fn halves(Key(key): Key) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = key.to_be_bytes();
    [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])]
}

/// No record begins in the header.
const NONE: u16 = 0;
const REMOVED: u16 = 1;
/// How many units an offset tells apart.
pub(crate) const MAX_UNITS: u32 = 1 << 16;
const _: () = assert!(size_of::<Slot>() == 12);
