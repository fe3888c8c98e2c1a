//! What sessions can be resumed with: in memory only, for ten minutes. `docs/spec.md`, §5.1.

use keyfob_channel::{Ticket, TicketId};
use keyfob_wire::Instant;

use super::slots::Slots;
use crate::engine::Caller;

/// How many tickets are remembered: those of all sessions, and of as many that lost their place.
pub const TICKETS: usize = 16;
/// So many milliseconds after its handshake, what came of a session can't be resumed any more.
const LIFETIME: u64 = 600_000;

/// A ticket and whose session it resumes.
pub(super) struct Entry {
    pub(super) ticket: Ticket,
    pub(super) caller: Caller,
    pub(super) until: Instant,
}

/// The tickets.
pub(super) struct Tickets(Slots<Entry, TICKETS>);

impl Tickets {
    pub(super) const fn new() -> Self {
        Self(Slots::new())
    }

    /// When tickets of a handshake made now end.
    pub(super) fn lifetime(now: Instant) -> Instant {
        now.plus(LIFETIME)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Keeps a ticket. The one that ends first gives way.
    pub(super) fn keep(&mut self, entry: Entry) {
        if self.0.is_full()
            && let Some(first) = self.0.iter().min_by_key(|other| other.until).map(|other| other.ticket.id())
        {
            self.drop(first);
        }
        let _kept = self.0.put(entry);
    }

    /// Finds a ticket that hasn't ended.
    pub(super) fn find(&mut self, now: Instant, id: TicketId) -> Option<&Entry> {
        self.0.drop_if(|entry| now >= entry.until);
        self.0.iter().find(|entry| entry.ticket.id() == id)
    }

    /// Makes a ticket worthless.
    pub(super) fn drop(&mut self, id: TicketId) {
        self.0.drop_if(|entry| entry.ticket.id() == id);
    }
}
