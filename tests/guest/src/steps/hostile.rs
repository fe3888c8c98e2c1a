//! Devices that say they are fobs and misbehave.

use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use keyfob::TokenUri;
use keyfob_wire::Serial;

use super::Guest;
use crate::bus::{Place, await_some};
use crate::report::port;
use crate::rig::HOSTILE;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_millis(200);
/// How long the library may take over such a device at most, on a loaded machine.
const BOUND: Duration = Duration::from_secs(20);
/// How long the kernel is given to make something of a device: some it gives up after a while.
const SETTLE: Duration = Duration::from_millis(700);
/// How many ways to misbehave there are at least.
const LEAST: usize = 30;

/// Plugs in one after the other. Whatever it does, the library comes to an end with an error that has a code, and
/// doesn't take it for a fob.
pub(super) fn run(_: &mut Guest) -> Result<String> {
    let mut control = BufReader::new(port("devices")?);
    let list = ask(&mut control, "list")?;
    let mut codes = std::collections::BTreeMap::<String, u32>::new();
    for name in list.split(';') {
        println!("{name}");
        let place = Place::port(HOSTILE);
        let before = place.device();
        ensure!(ask(&mut control, name)? == "changed", "there is no {name}");
        // Some never get as far as to be a device.
        let settled = Instant::now();
        let _enumerated = wait(|| place.device() != before && place.node().is_some() || settled.elapsed() > SETTLE);
        for code in judge(&place).with_context(|| name.to_owned())? {
            *codes.entry(code).or_default() += 1;
        }
    }
    // From now on it isn't in anybody's way.
    ensure!(ask(&mut control, "echo")? == "changed");
    let cases = list.split(';').count();
    ensure!(cases >= LEAST, "only {cases} cases");
    let codes: Vec<_> = codes.iter().map(|(code, times)| format!("{code} {times}")).collect();
    Ok(format!("{cases} devices: {}", codes.join(", ")))
}

/// What the library says of the device by either way.
fn judge(place: &Place) -> Result<Vec<String>> {
    let start = Instant::now();
    // Lists it or not, and doesn't fail over it; what it lists as a serial is one.
    for device in keyfob::devices() {
        let is_here = device.place.as_ref().is_some_and(|found| found.to_string() == place.0);
        let serial = device.serial.map(|serial: Serial| serial.to_string());
        ensure!(!is_here || serial.is_none(), "{serial:?} is taken for its serial");
    }
    let mut codes = Vec::new();
    let node = place.node().map(|node| format!("hid:{}", node.display()));
    for uri in node.into_iter().chain([format!("usb:{}", place.0)]) {
        let mut token: TokenUri = uri.parse()?;
        match keyfob::Guest::open(&mut token, &uri, &[], TIMEOUT) {
            Ok(_) => bail!("{uri} was taken for a fob"),
            Err(error) => {
                ensure!(keyfob::text(error.code()).is_some(), "the code {} has no text", error.code());
                codes.push(error.code().to_owned());
            }
        }
    }
    ensure!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    Ok(codes)
}

fn ask(control: &mut BufReader<std::fs::File>, line: &str) -> Result<String> {
    control.get_mut().write_all(format!("{line}\n").as_bytes())?;
    let mut answer = String::new();
    control.read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}

fn wait(is_so: impl Fn() -> bool) -> Result<()> {
    await_some("the device", || is_so().then_some(()))
}
