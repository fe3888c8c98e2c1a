//! Open sessions and their places. `docs/spec.md`, §5 and §6.

use keyfob_channel::{RECORD_OVERHEAD, Records, TicketId};
use keyfob_crypto::sha256;
use keyfob_wire::{ChannelId, Command, FIRST_CAPACITY, Instant, Operation, Report, Status};

use super::slots::Slots;
use crate::engine::{Caller, Engine, Surroundings};
use crate::outbox::{Outbox, Room};
use crate::platform::Platform;

/// How many sessions can be open at once.
pub const SESSIONS: usize = 8;
/// What one certificate, or all guests together, can hold while others wait.
const SHARE: usize = SESSIONS / 2;
/// After that many idle milliseconds a session gives way to another.
const IDLE_TIME: u64 = 30_000;

/// An open session.
pub struct Session<P: Platform> {
    pub(super) channel: ChannelId,
    pub(super) caller: Caller,
    pub(super) records: Records<P::Crypto>,
    pub(super) ticket: TicketId,
    pub(super) used: Instant,
    /// The last request and its answer, if it was a single report, for when that got lost.
    pub(super) last: Option<(Fingerprint, Report)>,
}

impl<P: Platform> Session<P> {
    /// Executes a request and sends the answer as the next record. Tells whether the caller has logged out.
    pub(super) fn answer(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        request: &[u8],
        asked: Fingerprint,
        around: &Surroundings,
    ) -> Result<bool, Status> {
        let operation = request.first().and_then(|byte| Operation::from_byte(*byte));
        let is_short = operation.is_none_or(Operation::is_short);
        let room = if is_short || !outbox.is_free() { Room::Short } else { Room::Long };
        let buffer = outbox.room(room);
        let end = buffer.len().saturating_sub(RECORD_OVERHEAD - 2);
        let out = buffer.get_mut(2..end).ok_or(Status::Busy)?;
        let length = engine.execute(&self.caller, request, now, around, out);
        let is_ok = out.starts_with(&Status::Ok.number().to_be_bytes());
        let length = self.records.seal(buffer, length).map_err(|_| Status::SessionRefused)?;
        let report = outbox.send(room, self.channel, asked.command(), length, Some(&asked));
        self.last = report.map(|report| (asked, report));
        Ok(is_ok && operation == Some(Operation::Logout))
    }
}

/// What tells one message from another in every byte: short ones are kept whole, longer ones as their digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    command: Command,
    length: usize,
    bytes: [u8; FIRST_CAPACITY],
}

impl Fingerprint {
    pub(super) fn of(command: Command, message: &[u8]) -> Self {
        let mut bytes = [0; FIRST_CAPACITY];
        if let Some(front) = bytes.get_mut(..message.len()) {
            front.copy_from_slice(message);
        } else if let Some(front) = bytes.first_chunk_mut() {
            *front = sha256(&[message]);
        }
        Self { command, length: message.len(), bytes }
    }

    pub(super) fn command(&self) -> Command {
        self.command
    }
}

/// The places that sessions have.
pub(super) struct Places<P: Platform>(Slots<Session<P>, SESSIONS>);

impl<P: Platform> Places<P> {
    pub(super) const fn new() -> Self {
        Self(Slots::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, channel: ChannelId) -> bool {
        self.0.iter().any(|session| session.channel == channel)
    }

    pub(super) fn find(&mut self, channel: ChannelId) -> Option<&mut Session<P>> {
        self.0.iter_mut().find(|session| session.channel == channel)
    }

    pub(super) fn open(&mut self, session: Session<P>) -> Result<(), Status> {
        self.0.put(session).ok_or(Status::Busy)
    }

    /// Closes a channel's session; tells what it could have been resumed with.
    pub(super) fn close(&mut self, channel: ChannelId) -> Option<TicketId> {
        let ticket = self.find(channel)?.ticket;
        self.0.drop_if(|session| session.channel == channel);
        Some(ticket)
    }

    /// Closes the session that a ticket came with.
    pub(super) fn close_earlier(&mut self, ticket: TicketId) {
        self.0.drop_if(|session| session.ticket == ticket);
    }

    /// Makes sure that a session of `caller` on `channel` has a place. It takes the place of the channel's session
    /// before; else of the one idle for longest, if that has been idle for long enough; else, if the caller has less
    /// than its share, of the one idle for longest of whoever has more than theirs.
    pub(super) fn make_room(&mut self, now: Instant, channel: ChannelId, caller: &Caller) -> Result<(), Status> {
        self.close(channel);
        if !self.0.is_full() {
            return Ok(());
        }
        let held = |by: &Caller| self.0.iter().filter(|session| session.caller.is_same_holder(by)).count();
        let may_push_out = held(caller) < SHARE;
        let gives_way = |session: &Session<P>| {
            now.since(session.used) >= IDLE_TIME || (may_push_out && held(&session.caller) > SHARE)
        };
        let candidates = self.0.iter().filter(|session| gives_way(session));
        let longest = candidates.max_by_key(|session| now.since(session.used)).map(|session| session.channel);
        self.close(longest.ok_or(Status::Busy)?);
        Ok(())
    }
}
