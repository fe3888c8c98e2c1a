//! Reports under way.

use std::collections::VecDeque;

use keyfob_wire::{Instant, Report};

use super::armed::Fate;

/// How many reports are under way at most; more are lost.
const MOST: usize = 4096;

/// One direction of the way between the hosts and the token. It keeps its order unless a fault changes it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// With when each may arrive, which never falls.
    queue: VecDeque<(Instant, Report)>,
    /// What comes after the next report.
    overtaken: Vec<Report>,
}

impl Line {
    /// Sends a report off.
    pub(crate) fn send(&mut self, now: Instant, fate: &Fate) {
        if fate.is_overtaken && self.overtaken.is_empty() {
            self.overtaken.extend_from_slice(&fate.arriving);
            return;
        }
        let behind = self.queue.back().map_or(now, |(due, _)| *due).max(now);
        let due = behind.max(now.plus(fate.delay));
        let late = std::mem::take(&mut self.overtaken);
        let room = MOST.saturating_sub(self.queue.len());
        self.queue.extend(fate.arriving.iter().chain(&late).take(room).map(|report| (due, *report)));
    }

    /// Takes the next report that has arrived.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Report> {
        self.due_at().filter(|due| *due <= now)?;
        self.queue.pop_front().map(|(_, report)| report)
    }

    /// When the next report arrives.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.queue.front().map(|(due, _)| *due)
    }

    /// Loses what is under way.
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.overtaken.clear();
    }
}
