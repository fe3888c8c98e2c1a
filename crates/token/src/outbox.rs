//! What the token has to say: single reports in a queue, and one longer message at a time.

use heapless::Deque;
use keyfob_wire::framing::Sender;
use keyfob_wire::{ChannelId, Command, FIRST_CAPACITY, MAX_MESSAGE, Report, Status};

use crate::sessions::Fingerprint;
use crate::spot::Spot;

/// How many single reports wait at most. A host that doesn't fetch them loses the newest.
const QUEUE: usize = 16;
/// The room for short answers (`Operation::is_short`), which are always possible, and a record's overhead.
const SHORT: usize = 96;

/// Where an answer is composed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Always there.
    Short,
    /// Taken while a longer message is being sent.
    Long,
}

pub(crate) struct Outbox {
    queue: Deque<Report, QUEUE>,
    message: [u8; MAX_MESSAGE],
    sending: Spot<Sender>,
    /// What the long room holds, for when its receiver has lost some of it.
    kept: Spot<Kept>,
    short: [u8; SHORT],
}

struct Kept {
    channel: ChannelId,
    command: Command,
    length: usize,
    /// The request that it answers; that of nothing, if it is a handshake's, which is never answered twice. An `Option`
    /// without a value would fill its place with what lies on the stack, keys perhaps.
    request: Fingerprint,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self {
            queue: Deque::new(),
            message: [0; MAX_MESSAGE],
            sending: Spot::EMPTY,
            kept: Spot::EMPTY,
            short: [0; SHORT],
        }
    }

    /// Whether a message of any length can be sent now.
    pub(crate) fn is_free(&self) -> bool {
        self.sending.is_empty()
    }

    /// The long room, unless it is taken. What it held is forgotten.
    pub(crate) fn long(&mut self) -> Option<&mut [u8]> {
        if !self.is_free() {
            return None;
        }
        self.kept.clear();
        Some(&mut self.message)
    }

    /// The room to compose the next answer in.
    pub(crate) fn room(&mut self, room: Room) -> &mut [u8] {
        match room {
            Room::Short => &mut self.short,
            Room::Long => self.long().unwrap_or_default(),
        }
    }

    /// Sends what lies in the first `length` bytes of a room, and returns it if it is a single report.
    pub(crate) fn send(
        &mut self,
        room: Room,
        channel: ChannelId,
        command: Command,
        length: usize,
        request: Option<&Fingerprint>,
    ) -> Option<Report> {
        let buffer = match room {
            Room::Short => &self.short[..],
            Room::Long => &self.message[..],
        };
        let mut sender = Sender::new(channel, command, length).ok()?;
        if room == Room::Long && length > FIRST_CAPACITY {
            self.sending.set(sender);
            self.kept.set(Kept { channel, command, length, request: request.copied().unwrap_or(Fingerprint::NOTHING) });
            return None;
        }
        let message = buffer.get(..length)?;
        let first = sender.next(message)?;
        // As in `push`.
        let _lost = self.queue.push_back(first);
        if sender.is_done() {
            return Some(first);
        }
        while let Some(report) = sender.next(message) {
            let _lost = self.queue.push_back(report);
        }
        None
    }

    /// Sends the last longer message again, if it is the answer to this request.
    pub(crate) fn repeat(&mut self, channel: ChannelId, request: &Fingerprint) -> bool {
        let kept = self.kept.as_ref().filter(|kept| kept.channel == channel && kept.request == *request);
        let Some(sender) = kept.and_then(|kept| Sender::new(channel, kept.command, kept.length).ok()) else {
            return false;
        };
        self.sending.set(sender);
        true
    }

    /// Stops sending to a channel that doesn't want it.
    pub(crate) fn cancel(&mut self, channel: ChannelId) {
        if self.sending.as_ref().is_some_and(|sender| sender.channel() == channel) {
            self.sending.clear();
        }
    }

    /// Sends a report again, or for the first time.
    pub(crate) fn push(&mut self, report: &Report) {
        // A full queue means that nobody fetches: whoever asked again later gets the answer then.
        let _lost = self.queue.push_back(*report);
    }

    /// Sends a message that fits one report; nothing if it doesn't.
    pub(crate) fn push_message(&mut self, channel: ChannelId, command: Command, message: &[u8]) -> Option<Report> {
        let report = Sender::new(channel, command, message.len()).ok()?.next(message)?;
        self.push(&report);
        Some(report)
    }

    /// Sends ERROR.
    pub(crate) fn error(&mut self, channel: ChannelId, status: Status) {
        self.push_message(channel, Command::Error, &status.number().to_be_bytes());
    }

    /// The next report. Single ones overtake a longer message.
    pub(crate) fn next(&mut self) -> Option<Report> {
        if let Some(report) = self.queue.pop_front() {
            return Some(report);
        }
        let (sender, kept) = (self.sending.as_mut()?, self.kept.as_ref()?);
        let report = self.message.get(..kept.length).and_then(|message| sender.next(message));
        if sender.is_done() {
            self.sending.clear();
        }
        report
    }
}
