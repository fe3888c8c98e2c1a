//! Reports as a message, one at a time.

use crate::{ChannelId, Frame, Instant, MAX_MESSAGE, Status, cursor::copy};

/// Milliseconds within which a message's next report has to come. Spec §2.
pub const MESSAGE_TIME_OUT: u64 = 500;

/// What a report did to the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Assembly {
    /// More reports are to come.
    Incomplete,
    /// The message is whole. No other one is taken in until it is released.
    Complete {
        /// The message's channel.
        channel: ChannelId,
        /// The message's command, maybe of none that is known.
        command: u8,
    },
    /// The report is to be answered with ERROR.
    Refused {
        /// The channel to answer on.
        channel: ChannelId,
        /// Busy, bad-sequence, timed-out or too-long.
        status: Status,
    },
    /// The report belongs to no message.
    Ignored,
}

/// Assembles one message of up to `N` bytes at a time.
///
/// Call [`expire`](Self::expire) before each report: an overdue message blocks other channels until then.
/// Messages that fit one report needn't come here; [`abandon`](Self::abandon) what they supersede.
pub struct Assembler<const N: usize> {
    buffer: [u8; N],
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Idle,
    Receiving { channel: ChannelId, command: u8, length: usize, received: usize, sequence: u8, heard: Instant },
    Complete { length: usize },
}

impl<const N: usize> Assembler<N> {
    /// Starts without a message.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: [0; N], state: State::Idle }
    }

    /// Takes a report in.
    pub fn on_frame(&mut self, now: Instant, frame: &Frame<'_>) -> Assembly {
        match *frame {
            Frame::First { channel, command, length, data } => self.on_first(now, channel, command, length, data),
            Frame::Following { channel, sequence, data } => self.on_following(now, channel, sequence, data),
        }
    }

    /// Drops a message whose next report didn't come in time, and names the channel to answer
    /// [`Status::TimedOut`] on.
    pub fn expire(&mut self, now: Instant) -> Option<ChannelId> {
        match self.state {
            State::Receiving { channel, heard, .. } if is_overdue(now, heard) => {
                self.state = State::Idle;
                Some(channel)
            }
            _ => None,
        }
    }

    /// When [`expire`](Self::expire) will drop the message, if one is under way.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Receiving { heard, .. } => Some(heard.plus(MESSAGE_TIME_OUT)),
            State::Idle | State::Complete { .. } => None,
        }
    }

    /// Drops the message that is under way on `channel`, if there is one: another message began there.
    pub fn abandon(&mut self, channel: ChannelId) {
        if matches!(self.state, State::Receiving { channel: current, .. } if current == channel) {
            self.state = State::Idle;
        }
    }

    /// The complete message; empty if there is none.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        match self.state {
            State::Complete { length } => self.buffer.get(..length).unwrap_or_default(),
            State::Idle | State::Receiving { .. } => &[],
        }
    }

    /// The complete message, to be worked on in place; empty if there is none.
    #[must_use]
    pub fn message_mut(&mut self) -> &mut [u8] {
        match self.state {
            State::Complete { length } => self.buffer.get_mut(..length).unwrap_or_default(),
            State::Idle | State::Receiving { .. } => &mut [],
        }
    }

    /// Drops the complete message, so that another one can come. A message under way stays.
    pub fn release(&mut self) {
        if matches!(self.state, State::Complete { .. }) {
            self.state = State::Idle;
        }
    }

    fn on_first(&mut self, now: Instant, channel: ChannelId, command: u8, length: usize, data: &[u8]) -> Assembly {
        self.abandon(channel);
        if length > N.min(MAX_MESSAGE) {
            return Assembly::Refused { channel, status: Status::TooLong };
        }
        if !matches!(self.state, State::Idle) {
            return Assembly::Refused { channel, status: Status::Busy };
        }
        let received = self.copy(0, length, data);
        self.receive(channel, command, length, received, 0, now)
    }

    fn on_following(&mut self, now: Instant, channel: ChannelId, sequence: u8, data: &[u8]) -> Assembly {
        let State::Receiving { channel: current, command, length, received, sequence: expected, heard } = self.state
        else {
            return Assembly::Ignored;
        };
        if current != channel {
            return Assembly::Ignored;
        }
        let refusal = if is_overdue(now, heard) {
            Status::TimedOut
        } else if sequence != expected {
            Status::BadSequence
        } else {
            let received = self.copy(received, length, data);
            return self.receive(channel, command, length, received, expected.saturating_add(1), now);
        };
        self.state = State::Idle;
        Assembly::Refused { channel, status: refusal }
    }

    /// Copies to the message from `start` on as much as belongs to it, and says where its next bytes go.
    fn copy(&mut self, start: usize, length: usize, data: &[u8]) -> usize {
        let room = self.buffer.get_mut(start..length).unwrap_or_default();
        copy(room, data);
        start.saturating_add(room.len().min(data.len()))
    }

    fn receive(
        &mut self,
        channel: ChannelId,
        command: u8,
        length: usize,
        received: usize,
        sequence: u8,
        heard: Instant,
    ) -> Assembly {
        if received < length {
            self.state = State::Receiving { channel, command, length, received, sequence, heard };
            Assembly::Incomplete
        } else {
            self.state = State::Complete { length };
            Assembly::Complete { channel, command }
        }
    }
}

impl<const N: usize> Default for Assembler<N> {
    fn default() -> Self {
        Self::new()
    }
}

fn is_overdue(now: Instant, heard: Instant) -> bool {
    now.since(heard) >= MESSAGE_TIME_OUT
}
