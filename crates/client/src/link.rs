//! One request at a time as reports, and its answer. `docs/spec.md`, §2.

use keyfob_wire::framing::{Assembler, Assembly, Sender};
use keyfob_wire::{ChannelId, Command, Frame, Instant, MAX_MESSAGE, Report, Status, TooLong};

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The answer is in [`Link::answer`].
    Answer,
    /// The token is computing the answer. Nobody has signed that: it is a hint.
    Working,
    /// The token says ERROR. Nobody has signed that: it is a hint.
    Error(Status),
    /// The token says ERROR with a number that this code doesn't know.
    UnknownError(u16),
}

/// A request on its way out and its answer on its way in.
///
/// Reports of other channels are ignored: a transport may show what other programs are told.
pub struct Link {
    outgoing: [u8; MAX_MESSAGE],
    request: Option<Outgoing>,
    assembler: Assembler<MAX_MESSAGE>,
}

#[derive(Clone, Copy)]
struct Outgoing {
    channel: ChannelId,
    command: Command,
    length: usize,
    sender: Sender,
}

impl Link {
    /// Starts with nothing to send.
    #[must_use]
    pub const fn new() -> Self {
        Self { outgoing: [0; MAX_MESSAGE], request: None, assembler: Assembler::new() }
    }

    /// The buffer to write the next request into.
    pub fn buffer(&mut self) -> &mut [u8; MAX_MESSAGE] {
        &mut self.outgoing
    }

    /// Sends what lies in the first `length` bytes of the buffer. An answer that was awaited is forgotten.
    ///
    /// # Errors
    /// If `length` exceeds a message's.
    pub fn request(&mut self, channel: ChannelId, command: Command, length: usize) -> Result<(), TooLong> {
        let sender = Sender::new(channel, command, length)?;
        self.request = Some(Outgoing { channel, command, length, sender });
        self.forget();
        Ok(())
    }

    /// Whether the request is a record of a session.
    #[must_use]
    pub fn is_record(&self) -> bool {
        self.request.is_some_and(|request| request.command == Command::Record)
    }

    /// Sends the same bytes again, because the answer seems to be lost.
    pub fn repeat(&mut self) {
        if let Some(request) = &mut self.request
            && let Ok(sender) = Sender::new(request.channel, request.command, request.length)
        {
            request.sender = sender;
            self.forget();
        }
    }

    /// The next report to send.
    pub fn next_report(&mut self) -> Option<Report> {
        let request = self.request.as_mut()?;
        request.sender.next(self.outgoing.get(..request.length)?)
    }

    /// Takes a report in; tells if it ended the answer.
    pub fn on_report(&mut self, now: Instant, report: &Report) -> Option<Reply> {
        let request = self.request?;
        let frame = Frame::parse(report);
        if frame.channel() != request.channel {
            return None;
        }
        // INIT's answers are for everybody; the nonce tells whose they are.
        if let (Command::Init, Frame::First { command, .. }) = (request.command, frame)
            && Command::from_byte(command) == Some(Command::Init)
            && frame.whole_message().and_then(|m| m.get(..8)) != self.outgoing.get(..8)
        {
            return None;
        }
        self.assembler.expire(now);
        match self.assembler.on_frame(now, &frame) {
            Assembly::Complete { command, .. } => self.complete(request.command, command),
            Assembly::Incomplete | Assembly::Ignored | Assembly::Refused { .. } => None,
        }
    }

    /// The answer, once [`on_report`](Self::on_report) has said that there is one.
    pub fn answer(&mut self) -> &mut [u8] {
        self.assembler.message_mut()
    }

    /// Goes on waiting: this wasn't the answer.
    pub fn discard(&mut self) {
        self.assembler.release();
    }

    /// The answer and the buffer for the next request, together.
    pub fn answer_and_buffer(&mut self) -> (&mut [u8], &mut [u8; MAX_MESSAGE]) {
        (self.assembler.message_mut(), &mut self.outgoing)
    }

    fn complete(&mut self, expected: Command, found: u8) -> Option<Reply> {
        match Command::from_byte(found) {
            Some(command) if command == expected => Some(Reply::Answer),
            Some(Command::KeepAlive) => {
                self.assembler.release();
                Some(Reply::Working)
            }
            Some(Command::Error) => {
                let number = self.assembler.message().try_into().map(u16::from_be_bytes);
                self.assembler.release();
                number.ok().map(|number| Status::from_number(number).map_or(Reply::UnknownError(number), Reply::Error))
            }
            _ => {
                self.assembler.release();
                None
            }
        }
    }

    fn forget(&mut self) {
        self.assembler.release();
        if let Some(request) = self.request {
            self.assembler.abandon(request.channel);
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}
