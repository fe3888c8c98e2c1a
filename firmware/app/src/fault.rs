//! What a board does whose token can't start.

use embassy_futures::select::select;
use embassy_time::Timer;
use keyfob_wire::framing::Fragments;
use keyfob_wire::{Command, Frame, Status};

use crate::{HEARTBEAT, Lamp, Pattern, Ports};

/// Answers every message with a status, for ever, and shows it: a program can then tell people what is wrong.
pub async fn fail(status: Status, ports: &Ports, lamp: &Lamp, mut alive: impl FnMut()) -> ! {
    lamp.base(Pattern::Error);
    let number = status.number().to_be_bytes();
    loop {
        alive();
        select(ports.from_host.wait(), Timer::after_millis(HEARTBEAT)).await;
        let Some(report) = ports.from_host.take() else { continue };
        if let Frame::First { channel, .. } = Frame::parse(&report)
            && let Ok(mut fragments) = Fragments::new(channel, Command::Error, &number)
            && let Some(answer) = fragments.next()
        {
            ports.put(answer).await;
        }
    }
}
