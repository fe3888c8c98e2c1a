//! How long a report there and back takes, beside a device that only says it back.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use keyfob::{Connect, TokenUri};
use keyfob_conformance::{Bench, COUNTED};

use super::Guest;
use crate::bus::Place;
use crate::rig::{By, ECHO, One, PATIENCE, Plugged, REAL};
use crate::system::without_driver;

/// How many round trips a figure is of, in blocks that take turns.
const BLOCKS: usize = 10;
const BLOCK: usize = 40;
/// By the kernel's HID driver.
pub(super) fn over_hidapi(guest: &mut Guest) -> Result<String> {
    beside_an_echo(guest, By::Hid)
}

/// Without a HID driver.
pub(super) fn over_rusb(guest: &mut Guest) -> Result<String> {
    let result = without_driver(|| beside_an_echo(guest, By::Usb));
    guest.fobs.iter().try_for_each(|fob| fob.place.await_other(None).map(drop))?;
    result
}

/// Measures both in turns; a ratio of one boot says more than times.
fn beside_an_echo(guest: &Guest, by: By) -> Result<String> {
    let place = Place::port(ECHO);
    place.await_other(None)?;
    let uri: TokenUri = match by {
        By::Hid => format!("hid:{}", place.node().context("no echo")?.display()).parse()?,
        By::Usb => format!("usb:{}", place.0).parse()?,
    };
    let mut echo = uri.clone().connect()?;
    let fob = Plugged { by, ..guest.fobs[REAL].clone() };
    let bench = Bench::new(One::erased(&fob, by)?).map_err(|failure| anyhow!("{failure:?}"))?;
    let client = bench.client().map_err(|failure| anyhow!("{failure:?}"))?;
    let session = client.login(COUNTED)?;
    let (mut echoes, mut checks) = (Vec::new(), Vec::new());
    for block in 0..=BLOCKS {
        let (mut block_echoes, mut block_checks) = (Vec::new(), Vec::new());
        for _ in 0..BLOCK {
            let start = Instant::now();
            echo.send(&[0x5a; 64])?;
            echo.receive(PATIENCE)?.context("no echo")?;
            block_echoes.push(start.elapsed());
        }
        for _ in 0..BLOCK {
            let start = Instant::now();
            ensure!(matches!(session.check()?, keyfob::Verdict::Full(_)), "refused");
            block_checks.push(start.elapsed());
        }
        // The first block warms up.
        if block > 0 {
            echoes.append(&mut block_echoes);
            checks.append(&mut block_checks);
        }
    }
    let (echo, check) = (Times::of(echoes), Times::of(checks));
    let ratio = check.p50.as_secs_f64() / echo.p50.as_secs_f64();
    Ok(format!("echo {echo}, warm check {check}: {ratio:.2} x"))
}

struct Times {
    p50: Duration,
    p95: Duration,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { p50: times[times.len() / 2], p95: times[times.len() * 95 / 100] }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "p50 {:.2} ms, p95 {:.2} ms", milliseconds(self.p50), milliseconds(self.p95))
    }
}
