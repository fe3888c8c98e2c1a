//! A transport with one request on it at a time: sends, waits, repeats what got lost.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use keyfob_client::{Link, Opening, Reply};
use keyfob_crypto::Entropy;
use keyfob_wire::body::{Answer, Request};
use keyfob_wire::{ChannelId, Command, Status};

use crate::{Connect, Error, OsEntropy, Transport};

/// How often a request is repeated, each time after a share of the time-out.
const TRIES: u32 = 3;
/// How long to wait before asking a busy token again.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

pub(crate) type Session = keyfob_client::Session<keyfob_crypto::RustCrypto>;

/// Reports sent and received since the transport was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Reports sent.
    pub sent: u64,
    /// Reports received, those for other programs included.
    pub received: u64,
}

/// A connection to a token.
pub(crate) struct Connection {
    uri: String,
    transport: Box<dyn Transport>,
    link: Link,
    started: Instant,
    timeout: Duration,
    counts: Counts,
}

impl Connection {
    /// Opens the transport.
    pub(crate) fn open(connect: &mut dyn Connect, uri: &str, timeout: Duration) -> Result<Self, Error> {
        let transport = connect.connect().map_err(|source| match source.kind() {
            ErrorKind::PermissionDenied => Error::Permission { uri: uri.to_owned() },
            _ => Error::Unreachable { uri: uri.to_owned(), source },
        })?;
        Ok(Self {
            uri: uri.to_owned(),
            transport,
            link: Link::new(),
            started: Instant::now(),
            timeout,
            counts: Counts::default(),
        })
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Asks for a channel.
    pub(crate) fn init(&mut self) -> Result<Opening, Error> {
        let mut nonce = [0; 8];
        OsEntropy.fill(&mut nonce);
        self.link.buffer()[..nonce.len()].copy_from_slice(&nonce);
        self.exchange(ChannelId::BROADCAST, Command::Init, nonce.len()).map_err(|error| match error {
            // A device that has never heard of the protocol says nothing, or anything.
            Error::TimedOut => Error::NotAToken,
            error => error,
        })?;
        Ok(Opening::new(nonce, self.link.answer())?)
    }

    /// Sends a message outside sessions and returns its answer.
    pub(crate) fn message(&mut self, channel: ChannelId, command: Command, message: &[u8]) -> Result<&mut [u8], Error> {
        self.link.buffer().get_mut(..message.len()).ok_or(Error::TooLong)?.copy_from_slice(message);
        self.exchange(channel, command, message.len())?;
        Ok(self.link.answer())
    }

    /// Sends message 3, which `compose` makes of message 2 in the answer's place, and hands the first answer's record
    /// to the session that it returns.
    pub(crate) fn finish<T>(
        &mut self,
        channel: ChannelId,
        compose: impl FnOnce(&mut [u8], &mut [u8]) -> Result<(usize, Session, T), Error>,
    ) -> Result<(Session, T), Error> {
        let (answer, buffer) = self.link.answer_and_buffer();
        let (length, mut session, other) = compose(answer, buffer)?;
        self.exchange(channel, Command::Finish, length)?;
        let plaintext = session.open(self.link.answer()).map_err(|_| Error::NotGenuine)?;
        accepted(plaintext)?;
        Ok((session, other))
    }

    /// Sends a request in a session and reads the answer's plaintext.
    pub(crate) fn request<T>(
        &mut self,
        session: &mut Session,
        request: &Request<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let length = session.seal(request, self.link.buffer())?;
        let mut outcome = self.exchange(session.channel(), Command::Record, length);
        for _ in 1..TRIES {
            outcome?;
            if let Ok(plaintext) = session.open(self.link.answer()) {
                let answer = read(plaintext);
                zeroize::Zeroize::zeroize(plaintext);
                return answer;
            }
            // Not the next answer: somebody has altered or repeated something. The token has kept the genuine one.
            self.link.repeat();
            outcome = self.pump(true);
        }
        outcome.and(Err(Error::SessionLost))
    }

    fn exchange(&mut self, channel: ChannelId, command: Command, length: usize) -> Result<(), Error> {
        self.link.request(channel, command, length).map_err(|_| Error::TooLong)?;
        // The token answers an identical record as before, and INIT always; it has no memory for handshakes.
        self.pump(matches!(command, Command::Record | Command::Init))
    }

    /// Moves reports until the answer is there.
    fn pump(&mut self, repeatable: bool) -> Result<(), Error> {
        let tries = if repeatable { TRIES } else { 1 };
        let started = Instant::now();
        let mut tried = 1;
        loop {
            while let Some(report) = self.link.next_report() {
                self.transport.send(&report).map_err(gone)?;
                self.counts.sent += 1;
            }
            let until = started + self.timeout * tried / tries;
            let left = until.saturating_duration_since(Instant::now());
            let report = if left.is_zero() { None } else { self.transport.receive(left).map_err(gone)? };
            let Some(report) = report else {
                if Instant::now() < until {
                    continue;
                }
                if tried == tries {
                    return Err(Error::TimedOut);
                }
                tried += 1;
                self.link.repeat();
                continue;
            };
            self.counts.received += 1;
            let now = keyfob_wire::Instant(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX));
            match self.link.on_report(now, &report) {
                None => {}
                Some(Reply::Answer) => return Ok(()),
                // The message wasn't taken in: the same again, until the time is up.
                Some(Reply::Error(Status::Busy | Status::TimedOut | Status::BadSequence)) => {
                    if started.elapsed() >= self.timeout {
                        return Err(Error::Refused(Status::Busy));
                    }
                    std::thread::sleep(BUSY_PAUSE);
                    self.link.repeat();
                }
                Some(Reply::Error(status)) => return Err(unauthenticated(status)),
                Some(Reply::UnknownError(_)) => return Err(Error::Answer),
            }
        }
    }
}

/// The body of an answer that says ok.
pub(crate) fn accepted(plaintext: &[u8]) -> Result<&[u8], Error> {
    match Answer::parse(plaintext) {
        Ok(Answer::Ok(body)) => Ok(body),
        Ok(Answer::Refused(status)) => Err(Error::Refused(status)),
        Err(_) => Err(Error::Answer),
    }
}

/// What ERROR means. Nobody has signed it, so it ends this attempt and nothing else.
fn unauthenticated(status: Status) -> Error {
    match status {
        Status::UnknownVendor => Error::OtherVendor,
        Status::SessionRefused => Error::SessionRefused,
        Status::UnknownChannel => Error::SessionLost,
        status => Error::Refused(status),
    }
}

fn gone(_: io::Error) -> Error {
    Error::Unplugged
}
