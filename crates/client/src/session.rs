//! Requests and answers as records of a session. `docs/spec.md`, §6 and §8.

use keyfob_channel::{Established, HandshakeError, RECORD_OVERHEAD, RecordError, Records, Ticket};
use keyfob_crypto::Crypto;
use keyfob_wire::body::Request;
use keyfob_wire::{ChannelId, NoSpace};

/// Why a request could not be sent or its answer not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The request is too long for a message.
    #[error("the request is too long")]
    TooLong,
    /// The answer isn't the session's next record: somebody has altered, repeated or left out something.
    #[error("the answer isn't genuine")]
    Refused,
    /// The session's numbers are used up: open another.
    #[error("the session is used up")]
    Exhausted,
    /// The request before has had no answer yet: open another session.
    #[error("the answer to the request before hasn't come")]
    Unanswered,
}

impl From<NoSpace> for SessionError {
    fn from(_: NoSpace) -> Self {
        Self::TooLong
    }
}

impl From<RecordError> for SessionError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Room => Self::TooLong,
            RecordError::Exhausted => Self::Exhausted,
            _ => Self::Refused,
        }
    }
}

/// An open session.
pub struct Session<C: Crypto> {
    channel: ChannelId,
    records: Records<C>,
    ticket: Ticket,
    /// Whether the answer to the last request hasn't come yet.
    awaiting: bool,
}

impl<C: Crypto> Session<C> {
    /// A session whose first request went with the handshake.
    pub(crate) fn new(channel: ChannelId, Established { records, ticket }: Established<C>) -> Self {
        Self { channel, records: records.wake(), ticket, awaiting: true }
    }

    /// What the session can be resumed with once it is lost.
    #[must_use]
    pub fn into_ticket(self) -> Ticket {
        self.ticket
    }

    /// The session's channel.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        self.channel
    }

    /// The handshake's transcript hash, which names the session.
    #[must_use]
    pub fn handshake_hash(&self) -> &[u8; 32] {
        self.ticket.handshake_hash()
    }

    /// Writes a request as the next record into `buffer` and returns its length.
    ///
    /// # Errors
    /// [`SessionError::TooLong`], [`SessionError::Exhausted`] or [`SessionError::Unanswered`].
    ///
    /// # Security
    /// Nothing but their order says which answer belongs to which request. A request that was given up may be answered
    /// yet, whenever whoever sits in between likes, so nothing else is asked in its session.
    pub fn seal(&mut self, request: &Request<'_>, buffer: &mut [u8]) -> Result<usize, SessionError> {
        if self.awaiting {
            return Err(SessionError::Unanswered);
        }
        let end = buffer.len().saturating_sub(RECORD_OVERHEAD - 2);
        let length = request.write(buffer.get_mut(2..end).ok_or(SessionError::TooLong)?)?;
        self.awaiting = true;
        Ok(self.records.seal(buffer, length)?)
    }

    /// Opens an answer's record in place and returns its plaintext.
    ///
    /// # Errors
    /// [`SessionError::Refused`]; the genuine answer may still come.
    pub fn open<'m>(&mut self, record: &'m mut [u8]) -> Result<&'m mut [u8], SessionError> {
        let answer = self.records.open(record)?;
        self.awaiting = false;
        Ok(answer)
    }
}

/// RESUME's request has been sent.
pub struct Resuming<C: Crypto> {
    pub(crate) channel: ChannelId,
    pub(crate) state: keyfob_channel::Resuming<C>,
}

impl<C: Crypto> Resuming<C> {
    /// Reads RESUME's answer, in place.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if it isn't genuine.
    pub fn finish(self, answer: &mut [u8]) -> Result<Session<C>, HandshakeError> {
        let Established { records, ticket } = self.state.finish(answer)?;
        Ok(Session { channel: self.channel, records: records.wake(), ticket, awaiting: false })
    }
}
