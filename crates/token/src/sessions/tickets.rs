//! What sessions can be resumed with: in memory only, for ten minutes. `docs/spec.md`, §5.1.

use heapless::Vec;
use keyfob_channel::{Ticket, TicketId};
use keyfob_wire::Instant;

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

/// The tickets, the one made longest ago first.
pub(super) struct Tickets(Vec<Entry, TICKETS>);

impl Tickets {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// When tickets of a handshake made now end.
    pub(super) fn lifetime(now: Instant) -> Instant {
        now.plus(LIFETIME)
    }

    /// Keeps a ticket. The one made longest ago gives way.
    pub(super) fn keep(&mut self, entry: Entry) {
        if self.0.is_full() {
            self.0.remove(0);
        }
        let _room = self.0.push(entry);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Finds a ticket that hasn't ended.
    pub(super) fn find(&mut self, now: Instant, id: TicketId) -> Option<&Entry> {
        self.0.retain(|entry| now < entry.until);
        self.0.iter().find(|entry| entry.ticket.id() == id)
    }

    /// Takes a ticket away.
    pub(super) fn take(&mut self, id: TicketId) -> Option<Entry> {
        let position = self.0.iter().position(|entry| entry.ticket.id() == id)?;
        Some(self.0.remove(position))
    }
}
