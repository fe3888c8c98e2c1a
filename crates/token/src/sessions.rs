//! Channels, handshakes and sessions around the engine. `docs/spec.md`, §3 to §6.

use heapless::Vec;
use keyfob_channel::{Prologue, RECORD_OVERHEAD, Records, Responder};
use keyfob_crypto::sha256;
use keyfob_wire::body::Request;
use keyfob_wire::init::{InitAnswer, InitRequest, PROTOCOL_VERSION};
use keyfob_wire::{BootId, ChannelId, Command, FIRST_CAPACITY, Instant, Report, Status};

use crate::channels::{Channel, Channels};
use crate::engine::{Caller, Engine};
use crate::outbox::Outbox;
use crate::platform::Platform;

/// How many sessions can be open at once.
pub const SESSIONS: usize = 8;
/// How many handshakes can be half open at once.
const HANDSHAKES: usize = 2;
/// After that many milliseconds a half-open handshake gives way to another.
const HANDSHAKE_TIME: u64 = 2_000;
/// After that many idle milliseconds a session gives way to another.
const IDLE_TIME: u64 = 30_000;

/// An open session.
pub struct Session<P: Platform> {
    channel: ChannelId,
    caller: Caller,
    records: Records<P::Crypto>,
    used: Instant,
    /// The last request and its answer, if it was a single report, for when that got lost.
    last: Option<(Fingerprint, Report)>,
}

/// What tells one request record from another in every byte: short ones are kept whole, longer ones as their digest.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    length: usize,
    bytes: [u8; FIRST_CAPACITY],
}

impl Fingerprint {
    fn of(record: &[u8]) -> Self {
        let mut bytes = [0; FIRST_CAPACITY];
        let digest;
        let source = if record.len() <= FIRST_CAPACITY {
            record
        } else {
            digest = sha256(&[record]);
            &digest
        };
        bytes.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
        Self { length: record.len(), bytes }
    }
}

/// A handshake whose third message is awaited.
struct HalfOpen<P: Platform> {
    channel: ChannelId,
    /// The partition that was asked for; none by a guest.
    partition: Option<u8>,
    responder: Responder<P::Crypto>,
    began: Instant,
}

pub(crate) struct Sessions<P: Platform> {
    boot: BootId,
    channels: Channels,
    half_open: Vec<HalfOpen<P>, HANDSHAKES>,
    open: Vec<Session<P>, SESSIONS>,
}

impl<P: Platform> Sessions<P> {
    pub(crate) const fn new(boot: BootId) -> Self {
        Self { boot, channels: Channels::new(), half_open: Vec::new(), open: Vec::new() }
    }

