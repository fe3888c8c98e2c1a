//! Channels, handshakes and sessions around the engine. `docs/spec.md`, §3 to §6.

mod budget;
mod handshake;
mod session;
mod slots;
mod tickets;

use keyfob_channel::{Established, MESSAGE_3_OVERHEAD, Prologue, Responder, TicketId};
use keyfob_wire::init::{InitAnswer, InitRequest, PROTOCOL_VERSION};
use keyfob_wire::{BootId, ChannelId, Command, Instant, Status};

use crate::channels::{Channel, Channels};
use crate::engine::{Caller, Engine, Surroundings};
use crate::outbox::{Outbox, Room};
use crate::platform::Platform;
use budget::Budget;
use handshake::{HalfOpen, Job, State, Step};
use session::Places;
use slots::Slots;
use tickets::{Entry, Tickets};

pub(crate) use session::Fingerprint;
pub use session::{SESSIONS, Session};
pub use tickets::TICKETS;

/// How many handshakes can be half open at once.
const HANDSHAKES: usize = 2;
/// After that many milliseconds a half-open handshake gives way to another.
const HANDSHAKE_TIME: u64 = 2_000;
/// While the token computes for a channel, it says so after each so many milliseconds.
const KEEP_ALIVE: u64 = 100;
/// What KEEPALIVE carries: the token computes.
const WORKING: [u8; 1] = [1];

pub(crate) struct Sessions<P: Platform> {
    boot: BootId,
    channels: Channels,
    half_open: Slots<HalfOpen<P>, HANDSHAKES>,
    places: Places<P>,
    tickets: Tickets,
    job: Slots<Job<P>, 1>,
    budget: Budget,
    refused_records: u32,
    refused_handshakes: u32,
}

