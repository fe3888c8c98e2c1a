//! Places in memory for what has secrets: nothing moves within them, and what a value leaves behind is overwritten.

use heapless::Vec;
use zeroize::Zeroize;

/// `N` places. Each is a vector of at most one value, since writing `None` over an `Option` may fill the rest of its
/// place with whatever lies on the stack.
pub(super) struct Slots<T, const N: usize> {
    places: [Vec<T, 1>; N],
    /// How many are taken: every record asks.
    taken: u8,
}

impl<T, const N: usize> Slots<T, N> {
    pub(super) const fn new() -> Self {
        Self { places: [const { Vec::new() }; N], taken: 0 }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().flatten()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.taken)
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() == N
    }

    /// Puts a value into a free place; drops it if there is none.
    pub(super) fn put(&mut self, value: T) -> Option<()> {
        self.places.iter_mut().find(|place| place.is_empty())?.push(value).ok()?;
        self.taken = self.taken.saturating_add(1);
        Some(())
    }

    /// Takes the first value out of which this holds.
    pub(super) fn take(&mut self, holds: impl Fn(&T) -> bool) -> Option<T> {
        let place = self.places.iter_mut().find(|place| place.first().is_some_and(&holds))?;
        let value = place.pop();
        place.zeroize();
        self.taken = self.taken.saturating_sub(1);
        value
    }

    /// Drops all values of which this holds.
    pub(super) fn drop_if(&mut self, holds: impl Fn(&T) -> bool) {
        for place in self.places.iter_mut().filter(|place| place.first().is_some_and(&holds)) {
            place.clear();
            place.zeroize();
            self.taken = self.taken.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_places_until_they_are_taken_or_dropped() {
        let mut slots = Slots::<u32, 3>::new();
        for value in [5, 6, 7] {
            assert!(slots.put(value).is_some());
        }
        assert!(slots.is_full() && slots.put(8).is_none());
        assert_eq!(slots.take(|value| *value == 6), Some(6));
        assert_eq!(slots.take(|value| *value == 6), None);
        assert!(slots.put(9).is_some());
        slots.drop_if(|value| *value > 5);
        assert!(slots.iter().eq(&[5]) && slots.len() == 1);
    }
}
