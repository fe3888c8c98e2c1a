//! Reports to a fob and back, as they are.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant as Time};

use keyfob::{Connect, Error, OsEntropy, TokenUri, Transport};
use keyfob_crypto::Entropy;
use keyfob_wire::framing::{Assembler, Assembly, Sender};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{ChannelId, Command, Frame, Instant, MAX_MESSAGE, Report, Status};

/// A connection that sends what it is told, and repeats nothing.
pub(in crate::command::firmware) struct Bus {
    transport: Box<dyn Transport>,
    patience: Duration,
}

/// A channel, and what INIT said on it.
#[derive(Clone, Copy)]
pub(in crate::command::firmware) struct Channel {
    pub(super) request: [u8; 8],
    pub(super) bytes: [u8; InitAnswer::SIZE],
    pub(in crate::command::firmware) answer: InitAnswer,
}

/// A message that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) command: u8,
    pub(super) bytes: Vec<u8>,
    /// KEEPALIVEs that came before it.
    pub(super) keepalives: u32,
    /// The longest time without a report of the channel's.
    pub(super) longest_silence: Duration,
}

impl Message {
    /// The status that it is an ERROR of.
    pub(super) fn error(&self) -> Option<u16> {
        let is_error = self.command == Command::Error.byte();
        self.bytes.as_slice().try_into().ok().filter(|_| is_error).map(u16::from_be_bytes)
    }

    /// What it is, in words.
    pub(super) fn says(&self) -> String {
        match self.error() {
            Some(number) => match Status::from_number(number) {
                Some(status) => format!("ERROR {}", status.slug()),
                None => format!("ERROR {number}"),
            },
            None => format!("command {:#04x} with {} bytes", self.command, self.bytes.len()),
        }
    }
}

impl Bus {
    /// Opens a connection; an answer may take `patience`.
    ///
    /// # Errors
    /// If the fob can't be reached.
    pub(in crate::command::firmware) fn open(token: &TokenUri, patience: Duration) -> Result<Self, Error> {
        let transport = token.clone().connect().map_err(|source| unreachable(token, source))?;
        Ok(Self { transport, patience })
    }

    /// Asks for a channel.
    ///
    /// # Errors
    /// [`Error::NotAToken`], if nothing comes that is INIT's answer.
    pub(in crate::command::firmware) fn init(&mut self) -> Result<Channel, Error> {
        let mut request = [0; 8];
        OsEntropy.fill(&mut request);
        self.send_message(ChannelId::BROADCAST, Command::Init, &request)?;
        let until = Time::now() + self.patience;
        loop {
            let left = until.saturating_duration_since(Time::now());
            let Some(message) = self.receive_within(ChannelId::BROADCAST, left)? else { return Err(Error::NotAToken) };
            // Other programs' answers come along.
            let bytes: Option<[u8; InitAnswer::SIZE]> = message.bytes.as_slice().try_into().ok();
            let answer =
                bytes.as_ref().and_then(|bytes| InitAnswer::parse(bytes)).filter(|answer| answer.nonce == request);
            if let (Some(bytes), Some(answer)) = (bytes, answer) {
                return Ok(Channel { request, bytes, answer });
            }
            if let Some(status) = message.error().and_then(Status::from_number) {
                return Err(Error::Refused(status));
            }
        }
    }

    /// Sends a report.
    pub(super) fn send(&mut self, report: &Report) -> Result<(), Error> {
        self.transport.send(report).map_err(gone)
    }

    /// Sends a message.
    pub(super) fn send_message(&mut self, channel: ChannelId, command: Command, bytes: &[u8]) -> Result<(), Error> {
        let mut sender = Sender::new(channel, command, bytes.len()).map_err(|_| Error::TooLong)?;
        while let Some(report) = sender.next(bytes) {
            self.send(&report)?;
        }
        Ok(())
    }

    /// Takes the next message of a channel.
    pub(super) fn receive(&mut self, channel: ChannelId) -> Result<Message, Error> {
        self.receive_within(channel, self.patience)?.ok_or(Error::TimedOut)
    }

    /// Takes the next message of a channel, if one comes in that time.
    pub(super) fn receive_within(&mut self, channel: ChannelId, patience: Duration) -> Result<Option<Message>, Error> {
        let mut assembler = Assembler::<MAX_MESSAGE>::new();
        let (mut keepalives, mut longest_silence, mut heard) = (0, Duration::ZERO, Time::now());
        let mut until = heard + patience;
        loop {
            let left = until.saturating_duration_since(Time::now());
            let received = if left.is_zero() { None } else { self.transport.receive(left).map_err(gone)? };
            let Some(report) = received else {
                if Time::now() >= until {
                    return Ok(None);
                }
                continue;
            };
            let frame = Frame::parse(&report);
            if frame.channel() != channel {
                continue;
            }
            let now = Time::now();
            longest_silence = longest_silence.max(now - heard);
            heard = now;
            match assembler.on_frame(Instant(0), &frame) {
                Assembly::Complete { command, .. } if command == Command::KeepAlive.byte() => {
                    assembler.release();
                    keepalives += 1;
                    // It works, but not for ever.
                    until = (now + patience).min(until + patience);
                    if keepalives > MOST_KEEPALIVES {
                        return Ok(None);
                    }
                }
                Assembly::Complete { command, .. } => {
                    let bytes = assembler.message().to_vec();
                    return Ok(Some(Message { command, bytes, keepalives, longest_silence }));
                }
                Assembly::Incomplete => {}
                _ => return Err(Error::Answer),
            }
        }
    }
}

/// A minute of work, at ten a second.
const MOST_KEEPALIVES: u32 = 600;

fn unreachable(token: &TokenUri, source: io::Error) -> Error {
    let (uri, kind) = (token.to_string(), source.kind());
    source.downcast::<Error>().unwrap_or_else(|source| match kind {
        ErrorKind::PermissionDenied => Error::Permission { uri },
        _ => Error::Unreachable { uri, source },
    })
}

fn gone(source: io::Error) -> Error {
    source.downcast::<Error>().unwrap_or(Error::Unplugged)
}
