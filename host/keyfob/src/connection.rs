//! A transport with one request on it at a time: sends, waits, repeats what got lost.

use std::time::{Duration, Instant};

use keyfob_client::{Link, Opening, Reply, Ticket};
use keyfob_crypto::Entropy;
use keyfob_wire::body::{Answer, Request};
use keyfob_wire::{ChannelId, Command, Status};

use crate::{Connect, Error, OsEntropy, Transport};

/// How often a request is repeated or a handshake begun, each time after a share of the time-out.
const TRIES: u32 = 3;
/// How long to wait before asking a busy token again, at first.
const BUSY_PAUSE: Duration = Duration::from_millis(2);
/// How long to wait in the end.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// How many time-outs a token may take that says it is working.
const LONGEST_WORK: u32 = 4;
/// How many time-outs all of an operation may take: its messages, and a session that is opened again for it.
const LONGEST_OPERATION: u32 = 8;

/// How many pages a list may have: a token has room for fewer, but says itself where the next one begins.
pub(crate) const LONGEST_LIST: usize = 256;

/// When an operation ends, whatever the token does.
///
/// Each of its messages has its own time, but how many there are is up to the token: it can refuse one session after the
/// other, each at the last moment.
#[derive(Clone, Copy)]
pub(crate) struct Limit(Instant);

impl Limit {
    /// Begins an operation.
    pub(crate) fn of(timeout: Duration) -> Self {
        Self(Instant::now() + timeout * LONGEST_OPERATION)
    }

    /// Begins one that nobody waits for.
    pub(crate) fn short(timeout: Duration) -> Self {
        Self(Instant::now() + timeout)
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

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
    limit: Limit,
    counts: Counts,
}

impl Connection {
    /// Opens the transport, as part of an operation.
    pub(crate) fn open(connect: &mut dyn Connect, uri: &str, timeout: Duration, limit: Limit) -> Result<Self, Error> {
        let transport = connect.connect().map_err(|source| Error::of_connecting(source, uri))?;
        Ok(Self {
            uri: uri.to_owned(),
            transport: crate::trace::tapped(uri, transport),
            link: Link::new(),
            started: Instant::now(),
            timeout,
            limit,
            counts: Counts::default(),
        })
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Begins an operation.
    pub(crate) fn begin(&mut self, limit: Limit) {
        self.limit = limit;
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
        self.link.request(session.channel(), Command::Record, length).map_err(|_| Error::TooLong)?;
        let mut patience = Patience::new(self.timeout, TRIES, self.limit);
        loop {
            self.pump(&mut patience)?;
            if let Ok(plaintext) = session.open(self.link.answer()) {
                let answer = read(plaintext);
                zeroize::Zeroize::zeroize(plaintext);
                return answer;
            }
            // Altered, or an earlier answer repeated: the genuine one may still come.
            self.link.discard();
        }
    }

    /// Does a handshake. One whose messages got lost is begun again on another channel, a few times; one that seems to
    /// have failed once, since a message that was altered on the way looks like it.
    pub(crate) fn persevere<T>(
        &mut self,
        mut opening: Opening,
        mut attempt: impl FnMut(&mut Self, &Opening) -> Result<T, Error>,
    ) -> Result<(Opening, T), Error> {
        for tried in 1.. {
            match attempt(self, &opening) {
                Ok(opened) => return Ok((opening, opened)),
                Err(error) if self.limit.is_over() => return Err(error),
                Err(Error::TimedOut) if tried < TRIES => {}
                Err(Error::NotGenuine | Error::SessionRefused) if tried < 2 => {}
                Err(error) => return Err(error),
            }
            opening = self.init()?;
        }
        Err(Error::TimedOut)
    }

    /// Resumes a session, without certificates.
    pub(crate) fn resume(&mut self, opening: &Opening, ticket: &Ticket) -> Result<Session, Error> {
        let (resuming, request) = opening.resume(ticket, &mut OsEntropy)?;
        let answer = self.message(opening.answer().channel, Command::Resume, &request)?;
        resuming.finish(answer).map_err(|_| Error::NotGenuine)
    }

    fn exchange(&mut self, channel: ChannelId, command: Command, length: usize) -> Result<(), Error> {
        self.link.request(channel, command, length).map_err(|_| Error::TooLong)?;
        let mut patience = match command {
            // The same again has the same answer.
            Command::Init | Command::Resume => Patience::new(self.timeout, TRIES, self.limit),
            // A handshake is not answered twice: whoever called begins another.
            Command::Open | Command::Finish => Patience::new(self.timeout / TRIES, 1, self.limit),
            _ => Patience::new(self.timeout, 1, self.limit),
        };
        self.pump(&mut patience)
    }

    /// Moves reports until there is an answer.
    fn pump(&mut self, patience: &mut Patience) -> Result<(), Error> {
        loop {
            while let Some(report) = self.link.next_report() {
                self.transport.send(&report).map_err(Error::of_transport)?;
                self.counts.sent += 1;
                // A token may take each report of a long message at the last moment.
                if self.limit.is_over() {
                    return Err(Error::TimedOut);
                }
            }
            let left = patience.left();
            let report =
                if left.is_zero() { None } else { self.transport.receive(left).map_err(Error::of_transport)? };
            let Some(report) = report else {
                if patience.left().is_zero() {
                    patience.try_again()?;
                    self.link.repeat();
                }
                continue;
            };
            self.counts.received += 1;
            let now = keyfob_wire::Instant(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX));
            match self.link.on_report(now, &report) {
                None => {}
                Some(Reply::Answer) => return Ok(()),
                Some(Reply::Working) => patience.extend(),
                // The message wasn't taken in: the same again, until the time is up.
                Some(Reply::Error(Status::Busy | Status::TimedOut | Status::BadSequence)) => {
                    patience.pause().ok_or(Error::Refused(Status::Busy))?;
                    self.link.repeat();
                }
                // The token knows what a record is, and hasn't done anything.
                Some(Reply::Error(Status::UnknownCommand)) if self.link.is_record() => {
                    patience.pause().ok_or(Error::Refused(Status::UnknownCommand))?;
                    self.link.repeat();
                }
                Some(Reply::Error(status)) => return Err(unauthenticated(status)),
                Some(Reply::UnknownError(_)) => return Err(Error::Answer),
            }
        }
    }
}

/// How long to wait for an answer, how often to ask again, and when to give up.
struct Patience {
    started: Instant,
    timeout: Duration,
    tries: u32,
    tried: u32,
    limit: Limit,
    /// When the token last said that it computes.
    heard: Option<Instant>,
    pause: Duration,
    /// Whether the token has said that it can't now.
    is_busy: bool,
}

impl Patience {
    fn new(timeout: Duration, tries: u32, limit: Limit) -> Self {
        Self {
            started: Instant::now(),
            timeout,
            tries,
            tried: 1,
            limit,
            heard: None,
            pause: BUSY_PAUSE,
            is_busy: false,
        }
    }