impl<P: Platform> Sessions<P> {
    /// What takes its room, in bytes.
    pub(crate) const PARTS: [(&'static str, usize); 4] = [
        ("sessions", size_of::<Places<P>>()),
        ("handshakes", size_of::<Slots<HalfOpen<P>, HANDSHAKES>>() + size_of::<Slots<Job<P>, 1>>()),
        ("tickets", size_of::<Tickets>()),
        ("channels", size_of::<Channels>()),
    ];

    pub(crate) const fn new() -> Self {
        Self {
            boot: BootId([0; 8]),
            channels: Channels::new(),
            half_open: Slots::new(),
            places: Places::new(),
            tickets: Tickets::new(),
            job: Slots::new(),
            budget: Budget::new(),
            refused_records: 0,
            refused_handshakes: 0,
        }
    }

    /// Gives the power-up its name.
    pub(crate) fn power_up(&mut self, boot: BootId) {
        self.boot = boot;
    }

    /// Does what a whole message asks for, or begins to, and puts the answer into the outbox. Works in `message`.
    pub(crate) fn on_message(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        channel: ChannelId,
        command: u8,
        message: &mut [u8],
    ) {
        let command = Command::from_byte(command);
        if channel == ChannelId::BROADCAST {
            return match command {
                Some(Command::Init) => self.init(engine, outbox, message),
                _ => outbox.error(channel, Status::UnknownChannel),
            };
        }
        let Some(known) = self.channels.find(channel) else {
            return outbox.error(channel, Status::UnknownChannel);
        };
        self.channels.forgive(channel);
        let outcome = match command {
            Some(Command::Cancel) => {
                self.cancel(outbox, channel);
                Ok(())
            }
            Some(command) if self.is_repeated(channel, command, message) => Ok(()),
            Some(_) if self.job.iter().any(|job| job.channel == channel) => Err(Status::Busy),
            Some(Command::Birth) => alone(outbox, channel, Command::Birth, |out| engine.birth(message, out)),
            Some(Command::Install) => alone(outbox, channel, Command::Install, |_| engine.install(message).map(|()| 0)),
            Some(Command::Open) => self.open(engine, now, &known, message),
            Some(Command::Finish) => self.finish(now, channel, message),
            Some(Command::Resume) => self.resume(engine, outbox, now, &known, message),
            Some(Command::Record) => self.record(engine, outbox, now, channel, message),
            Some(Command::Init | Command::Error | Command::KeepAlive) | None => Err(Status::UnknownCommand),
        };
        if let Err(status) = outcome {
            self.refuse(outbox, channel, command, status);
        }
    }

    /// Whether the long message that came last is still needed.
    pub(crate) fn holds_message(&self) -> bool {
        self.job.iter().any(|job| job.state.needs_message())
    }

    /// Does one public-key operation of what is to be computed. `message` is the one that is held. Tells whether there
    /// was something that could be done.
    pub(crate) fn work(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        message: &mut [u8],
    ) -> bool {
        // What ends with an answer of any length waits for its room.
        let Some(job) = self.job.take(|job| !job.state.needs_room() || outbox.is_free()) else {
            return false;
        };
        let Job { channel, request, heard, state } = job;
        let command = request.command();
        let out = if state.needs_room() { outbox.long().unwrap_or_default() } else { &mut [] };
        let outcome = match state.step(engine, now, channel, message, out) {
            Ok(Step::Next(state)) => self.job.put(Job { channel, request, heard, state }).ok_or(Status::Busy),
            Ok(Step::Answer(half_open, length)) => {
                outbox.send(Room::Long, channel, command, length, None);
                self.half_open.put(half_open).ok_or(Status::Busy)
            }
            Ok(Step::Session(partition, certificate, session, first_request)) => {
                let caller = Caller::new(partition, certificate.as_deref());
                self.establish(now, channel, caller, session, Tickets::lifetime(now))
                    .and_then(|()| self.answer_first(engine, outbox, now, channel, first_request, request))
            }
            Ok(Step::Resumed(ticket, session, answer)) => {
                self.resumed(engine, now, channel, ticket, session).map(|()| {
                    let report = outbox.push_message(channel, command, &answer);
                    if let Some(session) = self.places.find(channel) {
                        session.last = report.map(|report| (request, report));
                    }
                })
            }
            Err(status) => Err(status),
        };
        if let Err(status) = outcome {
            self.refuse(outbox, channel, Some(command), status);
        }
        true
    }

    /// The channel for which a handshake is being computed.
    pub(crate) fn works_for(&self) -> Option<ChannelId> {
        self.job.iter().map(|job| job.channel).next()
    }

    /// Says on the channel for which the token computes that it still does.
    pub(crate) fn keep_alive(&mut self, outbox: &mut Outbox, now: Instant) {
        if let Some(job) = self.job.iter_mut().find(|job| now.since(job.heard) >= KEEP_ALIVE) {
            job.heard = now;
            outbox.push_message(job.channel, Command::KeepAlive, &WORKING);
        }
    }

    /// Whether long messages of a channel are refused for a while, since it left others unfinished.
    pub(crate) fn is_backing_off(&self, now: Instant, channel: ChannelId) -> bool {
        self.channels.is_backing_off(now, channel)
    }

    /// Notes that a channel left a long message unfinished.
    pub(crate) fn on_time_out(&mut self, now: Instant, channel: ChannelId) {
        self.channels.strike(now, channel);
    }

    fn init(&mut self, engine: &Engine<P>, outbox: &mut Outbox, message: &[u8]) {
        let Some(request) = InitRequest::parse(message) else {
            return outbox.error(ChannelId::BROADCAST, Status::BadRequest);
        };
        let busy = |id| {
            self.places.has(id)
                || self.half_open.iter().any(|handshake| handshake.channel == id)
                || self.job.iter().any(|job| job.channel == id)
        };
        let answer = self.channels.allocate(busy, |channel| InitAnswer {
            nonce: request.nonce,
            channel,
            lowest_version: PROTOCOL_VERSION,
            highest_version: PROTOCOL_VERSION,
            capabilities: 0,
            serial: engine.serial(),
            boot: self.boot,
            firmware: P::FIRMWARE,
            state: engine.life(),
        });
        let Some(answer) = answer else {
            return outbox.error(ChannelId::BROADCAST, Status::Busy);
        };
        outbox.push_message(ChannelId::BROADCAST, Command::Init, &answer.to_bytes());
    }

    /// Handshake message 1.
    fn open(&mut self, engine: &Engine<P>, now: Instant, channel: &Channel, message: &[u8]) -> Result<(), Status> {
        let hint = Responder::<P::Crypto>::hint(message).map_err(|_| Status::SessionRefused)?;
        let partition = engine.find_vendor(hint)?;
        self.may_begin(now)?;
        self.half_open.drop_if(|handshake| handshake.channel == channel.id);
        if self.half_open.is_full() {
            self.half_open.take(|other| now.since(other.began) >= HANDSHAKE_TIME).ok_or(Status::Busy)?;
        }
        let asked = Responder::begin(&prologue(channel)?, message).map_err(|_| Status::SessionRefused)?;
        self.begin(now, channel.id, Fingerprint::of(Command::Open, message), State::Asked(partition, asked));
        Ok(())
    }

    /// Handshake message 3, which stays where it is until the handshake has ended.
    fn finish(&mut self, now: Instant, channel: ChannelId, message: &[u8]) -> Result<(), Status> {
        if self.job.is_full() {
            return Err(Status::Busy);
        }
        let half_open = self.half_open.take(|handshake| handshake.channel == channel).ok_or(Status::SessionRefused)?;
        if message.len() < MESSAGE_3_OVERHEAD {
            return Err(Status::SessionRefused);
        }
        let state = State::Answered(half_open.partition, half_open.responder);
        self.begin(now, channel, Fingerprint::of(Command::Finish, message), state);
        Ok(())
    }

    /// RESUME.
    fn resume(
        &mut self,
        engine: &Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        channel: &Channel,
        message: &[u8],
    ) -> Result<(), Status> {
        let request = Fingerprint::of(Command::Resume, message);
        if let Some((last, answer)) = self.places.find(channel.id).and_then(|session| session.last)
            && last == request
        {
            outbox.push(&answer);
            return Ok(());
        }
        let refused = |_| Status::SessionRefused;
        let id = TicketId::of(message).map_err(refused)?;
        let entry = self.tickets.find(now, id).ok_or(Status::SessionRefused)?;
        engine.still_admits(&entry.caller)?;
        let asked = entry.ticket.read(&prologue(channel)?, message).map_err(refused)?;
        self.may_begin(now)?;
        self.begin(now, channel.id, request, State::ResumeAsked(id, asked));
        Ok(())
    }

    /// What the engine is told of the sessions.
    fn around(&self) -> Surroundings {
        Surroundings {
            boot: self.boot,
            sessions: self.places.len(),
            refused_records: self.refused_records,
            refused_handshakes: self.refused_handshakes,
            tickets: self.tickets.len(),
        }
    }

    /// A record of an open session.
    fn record(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        channel: ChannelId,
        message: &mut [u8],
    ) -> Result<(), Status> {
        let around = self.around();
        let active = self.places.wake(channel).ok_or(Status::SessionRefused)?;
        let asked = Fingerprint::of(Command::Record, message);
        if let Some((last, answer)) = &active.session.last
            && *last == asked
        {
            outbox.push(answer);
            return Ok(());
        }
        if outbox.repeat(channel, &asked) {
            return Ok(());
        }
        let request = active.records.open(message).map_err(|_| Status::SessionRefused)?;
        active.session.used = now;
        active.session.last = None;
        if active.answer(engine, outbox, now, request, asked, &around)? {
            self.log_out(channel);
        }
        Ok(())
    }

    /// The first request of a session.
    fn answer_first(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        channel: ChannelId,
        request: &[u8],
        asked: Fingerprint,
    ) -> Result<(), Status> {
        let around = self.around();
        let active = self.places.wake(channel).ok_or(Status::SessionRefused)?;
        if active.answer(engine, outbox, now, request, asked, &around)? {
            self.log_out(channel);
        }
        Ok(())
    }

    fn log_out(&mut self, channel: ChannelId) {
        if let Some(ticket) = self.places.close(channel) {
            self.tickets.drop(ticket);
        }
    }

    /// Gives a session its place and keeps its ticket.
    fn establish(
        &mut self,
        now: Instant,
        channel: ChannelId,
        caller: Caller,
        session: Established<P::Crypto>,
        until: Instant,
    ) -> Result<(), Status> {
        self.places.make_room(now, channel, &caller)?;
        let Established { records, ticket } = session;
        let mut resting = Slots::new();
        resting.put(records).ok_or(Status::Busy)?;
        let session = Session { channel, caller, resting, ticket: ticket.id(), used: now, last: None };
        self.places.open(session)?;
        self.tickets.keep(Entry { ticket, caller, until });
        Ok(())
    }

    /// Puts a resumed session in the place of the earlier one.
    fn resumed(
        &mut self,
        engine: &Engine<P>,
        now: Instant,
        channel: ChannelId,
        ticket: TicketId,
        session: Established<P::Crypto>,
    ) -> Result<(), Status> {
        let entry = self.tickets.find(now, ticket).ok_or(Status::SessionRefused)?;
        let (caller, until) = (entry.caller, entry.until);
        engine.still_admits(&caller)?;
        self.places.close_earlier(ticket);
        self.establish(now, channel, caller, session, until)?;
        self.tickets.drop(ticket);
        Ok(())
    }

    fn may_begin(&mut self, now: Instant) -> Result<(), Status> {
        if self.job.is_full() { Err(Status::Busy) } else { self.budget.take(now).ok_or(Status::Busy) }
    }

    fn begin(&mut self, now: Instant, channel: ChannelId, request: Fingerprint, state: State<P>) {
        // Whoever begins has made sure that there is none.
        let _begun = self.job.put(Job { channel, request, heard: now, state });
    }

    /// Whether this message is being worked on: it was sent again for nothing.
    fn is_repeated(&self, channel: ChannelId, command: Command, message: &[u8]) -> bool {
        self.job.iter().any(|job| job.channel == channel && job.request == Fingerprint::of(command, message))
    }

    /// Ends what a channel has begun outside sessions, and what is being sent to it. Sessions stay as they are.
    fn cancel(&mut self, outbox: &mut Outbox, channel: ChannelId) {
        self.job.drop_if(|job| job.channel == channel);
        self.half_open.drop_if(|handshake| handshake.channel == channel);
        outbox.cancel(channel);
    }

    fn refuse(&mut self, outbox: &mut Outbox, channel: ChannelId, command: Option<Command>, status: Status) {
        if status == Status::SessionRefused {
            let count = match command {
                Some(Command::Record) => &mut self.refused_records,
                _ => &mut self.refused_handshakes,
            };
            *count = count.saturating_add(1);
        }
        outbox.error(channel, status);
    }
}

fn prologue(channel: &Channel) -> Result<Prologue<'_>, Status> {
    let request = channel.answer.first_chunk().ok_or(Status::SessionRefused)?;
    Ok(Prologue { request, answer: &channel.answer })
}

/// Composes an answer of any length outside sessions; `busy` while another one is being sent, before anything is done.
fn alone(
    outbox: &mut Outbox,
    channel: ChannelId,
    command: Command,
    compose: impl FnOnce(&mut [u8]) -> Result<usize, Status>,
) -> Result<(), Status> {
    let length = compose(outbox.long().ok_or(Status::Busy)?)?;
    outbox.send(Room::Long, channel, command, length, None);
    Ok(())
}
