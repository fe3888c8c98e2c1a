//! What a board does whose token can't start.

use embassy_futures::select::select;
use keyfob_token::refusal;
use keyfob_wire::Status;

use crate::wait::Pause;
use crate::{HEARTBEAT, Lamp, Pattern, Ports};

/// Refuses every request with a status, for ever, and shows it: a program can then tell people what is wrong.
pub async fn fail(status: Status, ports: &Ports, lamp: &Lamp, mut alive: impl FnMut()) -> ! {
    lamp.base(Pattern::Error);
    ports.start();
    loop {
        alive();
        select(ports.from_host.wait(), Pause::new(HEARTBEAT).passed()).await;
        if let Some(answer) = ports.from_host.take().and_then(|report| refusal(&report, status)) {
            ports.put(answer).await;
        }
    }
}
