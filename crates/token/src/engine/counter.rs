//! A counter with its last spends, as one value: what makes a spend happen exactly once. `docs/spec.md`, §8.2.

use keyfob_wire::cursor::Reader;
use keyfob_wire::{OperationId, Units};

/// How many spends are remembered.
pub(super) const WINDOW: usize = 16;
/// The size of the value. It doesn't grow with spends: there is room for them as soon as the counter is set.
pub(super) const SIZE: usize = HEAD + WINDOW * SPEND;
const HEAD: usize = 8;
const SPEND: usize = 16;

/// A spend that was done.
#[derive(Clone, Copy, Default)]
struct Spend {
    id: OperationId,
    units: Units,
    remaining: Units,
}

/// What a spend leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It was done before, with this outcome.
    Done { remaining: Units, serial: u32 },
    /// Its id was used with other units.
    Mismatch,
    /// It isn't known any more whether it was done.
    Forgotten,
    /// The serial seen lies ahead of the counter.
    Ahead,
    /// It is new.
    New,
}

/// A counter.
#[derive(Clone, Copy, Default)]
pub(super) struct Counter {
    /// What is left.
    pub(super) remaining: Units,
    /// How many spends there were.
    pub(super) serial: u32,
    /// The last ones; the newest first. As many are real as there were spends.
    spends: [Spend; WINDOW],
}

impl Counter {
    /// Looks for a spend among those remembered.
    pub(super) fn look_up(&self, id: OperationId, units: Units, seen: u32) -> Seen {
        let real = usize::try_from(self.serial).unwrap_or(WINDOW);
        let known = self.spends.iter().take(real).zip(0u32..).find(|(spend, _)| spend.id == id);
        match known {
            Some((spend, age)) if spend.units == units => {
                Seen::Done { remaining: spend.remaining, serial: self.serial.wrapping_sub(age) }
            }
            Some(_) => Seen::Mismatch,
            None if seen > self.serial => Seen::Ahead,
            None if self.serial - seen >= WINDOW as u32 => Seen::Forgotten,
            None => Seen::New,
        }
    }

    /// Takes units away and remembers it. Returns nothing if there are too few, or no more serials.
    pub(super) fn spend(&mut self, id: OperationId, units: Units) -> Option<()> {
        let remaining = Units(self.remaining.0.checked_sub(units.0)?);
        self.serial = self.serial.checked_add(1)?;
        self.remaining = remaining;
        self.spends.rotate_right(1);
        if let Some(newest) = self.spends.first_mut() {
            *newest = Spend { id, units, remaining };
        }
        Some(())
    }

    /// Reads a stored value.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut counter = Self { remaining: Units(reader.u32()?), serial: reader.u32()?, ..Self::default() };
        for spend in &mut counter.spends {
            let id = OperationId(reader.take()?);
            *spend = Spend { id, units: Units(reader.u32()?), remaining: Units(reader.u32()?) };
        }
        reader.end().map(|()| counter)
    }

    /// Writes the value to store.
    pub(super) fn to_bytes(self) -> [u8; SIZE] {
        let head = self.remaining.0.to_be_bytes().into_iter().chain(self.serial.to_be_bytes());
        let spends = self.spends.iter().flat_map(|spend| {
            let amounts = spend.units.0.to_be_bytes().into_iter().chain(spend.remaining.0.to_be_bytes());
            spend.id.0.into_iter().chain(amounts)
        });
        let mut bytes = [0; SIZE];
        bytes.iter_mut().zip(head.chain(spends)).for_each(|(to, from)| *to = from);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> OperationId {
        let mut id = [0; 8];
        id[4..].copy_from_slice(&n.to_be_bytes());
        OperationId(id)
    }

    #[test]
    fn the_last_sixteen_are_remembered_across_storage() {
        let mut counter = Counter { remaining: Units(1000), ..Counter::default() };
        for n in 0..40u32 {
            let seen = counter.serial;
            assert_eq!(counter.look_up(id(n), Units(2), seen), Seen::New);
            counter.spend(id(n), Units(2)).unwrap();
            counter = Counter::from_bytes(&counter.to_bytes()).unwrap();
            for old in 0..=n {
                let expected = if n - old < 16 {
                    Seen::Done { remaining: Units(1000 - 2 * (old + 1)), serial: old + 1 }
                } else {
                    Seen::Forgotten
                };
                assert_eq!(counter.look_up(id(old), Units(2), old), expected);
            }
            assert_eq!(counter.look_up(id(n), Units(3), seen), Seen::Mismatch);
        }
        assert_eq!(counter.look_up(id(99), Units(1), 41), Seen::Ahead);
        assert_eq!(counter.look_up(id(99), Units(1), 25), Seen::New);
        assert_eq!(counter.look_up(id(99), Units(1), 24), Seen::Forgotten);
    }

    #[test]
    fn what_is_not_there_cannot_be_spent() {
        let mut counter = Counter { remaining: Units(3), ..Counter::default() };
        assert!(counter.spend(id(1), Units(4)).is_none());
        assert_eq!((counter.remaining, counter.serial), (Units(3), 0));
        assert_eq!(counter.look_up(id(1), Units(4), 0), Seen::New);
        assert_eq!(counter.look_up(OperationId::default(), Units(0), 0), Seen::New, "an empty place is no spend");
    }

    #[test]
    fn other_lengths_are_no_counters() {
        let bytes = [0; SIZE + SPEND];
        for length in 0..bytes.len() {
            assert_eq!(Counter::from_bytes(&bytes[..length]).is_some(), length == SIZE, "{length}");
        }
    }
}
