//! Open sessions and their places. `docs/spec.md`, §5 and §6.

use keyfob_channel::{RECORD_OVERHEAD, Records, Resting, TicketId};
use keyfob_crypto::sha256;
use keyfob_wire::cursor::copy;
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
    /// Its keys and numbers, unless it is the one that is awake.
    pub(super) resting: Slots<Resting<P::Crypto>, 1>,
    pub(super) ticket: TicketId,
    pub(super) used: Instant,
    /// The last request and its answer, if it was a single report, for when that got lost.
    pub(super) last: Option<(Fingerprint, Report)>,
}

/// An open session and its records.
pub(super) struct Active<'p, P: Platform> {
    pub(super) session: &'p mut Session<P>,
    pub(super) records: &'p mut Records<P::Crypto>,
}

impl<P: Platform> Active<'_, P> {
    /// Executes a request and sends the answer as the next record. Tells whether the caller has logged out.
    pub(super) fn answer(
        self,
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
        let length = engine.execute(&self.session.caller, request, now, around, out);
        let is_ok = out.starts_with(&Status::Ok.number().to_be_bytes());
        let length = self.records.seal(buffer, length).map_err(|_| Status::SessionRefused)?;
        let report = outbox.send(room, self.session.channel, asked.command(), length, Some(&asked));
        self.session.last = report.map(|report| (asked, report));
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
    /// Of no message: none of this command is ever answered.
    pub(crate) const NOTHING: Self = Self { command: Command::Error, length: 0, bytes: [0; FIRST_CAPACITY] };

    pub(super) fn of(command: Command, message: &[u8]) -> Self {
        let mut bytes = [0; FIRST_CAPACITY];
        if let Some(front) = bytes.get_mut(..message.len()) {
            copy(front, message);
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
///
/// The session that was used last is awake: its keys are expanded. For all of them there would be no room, and who
/// checks again does so in the same session.
pub(super) struct Places<P: Platform> {
    sessions: Slots<Session<P>, SESSIONS>,
    awake: Slots<Ready<P>, 1>,
}

/// The records of a session that is ready for use.
struct Ready<P: Platform> {
    channel: ChannelId,
    records: Records<P::Crypto>,
}

impl<P: Platform> Places<P> {
    pub(super) const fn new() -> Self {
        Self { sessions: Slots::new(), awake: Slots::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn has(&self, channel: ChannelId) -> bool {
        self.sessions.iter().any(|session| session.channel == channel)
    }

    pub(super) fn find(&mut self, channel: ChannelId) -> Option<&mut Session<P>> {
        self.sessions.iter_mut().find(|session| session.channel == channel)
    }

    pub(super) fn open(&mut self, session: Session<P>) -> Result<(), Status> {
        self.sessions.put(session).ok_or(Status::Busy)
    }

    /// A channel's session and its records, for which the session that was awake goes to rest.
    pub(super) fn wake(&mut self, channel: ChannelId) -> Option<Active<'_, P>> {
        if self.awake.iter().all(|awake| awake.channel != channel) {
            self.change_awake(channel)?;
        }
        let session = self.sessions.iter_mut().find(|session| session.channel == channel)?;
        self.awake.iter_mut().next().map(|awake| Active { session, records: &mut awake.records })
    }

    #[inline(never)]
    fn change_awake(&mut self, channel: ChannelId) -> Option<()> {
        let session = self.sessions.iter_mut().find(|session| session.channel == channel)?;
        let resting = session.resting.take(|_| true)?;
        if let Some(before) = self.awake.take(|_| true)
            && let Some(session) = self.find(before.channel)
        {
            session.resting.put(before.records.rest())?;
        }
        self.awake.put(Ready { channel, records: resting.wake() })
    }

    /// Closes a channel's session; tells what it could have been resumed with.
    pub(super) fn close(&mut self, channel: ChannelId) -> Option<TicketId> {
        let ticket = self.find(channel)?.ticket;
        self.awake.drop_if(|awake| awake.channel == channel);
        self.sessions.drop_if(|session| session.channel == channel);
        Some(ticket)
    }

    /// Closes the session that a ticket came with.
    pub(super) fn close_earlier(&mut self, ticket: TicketId) {
        let earlier = self.sessions.iter().find(|session| session.ticket == ticket).map(|session| session.channel);
        if let Some(channel) = earlier {
            self.close(channel);
        }
    }

    /// Makes sure that a session of `caller` on `channel` has a place. It takes the place of the channel's session
    /// before; else of the one idle for longest, if that has been idle for long enough; else, if the caller has less
    /// than its share, of the one idle for longest of whoever has more than theirs.
    pub(super) fn make_room(&mut self, now: Instant, channel: ChannelId, caller: &Caller) -> Result<(), Status> {
        self.close(channel);
        if !self.sessions.is_full() {
            return Ok(());
        }
        let held = |by: &Caller| self.sessions.iter().filter(|session| session.caller.is_same_holder(by)).count();
        let may_push_out = held(caller) < SHARE;
        let gives_way = |session: &Session<P>| {
            now.since(session.used) >= IDLE_TIME || (may_push_out && held(&session.caller) > SHARE)
        };
        let candidates = self.sessions.iter().filter(|session| gives_way(session));
        let longest = candidates.max_by_key(|session| now.since(session.used)).map(|session| session.channel);
        self.close(longest.ok_or(Status::Busy)?);
        Ok(())
    }
}
