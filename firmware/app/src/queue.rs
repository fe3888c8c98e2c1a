//! Reports that wait, between two priorities.

use core::cell::RefCell;

use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use heapless::Deque;
use keyfob_wire::Report;

/// Up to `N` reports, put in by one task and taken out by another. Without a panic in it, other than channels that are
/// made for more.
pub(crate) struct Queue<const N: usize> {
    reports: CriticalSectionMutex<RefCell<Deque<Report, N>>>,
    /// Raised when a report came in.
    filled: Signal<CriticalSectionRawMutex, ()>,
    /// Raised when one was taken out.
    emptied: Signal<CriticalSectionRawMutex, ()>,
}

impl<const N: usize> Queue<N> {
    pub(crate) const fn new() -> Self {
        Self {
            reports: CriticalSectionMutex::new(RefCell::new(Deque::new())),
            filled: Signal::new(),
            emptied: Signal::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.with(|reports| reports.is_empty()).unwrap_or(true)
    }

    /// Takes the oldest report out.
    pub(crate) fn take(&self) -> Option<Report> {
        let report = self.with(Deque::pop_front).flatten()?;
        self.emptied.signal(());
        Some(report)
    }

    /// Puts a report in, if there is room.
    pub(crate) fn put(&self, report: &Report) -> bool {
        let is_in = self.with(|reports| reports.push_back(*report).is_ok()) == Some(true);
        if is_in {
            self.filled.signal(());
        }
        is_in
    }

    pub(crate) fn clear(&self) {
        self.with(Deque::clear);
        self.emptied.signal(());
    }

    /// Waits until there is a report.
    pub(crate) async fn wait(&self) {
        while self.is_empty() {
            self.filled.wait().await;
        }
    }

    /// Waits for a report and takes it out.
    pub(crate) async fn receive(&self) -> Report {
        loop {
            if let Some(report) = self.take() {
                return report;
            }
            self.filled.wait().await;
        }
    }

    /// Puts a report in as soon as there is room.
    pub(crate) async fn send(&self, report: &Report) {
        while !self.put(report) {
            self.emptied.wait().await;
        }
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