    /// What is left of this try.
    fn left(&self) -> Duration {
        let until = self.started + self.timeout * self.tried / self.tries;
        let extended = self.heard.map_or(until, |heard| until.max(heard + self.timeout / self.tries));
        let at_most = self.limit.0.min(self.started + self.timeout * LONGEST_WORK);
        extended.min(at_most).saturating_duration_since(Instant::now())
    }

    /// The token computes. Nobody has signed that, so it isn't believed for ever.
    fn extend(&mut self) {
        self.heard = Some(Instant::now());
    }

    /// Begins another try, if there is one; otherwise says what the token was.
    fn try_again(&mut self) -> Result<(), Error> {
        self.tried += 1;
        if self.tried <= self.tries && !self.limit.is_over() {
            return Ok(());
        }
        Err(if self.is_busy { Error::Refused(Status::Busy) } else { Error::TimedOut })
    }

    /// Waits until a busy token may be asked again, each time longer, if there is time.
    fn pause(&mut self) -> Option<()> {
        let left = self.timeout.checked_sub(self.started.elapsed()).filter(|_| !self.limit.is_over())?;
        self.is_busy = true;
        std::thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Some(())
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

/// The first of the statuses that only what is signed or encrypted has to do with (`docs/spec.md`, §9).
const FIRST_OF_LICENCES: u16 = 40;

/// What ERROR means. Nobody has signed it, so it ends this attempt and nothing else.
fn unauthenticated(status: Status) -> Error {
    match status {
        Status::UnknownVendor => Error::OtherVendor,
        Status::SessionRefused => Error::SessionRefused,
        Status::UnknownChannel => Error::SessionLost,
        // What is said of rights, licences and signed files comes in records, and what is well needs no ERROR.
        Status::Ok | Status::NotPermitted => Error::Answer,
        status if status.number() >= FIRST_OF_LICENCES => Error::Answer,
        status => Error::Refused(status),
    }
}
