//! What a bus does to a fob while it is plugged in: it resets it, and suspends it.

use std::fs;

use anyhow::{Context, Result, anyhow, ensure};
use keyfob::Verdict;
use keyfob_conformance::{Bench, COUNTED, Fob, Raw};

use super::Guest;
use crate::bus::await_some;
use crate::rig::{By, One, PATIENCE};

/// Resets the fob on its bus while an app has a session: the fob has kept its power, and the session goes on.
pub(super) fn reset(guest: &mut Guest) -> Result<String> {
    let fob = &guest.fobs[0];
    let bench = Bench::new(One::erased(fob, By::Hid)?).map_err(|failure| anyhow!("{failure:?}"))?;
    let client = bench.client().map_err(|failure| anyhow!("{failure:?}"))?;
    let session = client.login(COUNTED)?;
    let counted = || fob.control.ask(&keyfob_emulator::ControlRequest::Status)?.usb.context("not on USB");
    let (before, device) = (counted()?, fob.place.device());
    for _ in 0..RESETS {
        keyfob::reset(&fob.uri()?)?;
        ensure!(matches!(session.check()?, Verdict::Full(_)), "refused");
    }
    let resets = counted()?.resets - before.resets;
    ensure!(resets >= RESETS, "the fob was reset {resets} times");
    ensure!(fob.place.device() == device, "it came back as another device");
    Ok(format!("{RESETS} resets within a session"))
}

/// How often to reset.
const RESETS: u64 = 3;

/// Lets the kernel suspend the fob while nobody uses it; who opens it wakes it.
pub(super) fn suspend(guest: &mut Guest) -> Result<String> {
    let fob = &guest.fobs[1];
    let power = fob.place.folder().join("power");
    let status = || fs::read_to_string(power.join("runtime_status")).unwrap_or_default().trim_end().to_owned();
    fs::write(power.join("autosuspend_delay_ms"), "0").context("can't set when to suspend")?;
    fs::write(power.join("control"), "auto").context("can't let it be suspended")?;
    for time in 0..RESETS {
        await_some("the fob to be suspended", || (status() == "suspended").then_some(()))?;
        let mut raw = Raw::new(fob.way().connect()?, PATIENCE);
        raw.init().map_err(|failure| anyhow!("the {time}th time: {failure:?}"))?;
        ensure!(status() == "active", "it answers, and is {}", status());
    }
    fs::write(power.join("control"), "on")?;
    Ok(format!("{RESETS} times suspended and woken"))
}
