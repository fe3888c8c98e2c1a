//! What the token has to say: single reports in a queue, and one longer message at a time.

use heapless::Deque;
use keyfob_wire::framing::Sender;
use keyfob_wire::{ChannelId, Command, FIRST_CAPACITY, MAX_MESSAGE, Report, Status};

/// How many single reports wait at most. A host that doesn't fetch them loses the newest.
const QUEUE: usize = 16;
/// The buffer for an answer while a longer message is being sent: the largest answer of the operations that are always
/// possible, §8.1 to §8.3, and its record's overhead.
const SHORT: usize = 96;

pub(crate) struct Outbox {
    queue: Deque<Report, QUEUE>,
    message: [u8; MAX_MESSAGE],
    sending: Option<(Sender, usize)>,
    short: [u8; SHORT],
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self { queue: Deque::new(), message: [0; MAX_MESSAGE], sending: None, short: [0; SHORT] }
    }

    /// Whether a message of any length can be sent now.
    pub(crate) fn is_free(&self) -> bool {
        self.sending.is_none()
    }

    /// The buffer to compose the next message in: of full size if the outbox is free, small otherwise.
    pub(crate) fn buffer(&mut self) -> &mut [u8] {
        if self.sending.is_none() { &mut self.message } else { &mut self.short }
    }

    /// Sends what lies in the first `length` bytes of the buffer, and returns it if it is a single report.
    pub(crate) fn send(&mut self, channel: ChannelId, command: Command, length: usize) -> Option<Report> {
        let free = self.is_free();
        let message = if free { &self.message[..] } else { &self.short[..] };
        let message = message.get(..length)?;
        let mut sender = Sender::new(channel, command, length).ok()?;
        if length <= FIRST_CAPACITY {
            let report = sender.next(message)?;
            self.push(report);
            return Some(report);
        }
        if free {
            self.sending = Some((sender, length));
        }
        None
    }

    /// Sends a report again, or for the first time.
    pub(crate) fn push(&mut self, report: Report) {
        // A full queue means that nobody fetches: whoever asked again later gets the answer then.
        let _lost = self.queue.push_back(report);
    }

    /// Sends ERROR.
    pub(crate) fn error(&mut self, channel: ChannelId, status: Status) {
        let status = status.number().to_be_bytes();
        if let Ok(mut sender) = Sender::new(channel, Command::Error, status.len())
            && let Some(report) = sender.next(&status)
        {
            self.push(report);
        }
    }

    /// The next report. Single ones overtake a longer message.
    pub(crate) fn next(&mut self) -> Option<Report> {
        if let Some(report) = self.queue.pop_front() {
            return Some(report);
        }
        let (sender, length) = self.sending.as_mut()?;
        let report = self.message.get(..*length).and_then(|message| sender.next(message));
        if sender.is_done() {
            self.sending = None;
        }
        report
    }
}
