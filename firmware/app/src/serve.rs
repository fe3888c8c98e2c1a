//! The loop around the token.

use embassy_futures::select::select;
use keyfob_token::{Platform, Token};
use keyfob_wire::{Frame, Instant};

use crate::wait::Pause;
use crate::{HEARTBEAT, Lamp, Pattern, Ports};

/// Runs the token for ever: takes reports in, gives reports out, and lets it work when there is neither. `alive` is
/// called each time round, at least once a [`HEARTBEAT`] but for what one step of work takes.
pub async fn serve<P: Platform>(token: &mut Token<P>, ports: &Ports, lamp: &Lamp, mut alive: impl FnMut()) -> ! {
    ports.name(token.engine().serial());
    ports.start();
    loop {
        alive();
        ports.name(token.engine().serial());
        lamp.base(if ports.is_configured() { Pattern::Idle } else { Pattern::Waiting });
        if let Some(report) = ports.from_host.take() {
            let channel = Frame::parse(&report).channel();
            lamp.busy(true);
            ports.work(Some(channel), || token.on_report(now(), &report));
        }
        while let Some(report) = token.poll(now()) {
            ports.put(report).await;
        }
        if !ports.from_host.is_empty() {
            continue;
        }
        if ports.work(token.works_for(), || token.work(now())) {
            lamp.busy(true);
            continue;
        }
        lamp.busy(false);
        select(ports.from_host.wait(), pause(token.poll_at()).passed()).await;
    }
}

/// Since the board started.
pub(crate) fn now() -> Instant {
    Instant(embassy_time::Instant::now().as_millis())
}

/// How long nothing is due.
fn pause(due: Option<Instant>) -> Pause {
    let until = due.map_or(HEARTBEAT, |due| due.since(now()));
    Pause::new(until.clamp(1, HEARTBEAT))
}
