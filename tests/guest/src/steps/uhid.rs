//! The guest's kernel makes a HID device of a fob, from an emulator in the guest.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use keyfob_emulator::ControlRequest;

use super::Guest;
use crate::bus::{await_some, bytes};
use crate::emulated::{Emulated, answers, begin_message, round_trips};
use crate::system;

/// How often it is unplugged in the middle of a message.
const UNPLUGGED: usize = 10;

pub(super) fn run(guest: &mut Guest) -> Result<String> {
    system::load_all("/modules/later")?;
    let fob = Emulated::start("--uhid")?;
    let first = await_node()?;
    let uevent = fs::read_to_string(folder(&first).join("uevent"))?;
    for expected in ["HID_ID=0003:00001209:00000001", "HID_NAME=Keyfob Keyfob token", "HID_PHYS=keyfob-emulator"] {
        ensure!(uevent.lines().any(|line| line == expected), "{expected} isn't in {uevent}");
    }
    // As over USB.
    let over_usb = guest.fobs[0].place.hid().context("no fob on USB")?;
    let descriptor = |folder: PathBuf| bytes(&folder.join("report_descriptor"));
    ensure!(descriptor(folder(&first))? == descriptor(over_usb)?, "another report descriptor");
    let time = round_trips(&uri(&first))?;
    for cycle in 0..UNPLUGGED {
        let transport = begin_message(&uri(&await_node()?))?;
        let out =
            if cycle % 2 == 0 { ControlRequest::Unplug { back: None } } else { ControlRequest::Kill { back: None } };
        fob.control.ask(&out)?;
        await_gone()?;
        drop(transport);
        fob.control.ask(&ControlRequest::Plug)?;
        answers(&uri(&await_node()?)).with_context(|| format!("cycle {cycle}"))?;
    }
    drop(fob);
    await_gone()?;
    Ok(format!("{time:.2} ms there and back; {UNPLUGGED} times unplugged in mid-message"))
}

/// The name of the node that uhid made.
fn node() -> Option<String> {
    let mut nodes = fs::read_dir("/sys/class/hidraw").ok()?.flatten().map(|entry| entry.file_name());
    let is_ours = |name: &std::ffi::OsString| {
        fs::read_to_string(folder(&name.to_string_lossy()).join("uevent"))
            .is_ok_and(|text| text.contains("keyfob-emulator"))
    };
    nodes.find(is_ours).map(|name| name.to_string_lossy().into_owned())
}

fn await_node() -> Result<String> {
    await_some("a fob by uhid", || node().filter(|name| PathBuf::from(format!("/dev/{name}")).exists()))
}

fn await_gone() -> Result<()> {
    await_some("no fob by uhid", || node().is_none().then_some(()))
}

/// The HID device's folder.
fn folder(node: &str) -> PathBuf {
    format!("/sys/class/hidraw/{node}/device").into()
}

fn uri(node: &str) -> String {
    format!("hid:/dev/{node}")
}