    /// Does what a whole message asks for and puts the answer into the outbox. Works in `message`.
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
        let outcome = match command {
            Some(Command::Birth) => long(outbox, channel, Command::Birth, |out| engine.birth(message, out)),
            Some(Command::Install) => long(outbox, channel, Command::Install, |_| engine.install(message).map(|()| 0)),
            Some(Command::Open) => self.open(engine, outbox, now, &known, message),
            Some(Command::Finish) => self.finish(engine, outbox, now, channel, message),
            Some(Command::Record) => self.record(engine, outbox, now, channel, message),
            Some(Command::Init | Command::Error) | None => Err(Status::UnknownCommand),
        };
        if let Err(status) = outcome {
            outbox.error(channel, status);
        }
    }

    fn init(&mut self, engine: &Engine<P>, outbox: &mut Outbox, message: &[u8]) {
        let Some(request) = InitRequest::parse(message) else {
            return outbox.error(ChannelId::BROADCAST, Status::BadRequest);
        };
        let busy = |id| {
            self.open.iter().any(|session| session.channel == id)
                || self.half_open.iter().any(|handshake| handshake.channel == id)
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
        let bytes = answer.to_bytes();
        outbox.buffer().iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        outbox.send(ChannelId::BROADCAST, Command::Init, bytes.len());
    }

    /// Handshake message 1: answers with message 2.
    fn open(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        channel: &Channel,
        message: &[u8],
    ) -> Result<(), Status> {
        let hint = Responder::<P::Crypto>::hint(message).map_err(|_| Status::SessionRefused)?;
        let partition = engine.find_vendor(hint)?;
        self.half_open.retain(|handshake| handshake.channel != channel.id);
        if self.half_open.is_full() {
            let stale = self.half_open.iter().position(|other| now.since(other.began) >= HANDSHAKE_TIME);
            self.half_open.swap_remove(stale.ok_or(Status::Busy)?);
        }
        let request = channel.answer.first_chunk().ok_or(Status::SessionRefused)?;
        let prologue = Prologue { request, answer: &channel.answer };
        long(outbox, channel.id, Command::Open, |out| {
            let (responder, length) = engine.answer_handshake(partition, &prologue, message, out)?;
            let half_open = HalfOpen { channel: channel.id, partition, responder, began: now };
            self.half_open.push(half_open).map_err(|_| Status::Busy)?;
            Ok(length)
        })
    }

    /// Handshake message 3: opens the session and answers the first request in it.
    fn finish(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        channel: ChannelId,
        message: &mut [u8],
    ) -> Result<(), Status> {
        let position = self.half_open.iter().position(|handshake| handshake.channel == channel);
        let half_open = self.half_open.swap_remove(position.ok_or(Status::SessionRefused)?);
        let presented = half_open.responder.read_finish(message).map_err(|_| Status::SessionRefused)?;
        let admitted = match half_open.partition {
            None => presented.admit_guest(),
            Some(partition) => {
                let (root, minimum_epoch) = engine.vendor(partition)?;
                presented.admit_app(&root, minimum_epoch)
            }
        };
        let admitted = admitted.map_err(|_| Status::SessionRefused)?;
        let caller = Caller::new(half_open.partition, admitted.certificate.as_deref());
        self.make_room(now, channel)?;
        let session = Session { channel, caller, records: admitted.records, used: now, last: None };
        self.open.push(session).map_err(|_| Status::Busy)?;
        let position = self.open.len().saturating_sub(1);
        let logout = Request::parse(admitted.first_request) == Ok(Request::Logout);
        self.answer(engine, outbox, now, position, admitted.first_request, Command::Finish)?;
        if logout {
            self.open.truncate(position);
        }
        Ok(())
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
        let position = self.open.iter().position(|session| session.channel == channel);
        let position = position.ok_or(Status::SessionRefused)?;
        let session = self.open.get_mut(position).ok_or(Status::SessionRefused)?;
        let fingerprint = Fingerprint::of(message);
        if let Some((last, answer)) = &session.last
            && *last == fingerprint
        {
            outbox.push(*answer);
            return Ok(());
        }
        let request = session.records.open(message).map_err(|_| Status::SessionRefused)?;
        session.used = now;
        session.last = None;
        let logout = Request::parse(request) == Ok(Request::Logout);
        let answer = self.answer(engine, outbox, now, position, request, Command::Record)?;
        if logout {
            self.open.swap_remove(position);
        } else if let (Some(session), Some(answer)) = (self.open.get_mut(position), answer) {
            session.last = Some((fingerprint, answer));
        }
        Ok(())
    }

    /// Executes a request and sends the answer as a record of the session.
    fn answer(
        &mut self,
        engine: &mut Engine<P>,
        outbox: &mut Outbox,
        now: Instant,
        position: usize,
        request: &[u8],
        command: Command,
    ) -> Result<Option<Report>, Status> {
        let in_use = self.open.len();
        let session = self.open.get_mut(position).ok_or(Status::SessionRefused)?;
        let buffer = outbox.buffer();
        let end = buffer.len().saturating_sub(RECORD_OVERHEAD - 2);
        let out = buffer.get_mut(2..end).ok_or(Status::Busy)?;
        let length = engine.execute(&session.caller, request, now, in_use, self.boot, out);
        let length = session.records.seal(buffer, length).map_err(|_| Status::SessionRefused)?;
        Ok(outbox.send(session.channel, command, length))
    }

    /// Makes sure that a session on `channel` has a place.
    fn make_room(&mut self, now: Instant, channel: ChannelId) -> Result<(), Status> {
        self.open.retain(|session| session.channel != channel);
        if self.open.is_full() {
            let idle = self.open.iter().enumerate().max_by_key(|(_, session)| now.since(session.used));
            let (longest, _) = idle.filter(|(_, s)| now.since(s.used) >= IDLE_TIME).ok_or(Status::Busy)?;
            self.open.swap_remove(longest);
        }
        Ok(())
    }
}

/// Composes an answer of any length; `busy` while another one is being sent, before anything is done.
fn long(
    outbox: &mut Outbox,
    channel: ChannelId,
    command: Command,
    compose: impl FnOnce(&mut [u8]) -> Result<usize, Status>,
) -> Result<(), Status> {
    if !outbox.is_free() {
        return Err(Status::Busy);
    }
    let length = compose(outbox.buffer())?;
    outbox.send(channel, command, length);
    Ok(())
}
