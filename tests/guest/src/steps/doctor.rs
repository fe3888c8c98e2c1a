//! What `keyfob doctor`, `watch` and `--trace` find of fobs at a real kernel's ports.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use keyfob_conformance::certify;
use keyfob_emulator::ControlRequest;
use serde_json::Value;

use super::{Guest, keyfob};
use crate::bus::await_some;
use crate::control::Control;
use crate::rig::Plugged;

/// Nobody, who has no right to anything.
const NOBODY: u32 = 65_534;
const USBHID: &str = "/sys/bus/usb/drivers/usbhid";

/// Breaks one thing after the other, from the bus upwards; each is named.
pub(super) fn each_fault(guest: &mut Guest) -> Result<String> {
    let several = Command::new("/bin/keyfob").args(["doctor", "--json"]).output()?;
    expect(&several.stdout, "usb", "several-tokens")?;
    let fob = &guest.fobs[0];
    let token = token(fob)?;
    let look = || -> Result<Vec<u8>> {
        let flags = ["doctor", "--json", "--accept-emulated", "--timeout", "2s", "--token", &token];
        Ok(keyfob(&flags)?.stdout)
    };
    let fine: Value = serde_json::from_slice(&look()?)?;
    ensure!(fine["code"].is_null(), "{fine}");
    let outcomes: Vec<_> = (0..6).filter_map(|step| fine["steps"][step]["outcome"].as_str()).collect();
    ensure!(outcomes == ["ok"; 6], "{fine}");
    ensure!(fine["fob"]["usb"]["driver"] == "usbhid" && fine["fob"]["usb"]["place"] == fob.place.0.as_str(), "{fine}");

    let nobody = Command::new("/bin/keyfob").args(["doctor", "--json", "--token", &token]).uid(NOBODY).output()?;
    expect(&nobody.stdout, "permission", "device-permission")?;
    ensure!(nobody.status.code() == Some(5), "{:?}", nobody.status);

    fob.control.ask(&ControlRequest::Hang)?;
    let hanging = look()?;
    fob.control.ask(&ControlRequest::Release)?;
    let code = first(&hanging)?;
    ensure!(code.0 == "answer", "of a fob that hangs: {code:?}");

    let node = fob.place.node().context("no node")?;
    fs::rename(&node, "/dev/elsewhere")?;
    let without_node = look();
    fs::rename("/dev/elsewhere", &node)?;
    expect(&without_node?, "node", "node-missing")?;

    let interface = format!("{}:1.0", fob.place.0);
    fs::write(Path::new(USBHID).join("unbind"), &interface)?;
    let unbound = look();
    fs::write(Path::new(USBHID).join("bind"), &interface)?;
    expect(&unbound?, "driver", "driver-missing")?;
    await_some("the fob's node", || fob.place.node())?;

    fob.control.ask(&ControlRequest::Unplug { back: None })?;
    fob.place.await_none()?;
    let unplugged = look();
    fob.replug(|control| control.ask(&ControlRequest::Plug))?;
    expect(&unplugged?, "usb", "no-token")?;
    ensure!(serde_json::from_slice::<Value>(&look()?)?["code"].is_null(), "it isn't fine again");
    Ok("seven faults named".into())
}

/// A fob that is unplugged and plugged in is told, each time.
pub(super) fn watch(guest: &mut Guest) -> Result<String> {
    let fob = &guest.fobs[0];
    let token = token(fob)?;
    let mut watch = Command::new("/bin/keyfob");
    let mut watch = watch.args(["watch", "--json", "--for", "60s"]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(watch.stdout.take().context("no output")?).lines();
    let mut next = || -> Result<(String, String)> {
        let line: Value = serde_json::from_str(&lines.next().context("it has ended")??)?;
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Ok((word("event"), word("uri")))
    };
    for _ in &guest.fobs {
        ensure!(next()?.0 == "arrived");
    }
    for cycle in 0..3 {
        fob.replug(|control| {
            control.ask(&ControlRequest::Unplug { back: None })?;
            fob.place.await_none()?;
            let left = next()?;
            ensure!(left == ("left".into(), token.clone()), "cycle {cycle}: {left:?}");
            control.ask(&ControlRequest::Plug)
        })?;
        let arrived = next()?;
        ensure!(arrived == ("arrived".into(), token.clone()), "cycle {cycle}: {arrived:?}");
    }
    watch.kill()?;
    watch.wait()?;
    Ok("3 times away and back".into())
}

/// The reports that the library recorded are those that went over the bus: the fob counts them.
pub(super) fn trace(guest: &mut Guest) -> Result<String> {
    let fob = &guest.fobs[0];
    let token = token(fob)?;
    let counted = || -> Result<(u64, u64)> {
        let usb = fob.control.ask(&ControlRequest::Status)?.usb.context("not on USB")?;
        Ok((usb.reports_out, usb.reports_in))
    };
    let before = counted()?;
    let status = keyfob(&["status", "--token", &token, "--trace", "/tmp/status.pcapng"])?;
    ensure!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let after = counted()?;
    let shown = keyfob(&["trace", "show", "--json", "/tmp/status.pcapng"])?.stdout;
    fs::remove_file("/tmp/status.pcapng")?;
    let shown = String::from_utf8(shown)?;
    let lines: Vec<Value> = shown.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let recorded = |way: &str| lines.iter().filter(|line| line["direction"] == way).count() as u64;
    let (out, back) = (recorded("out"), recorded("in"));
    ensure!((after.0 - before.0, after.1 - before.1) == (out, back), "{before:?} {after:?} {out} {back}");
    Ok(format!("{out} reports out and {back} in, as on the bus"))
}

/// The fob's URI by its serial, after it was certified and plugged in again.
fn token(fob: &Plugged) -> Result<String> {
    fob.replug(Control::erase)?;
    let maker = keyfob_issuing::Maker::test()?;
    let serial = certify(&maker, fob, Duration::from_secs(5)).map_err(|failure| anyhow!("{failure:?}"))?;
    fob.restarted()?;
    Ok(format!("hid:{serial}"))
}

fn expect(document: &[u8], step: &str, code: &str) -> Result<()> {
    let found = first(document)?;
    ensure!((&*found.0, &*found.1) == (step, code), "{found:?} instead of {step}, {code}");
    Ok(())
}

/// The first step that failed, and its code.
fn first(document: &[u8]) -> Result<(String, String)> {
    let document: Value = serde_json::from_slice(document).context("no document")?;
    let word = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    Ok((word("first"), word("code")))
}
