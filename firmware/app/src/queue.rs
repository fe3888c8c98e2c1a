//! Reports that wait, between two priorities.

use core::cell::RefCell;

use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::waitqueue::AtomicWaker;
use heapless::Deque;
use keyfob_wire::Report;

use crate::wait::until;

/// Up to `N` reports, put in by one task and taken out by another. Without a panic in it, other than channels that are
/// made for more.
pub(crate) struct Queue<const N: usize> {
    reports: CriticalSectionMutex<RefCell<Deque<Report, N>>>,
    /// Woken when a report came in.
    filled: AtomicWaker,
    /// Woken when one was taken out.
    pub(crate) emptied: AtomicWaker,
}

impl<const N: usize> Queue<N> {
    pub(crate) const fn new() -> Self {
        Self {
            reports: CriticalSectionMutex::new(RefCell::new(Deque::new())),
            filled: AtomicWaker::new(),
            emptied: AtomicWaker::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.with(|reports| reports.is_empty()).unwrap_or(true)
    }

    /// Takes the oldest report out.
    pub(crate) fn take(&self) -> Option<Report> {
        let report = self.with(Deque::pop_front).flatten()?;
        self.emptied.wake();
        Some(report)
    }

    /// Puts a report in, if there is room.
    pub(crate) fn put(&self, report: &Report) -> bool {
        let is_in = self.with(|reports| reports.push_back(*report).is_ok()) == Some(true);
        if is_in {
            self.filled.wake();
        }
        is_in
    }

    pub(crate) fn clear(&self) {
        self.with(Deque::clear);
        self.emptied.wake();
    }

    /// Waits until there is a report.
    pub(crate) fn wait(&self) -> impl Future<Output = ()> {
        until(&self.filled, || (!self.is_empty()).then_some(()))
    }

    /// Waits for a report and takes it out.
    pub(crate) fn receive(&self) -> impl Future<Output = Report> {
        until(&self.filled, || self.take())
    }

    /// Puts a report in as soon as there is room.
    pub(crate) fn send(&self, report: &Report) -> impl Future<Output = ()> {
        until(&self.emptied, || self.put(report).then_some(()))
    }

    /// The lock is held for a moment, and never twice: there is nothing to wait for.
    fn with<R>(&self, operate: impl FnOnce(&mut Deque<Report, N>) -> R) -> Option<R> {
        self.reports.lock(|reports| reports.try_borrow_mut().ok().map(|mut reports| operate(&mut reports)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_out_in_order_and_none_beyond_the_room_comes_in() {
        let queue = Queue::<2>::new();
        assert!(queue.put(&[1; 64]) && queue.put(&[2; 64]) && !queue.put(&[3; 64]));
        assert_eq!(queue.take(), Some([1; 64]));
        assert!(queue.put(&[3; 64]));
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some([2; 64]), Some([3; 64]), None));
        queue.put(&[4; 64]);
        queue.clear();
        assert!(queue.is_empty());
    }
}
