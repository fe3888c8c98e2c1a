//! The guest attaches a fob by USB/IP, from an emulator in the guest.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use keyfob::{Connect, TokenUri};
use keyfob_emulator::ControlRequest;

use super::Guest;
use crate::bus::{Place, await_some};
use crate::emulated::{Emulated, answers, begin_message, round_trips};
use crate::rig::{By, Plugged};
use crate::system;

const VHCI: &str = "/sys/devices/platform/vhci_hcd.0";
const ADDRESS: &str = "127.0.0.1:3240";
/// How often the fob is attached in the middle of something.
const DETACHED: usize = 5;

pub(super) fn run(_: &mut Guest) -> Result<String> {
    system::load_all("/modules/later")?;
    system::raise_loopback()?;
    let fob = Emulated::start("--usbip")?;
    let tool = if Path::new("/bin/usbip").exists() {
        attach_by_tool()?;
        "usbip lists and attaches it"
    } else {
        attach()?;
        "there is no usbip here"
    };
    let place = await_fob()?;
    let text = |name| place.attribute(name).with_context(|| format!("no {name}"));
    ensure!((text("speed")?, text("product")?) == ("12".into(), "Keyfob token".into()), "something else is attached");
    let over_hid = round_trips(&hid(&place)?)?;

    // Certified over the bus: its serial is there from the next time on.
    let plugged = Plugged { place: place.clone(), control: fob.control.clone(), by: By::Hid };
    let maker = keyfob_issuing::Maker::test()?;
    let certified = keyfob_conformance::certify(&maker, &plugged, Duration::from_secs(5));
    let serial = certified.map_err(|failure| anyhow::anyhow!("{failure:?}"))?.to_string();
    for (out, request) in
        [("unplugged", ControlRequest::Unplug { back: None }), ("killed", ControlRequest::Kill { back: None })]
    {
        fob.control.ask(&request)?;
        await_gone().context(out)?;
        fob.control.ask(&ControlRequest::Plug)?;
        attach()?;
        let place = await_fob()?;
        ensure!(place.attribute("serial").as_ref() == Some(&serial), "{out}: another serial");
        answers(&hid(&place)?).context(out)?;
    }

    // The host lets go while a message is under way and somebody waits for an answer.
    for _ in 0..DETACHED {
        let mut transport = begin_message(&hid(&await_fob()?)?)?;
        let waiting =
            std::thread::spawn(
                move || while transport.receive(Duration::from_secs(5)).is_ok_and(|report| report.is_some()) {},
            );
        detach()?;
        await_gone()?;
        waiting.join().ok().context("the reader panicked")?;
        attach()?;
        answers(&hid(&await_fob()?)?)?;
    }

    let place = await_fob()?;
    let usb = directly(&place)?;
    let state = fob.control.ask(&ControlRequest::Status)?.usb.context("no bus")?;
    ensure!(state.attached && state.configured && state.reports_in >= 200, "{state:?}");
    drop(fob);
    await_gone()?;
    Ok(format!(
        "{tool}; {over_hid:.2} ms there and back over hidapi, {usb:.2} ms over rusb; {DETACHED} times detached in between"
    ))
}

/// Without a HID driver: what waits is taken back when its time is over, and a halted endpoint says so.
fn directly(place: &Place) -> Result<f64> {
    fs::write("/sys/bus/usb/drivers/usbhid/unbind", format!("{}:1.0", place.0)).context("can't unbind")?;
    let uri = format!("usb:{}", place.0);
    let mut transport = uri.parse::<TokenUri>()?.connect()?;
    for _ in 0..5 {
        ensure!(transport.receive(Duration::from_millis(20))?.is_none(), "something was said");
    }
    drop(transport);
    round_trips(&uri)
}

/// Has the tool list the fob and attach it.
fn attach_by_tool() -> Result<()> {
    let usbip = |arguments: &[&str]| Command::new("/bin/usbip").args(arguments).output().context("can't start usbip");
    let listed = usbip(&["list", "-r", "127.0.0.1"])?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    ensure!(text.contains("1-1") && text.contains("(1209:0001)"), "usbip lists {text}");
    let attached = usbip(&["attach", "-r", "127.0.0.1", "-b", "1-1"])?;
    ensure!(attached.status.success(), "usbip: {}", String::from_utf8_lossy(&attached.stderr));
    Ok(())
}

/// Imports the fob and gives the connection to the kernel, as the tool does.
fn attach() -> Result<()> {
    let socket = await_some("an import", import)?;
    socket.set_nodelay(true)?;
    await_some("a free port", || {
        let status = fs::read_to_string(format!("{VHCI}/status")).ok()?;
        status.lines().any(|line| line.starts_with("hs  0000 004")).then_some(())
    })?;
    // Port, connection, device and speed: 1 and 2 are the bus's and the device's numbers, full speed is 2.
    let line = format!("0 {} {} 2", socket.as_raw_fd(), 0x0001_0002);
    fs::write(format!("{VHCI}/attach"), line).context("the kernel doesn't take the connection")
}

/// None while the fob isn't to be had.
fn import() -> Option<TcpStream> {
    let mut socket = TcpStream::connect(ADDRESS).ok()?;
    let mut request = b"\x01\x11\x80\x03\0\0\0\x001-1".to_vec();
    request.resize(40, 0);
    socket.write_all(&request).ok()?;
    let mut answer = [0; 320];
    socket.read_exact(&mut answer).ok()?;
    (answer[..8] == *b"\x01\x11\0\x03\0\0\0\0").then_some(socket)
}

fn detach() -> Result<()> {
    fs::write(format!("{VHCI}/detach"), "0").context("can't detach")
}

/// Where the fob is, if it is attached.
fn attached() -> Option<Place> {
    let devices = fs::read_dir("/sys/bus/usb/devices").ok()?.flatten();
    let mut places = devices.map(|entry| Place(entry.file_name().to_string_lossy().into_owned()));
    places.find(|place| {
        let is_virtual = fs::canonicalize(place.folder()).is_ok_and(|folder| folder.starts_with(VHCI));
        is_virtual && place.attribute("idVendor").as_deref() == Some("1209")
    })
}

/// Waits until the fob can be used.
fn await_fob() -> Result<Place> {
    await_some("an attached fob", || attached().filter(|place| place.node().is_some()))
}

fn await_gone() -> Result<()> {
    await_some("no attached fob", || attached().is_none().then_some(()))
}

fn hid(place: &Place) -> Result<String> {
    Ok(format!("hid:{}", place.node().context("no node")?.display()))
}
