//! What the bus shows of a fob.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use keyfob::{Device, TokenUri};
use keyfob_usb::{CONFIGURATION_DESCRIPTOR, REPORT_DESCRIPTOR, Release};
use keyfob_wire::init::{InitAnswer, TokenState};

use super::check::Check;

const NAME: &str = "usb";
const NEXT: &str = "the image isn't this release's, or its USB descriptors are wrong: lsusb -v";
/// How long a device descriptor is (USB 2.0, table 9-8).
const DEVICE: usize = 18;

/// Compares what the bus shows with what the specification (§12) has.
pub(super) fn check(token: &TokenUri, answer: &InitAnswer) -> Check {
    if matches!(token, TokenUri::Unix(_) | TokenUri::Tcp(_)) {
        return Check::not_checked(NAME, "an emulator's socket isn't on USB", "nothing: it is no board");
    }
    let devices = keyfob::devices();
    let of_serial = |device: &&Device| device.serial == Some(answer.serial) && answer.state != TokenState::Blank;
    let found = devices.iter().find(|device| device.uri == *token).or_else(|| devices.iter().find(of_serial));
    match found.or(devices.first().filter(|_| devices.len() == 1)) {
        Some(device) => shown(device, answer, Path::new("/sys")),
        None => Check::not_checked(NAME, "the system doesn't tell which device it is", "unplug other fobs, then again"),
    }
}

/// Compares what a system's `/sys` shows, if there is one.
fn shown(device: &Device, answer: &InitAnswer, sys: &Path) -> Check {
    let mut wrong = Vec::new();
    let (release, expected) = (device.release, Release::of_version(answer.firmware.0).0);
    if release != expected {
        wrong.push(format!("bcdDevice is {release:04x}, firmware {} would be {expected:04x}", answer.firmware));
    }
    if device.serial.is_some_and(|serial| serial != answer.serial) {
        wrong.push("its serial on the bus isn't the one it tells".to_owned());
    }
    let mut seen = vec![format!("{:04x}:{:04x}", device.vendor_id, device.product_id)];
    let place = device.place.as_ref().map(|place| sys.join("bus/usb/devices").join(place.to_string()));
    if let Some(place) = &place {
        for name in ["manufacturer", "product"] {
            match fs::read_to_string(place.join(name)) {
                Ok(text) if !text.trim().is_empty() => seen.push(format!("\"{}\"", text.trim())),
                Ok(_) => wrong.push(format!("its {name} is empty")),
                // Another system, or none.
                Err(_) => {}
            }
        }
    }
    seen.push(match device.serial {
        Some(serial) => format!("serial {serial}"),
        None if answer.state == TokenState::Ready => "no serial yet: it has one once it is plugged in anew".to_owned(),
        None => "no serial, as a blank fob".to_owned(),
    });
    let mut is_compared = false;
    if let Some(bytes) = place.and_then(|place| fs::read(place.join("descriptors")).ok()) {
        is_compared = true;
        compare_descriptors(&bytes, &mut wrong);
        seen.push("descriptors and endpoints byte for byte".to_owned());
    }
    let node = device.node.as_ref().and_then(|node| node.file_name());
    let report = node.map(|node| sys.join("class/hidraw").join(node).join("device/report_descriptor"));
    if let Some(bytes) = report.and_then(|path| fs::read(path).ok()) {
        difference("report descriptor", &bytes, &REPORT_DESCRIPTOR, &mut wrong);
        seen.push(format!("report descriptor, usage page {:04x}", keyfob_usb::USAGE_PAGE));
    }
    if !is_compared {
        seen.push("this system doesn't tell of endpoints".to_owned());
    }
    Check::of(NAME, seen.join(", "), &wrong, NEXT)
        .with("vendor_id", device.vendor_id)
        .with("product_id", device.product_id)
        .with("release", release)
        .with("compared", is_compared)
}

/// Compares what is the same for every fob; ids, release and indexes of strings are a maker's.
fn compare_descriptors(bytes: &[u8], wrong: &mut Vec<String>) {
    let Some((device, configuration)) = bytes.split_at_checked(DEVICE) else {
        wrong.push("there is no device descriptor".to_owned());
        return;
    };
    // USB 2.0; class, subclass and protocol are the interface's; endpoint 0 has 64 bytes.
    difference("device descriptor", &device[..8], &[18, 1, 0x00, 0x02, 0, 0, 0, 64], wrong);
    if device[17] != 1 {
        wrong.push(format!("there are {} configurations", device[17]));
    }
    difference("configuration descriptor", configuration, &CONFIGURATION_DESCRIPTOR, wrong);
}

fn difference(what: &str, bytes: &[u8], expected: &[u8], wrong: &mut Vec<String>) {
    if bytes.len() != expected.len() {
        wrong.push(format!("the {what} has {} bytes, not {}", bytes.len(), expected.len()));
    } else if let Some(at) = bytes.iter().zip(expected).position(|(byte, expected)| byte != expected) {
        wrong.push(format!("byte {at} of the {what} is {:#04x}, not {:#04x}", bytes[at], expected[at]));
    }
}
