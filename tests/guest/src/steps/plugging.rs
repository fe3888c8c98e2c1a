//! Fobs come and go.

use anyhow::{Result, anyhow, ensure};
use keyfob::{OperationId, Units};
use keyfob_conformance::{Bench, COUNTED, Fob, Raw};
use keyfob_emulator::ControlRequest;

use super::Guest;
use crate::rig::{By, One, PATIENCE};

/// Unplugs a fob and plugs it in, again and again; each time it answers.
pub(super) fn cycles(guest: &mut Guest) -> Result<String> {
    let fob = &guest.fobs[0];
    for cycle in 0..guest.cycles {
        fob.replug(|control| {
            control.ask(&ControlRequest::Unplug { back: None })?;
            fob.place.await_none()?;
            control.ask(&ControlRequest::Plug)
        })?;
        let answered = Raw::new(fob.way().connect()?, PATIENCE).init();
        ensure!(answered.is_ok(), "cycle {cycle}: {:?}", answered.err());
    }
    Ok(format!("{} cycles", guest.cycles))
}

/// What takes the fob away in the middle of a spend: before the request arrives, when it was done but nobody heard of
/// it, with and without its power, and in the middle of writing.
const INTERRUPTIONS: [&str; 6] = [
    "unplug out command 0x94",
    "unplug in command 0x94",
    "kill out command 0x94",
    "kill in command 0x94",
    "kill program 1",
    "kill barrier 1",
];

/// Unplugs a fob in the middle of a spend. The app tries the same spend again: it is done once.
pub(super) fn mid_spend(guest: &mut Guest) -> Result<String> {
    let fob = &guest.fobs[0];
    let bench = Bench::new(One::erased(fob, By::Hid)?).map_err(|failure| anyhow!("{failure:?}"))?;
    let client = bench.client().map_err(|failure| anyhow!("{failure:?}"))?;
    let session = client.login(COUNTED)?;
    for (number, interruption) in (1_u8..).zip(INTERRUPTIONS) {
        let before = session.counter()?;
        let id = OperationId([number; 8]);
        let spend = || session.spend_as(id, before.spend_serial, Units(1));
        fob.replug(|control| {
            control.ask(&ControlRequest::Fault { script: interruption.into() })?;
            let interrupted = spend();
            ensure!(interrupted.is_err(), "{interruption}: nothing was interrupted");
            fob.place.await_none()?;
            control.ask(&ControlRequest::Plug)
        })?;
        let after = session.counter()?.remaining.0;
        let again = spend()?;
        ensure!(
            again.remaining.0 + 1 == before.remaining.0,
            "{interruption}: {} became {}",
            before.remaining,
            again.remaining
        );
        ensure!(after == before.remaining.0 || after + 1 == before.remaining.0, "{interruption}: {after} in between");
        fob.control.ask(&ControlRequest::Clear)?;
    }
    Ok(format!("{} interruptions, each spend done once", INTERRUPTIONS.len()))
}
