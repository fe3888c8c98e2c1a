//! A message as reports.

use crate::{
    ChannelId, Command, FIRST_CAPACITY, FOLLOWING_CAPACITY, MAX_MESSAGE, Report, TooLong,
    report::{first, following},
};

/// Where the sending of a message stands; the message itself stays with its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    channel: ChannelId,
    command: Command,
    length: u16,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    First,
    Following { sequence: u8, sent: usize },
    Nothing,
}

impl Sender {
    /// Starts a message of `length` bytes.
    ///
    /// # Errors
    /// If the length exceeds [`MAX_MESSAGE`].
    pub fn new(channel: ChannelId, command: Command, length: usize) -> Result<Self, TooLong> {
        match u16::try_from(length) {
            Ok(short) if length <= MAX_MESSAGE => Ok(Self { channel, command, length: short, next: Next::First }),
            _ => Err(TooLong),
        }
    }

    /// Makes the next report, until the message is sent. `message` is the same at each call; one of another length
    /// than announced ends the sending.
    pub fn next(&mut self, message: &[u8]) -> Option<Report> {
        if message.len() != usize::from(self.length) {
            self.next = Next::Nothing;
        }
        let (report, sequence, sent) = match self.next {
            Next::First => (first(self.channel, self.command, self.length, message), 0, FIRST_CAPACITY),
            Next::Following { sequence, sent } => {
                let report = following(self.channel, sequence, message.get(sent..)?);
                (report, sequence.saturating_add(1), sent.saturating_add(FOLLOWING_CAPACITY))
            }
            Next::Nothing => return None,
        };
        self.next = if sent < message.len() { Next::Following { sequence, sent } } else { Next::Nothing };
        Some(report)
    }

    /// Whether all reports have been made.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next == Next::Nothing
    }

    /// The channel that the message is sent on.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        self.channel
    }
}

/// The reports of a message.
#[derive(Clone, Debug)]
pub struct Fragments<'a> {
    sender: Sender,
    message: &'a [u8],
}

impl<'a> Fragments<'a> {
    /// Cuts a message.
    ///
    /// # Errors
    /// If the message is longer than [`MAX_MESSAGE`].
    pub fn new(channel: ChannelId, command: Command, message: &'a [u8]) -> Result<Self, TooLong> {
        Ok(Self { sender: Sender::new(channel, command, message.len())?, message })
    }
}

impl Iterator for Fragments<'_> {
    type Item = Report;

    fn next(&mut self) -> Option<Report> {
        self.sender.next(self.message)
    }
}
