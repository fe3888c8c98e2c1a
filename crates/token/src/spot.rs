//! A place for at most one value.

use heapless::Vec;

/// A place for at most one value.
///
/// Unlike an [`Option`]'s, its empty state is zeros whatever the value is: so a token without power is all zeros, which
/// takes no flash on a board.
pub(crate) struct Spot<T>(Vec<T, 1>);

impl<T> Spot<T> {
    /// An empty place.
    pub(crate) const EMPTY: Self = Self(Vec::new());

    /// The value, if there is one.
    pub(crate) fn as_ref(&self) -> Option<&T> {
        self.0.first()
    }

    /// As [`as_ref`](Self::as_ref).
    pub(crate) fn as_mut(&mut self) -> Option<&mut T> {
        self.0.first_mut()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a value there, and drops the one that was.
    pub(crate) fn set(&mut self, value: T) {
        self.clear();
        let _there_is_room = self.0.push(value);
    }

    /// Drops the value.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
