//! Places in memory for what has secrets: nothing moves within them, and what a value leaves behind is overwritten.

use zeroize::Zeroize;

/// `N` places.
pub(super) struct Slots<T, const N: usize>([Option<Guarded<T>>; N]);

/// Its secrets overwrite themselves when it is dropped. What is left of it after a move, `Option`'s `zeroize` overwrites.
struct Guarded<T>(T);

impl<T> Zeroize for Guarded<T> {
    fn zeroize(&mut self) {}
}

impl<T, const N: usize> Slots<T, N> {
    pub(super) const fn new() -> Self {
        Self([const { None }; N])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten().map(|guarded| &guarded.0)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten().map(|guarded| &mut guarded.0)
    }

    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() == N
    }

    /// Puts a value into a free place; drops it if there is none.
    pub(super) fn put(&mut self, value: T) -> Option<()> {
        let place = self.0.iter_mut().find(|place| place.is_none())?;
        *place = Some(Guarded(value));
        Some(())
    }

    /// Takes the first value out of which this holds.
    pub(super) fn take(&mut self, holds: impl Fn(&T) -> bool) -> Option<T> {
        let place = self.0.iter_mut().find(|place| place.as_ref().is_some_and(|guarded| holds(&guarded.0)))?;
        let value = place.take().map(|guarded| guarded.0);
        place.zeroize();
        value
    }

    /// Drops all values of which this holds.
    pub(super) fn drop_if(&mut self, holds: impl Fn(&T) -> bool) {
        let places = self.0.iter_mut().filter(|place| place.as_ref().is_some_and(|guarded| holds(&guarded.0)));
        places.for_each(Zeroize::zeroize);
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
