//! What a board answers whose token can't start. `docs/spec.md`, §3.

use keyfob_wire::framing::Sender;
use keyfob_wire::{Command, Frame, Report, Status};

/// The answer to a report: ERROR with the reason, so that people are told; none to what is no request.
#[must_use]
pub fn refusal(report: &Report, reason: Status) -> Option<Report> {
    let Frame::First { channel, command, .. } = Frame::parse(report) else {
        return None;
    };
    if matches!(Command::from_byte(command), Some(Command::Cancel | Command::Error | Command::KeepAlive)) {
        return None;
    }
    let message = reason.number().to_be_bytes();
    Sender::new(channel, Command::Error, message.len()).ok()?.next(&message)
}
