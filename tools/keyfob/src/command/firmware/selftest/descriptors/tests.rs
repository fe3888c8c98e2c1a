//! What a copy of Linux's `/sys` shows of a fob, and of fobs that are wrong somewhere.

use keyfob_wire::{BootId, ChannelId, Firmware, Serial};

use super::super::check::Outcome;
use super::*;

const SERIAL: Serial = Serial([0x40, 0xe2, 0x91, 0xac, 0x0b, 0x7d, 0x22, 0xf3]);

fn answer(state: TokenState) -> InitAnswer {
    InitAnswer {
        nonce: [0; 8],
        channel: ChannelId(1),
        lowest_version: 1,
        highest_version: 1,
        capabilities: 0,
        serial: if state == TokenState::Blank { Serial([0; 8]) } else { SERIAL },
        boot: BootId([2; 8]),
        firmware: Firmware([0, 1, 0]),
        state,
    }
}

fn descriptors() -> Vec<u8> {
    let mut bytes = vec![18, 1, 0x00, 0x02, 0, 0, 0, 64, 0x09, 0x12, 0x01, 0x00, 0x10, 0x00, 1, 2, 3, 1];
    bytes.extend(CONFIGURATION_DESCRIPTOR);
    bytes
}

/// A folder as the kernel's, and the only fob in it.
#[cfg(target_os = "linux")]
fn checked(descriptors: &[u8], report: &[u8], serial: &str, release: &str, state: TokenState) -> Check {
    let root = tempfile::tempdir().unwrap();
    let (sys, write) = (root.path(), |path: &Path, text: &[u8]| fs::write(path, text).unwrap());
    let device = sys.join("devices/pci0000:00/usb1/1-2");
    let hid = device.join("1-2:1.0/0003:1209:0001.0001");
    for folder in [&hid, &sys.join("class/hidraw/hidraw3"), &sys.join("bus/usb/devices")] {
        fs::create_dir_all(folder).unwrap();
    }
    let files =
        [("idVendor", "1209"), ("idProduct", "0001"), ("bcdDevice", release), ("serial", serial), ("devnum", "5")];
    for (name, text) in files.into_iter().chain([("manufacturer", "Keyfob\n"), ("product", "Keyfob token\n")]) {
        write(&device.join(name), text.as_bytes());
    }
    write(&device.join("descriptors"), descriptors);
    write(&device.join("1-2:1.0/bInterfaceClass"), b"03\n");
    write(&hid.join("uevent"), format!("HID_ID=0003:00001209:00000001\nHID_UNIQ={serial}\n").as_bytes());
    write(&hid.join("report_descriptor"), report);
    let link = |to: &Path, at: &Path| std::os::unix::fs::symlink(to, at);
    link(&hid, &sys.join("class/hidraw/hidraw3/device")).unwrap();
    link(&device, &sys.join("bus/usb/devices/1-2")).unwrap();
    link(&device.join("1-2:1.0"), &sys.join("bus/usb/devices/1-2:1.0")).unwrap();
    let [fob] = &keyfob::devices_below(sys)[..] else { panic!("not one fob") };
    shown(fob, &answer(state), sys)
}

#[cfg(target_os = "linux")]
#[test]
fn a_fob_that_is_as_specified_passes() {
    let serial = SERIAL.to_string();
    for (serial, state) in [(serial.as_str(), TokenState::Ready), ("", TokenState::Blank), ("", TokenState::Ready)] {
        let check = checked(&descriptors(), &REPORT_DESCRIPTOR, serial, "0010", state);
        assert_eq!(check.outcome, Outcome::Passed, "{}", check.detail);
        for seen in ["1209:0001", "\"Keyfob token\"", "byte for byte", "usage page ff4b"] {
            assert!(check.detail.contains(seen), "{}", check.detail);
        }
        assert_eq!(check.measured["compared"], true);
    }
}

/// Every bit of every descriptor that is the same for all fobs.
#[test]
fn every_bit_counts() {
    let all = descriptors();
    for at in (0..8).chain(17..all.len()) {
        for bit in 0..8 {
            let (mut altered, mut wrong) = (all.clone(), Vec::new());
            altered[at] ^= 1 << bit;
            compare_descriptors(&altered, &mut wrong);
            assert_eq!(wrong.len(), 1, "byte {at}, bit {bit}");
        }
    }
    for length in 0..all.len() {
        let mut wrong = Vec::new();
        compare_descriptors(&all[..length], &mut wrong);
        assert_eq!(wrong.len(), 1, "{length} bytes");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_wrong_is_named() {
    let serial = SERIAL.to_string();
    let fine = |descriptors: &[u8], report: &[u8], serial: &str, release: &str| {
        let check = checked(descriptors, report, serial, release, TokenState::Ready);
        assert_eq!(check.outcome, Outcome::Failed, "{}", check.detail);
        check.detail
    };
    let mut endpoints = descriptors();
    *endpoints.last_mut().unwrap() = 10;
    let said = fine(&endpoints, &REPORT_DESCRIPTOR, &serial, "0010");
    assert_eq!(said, "byte 40 of the configuration descriptor is 0x0a, not 0x01");
    let said = fine(&descriptors(), &REPORT_DESCRIPTOR, "KF-0000-0000-0000-0001", "0010");
    assert!(said.contains("serial"), "{said}");
    assert!(fine(&descriptors(), &REPORT_DESCRIPTOR, &serial, "0200").contains("bcdDevice is 0200"));
    let mut report = REPORT_DESCRIPTOR;
    report[20] ^= 1;
    assert!(fine(&descriptors(), &report, &serial, "0010").contains("byte 20 of the report descriptor"));
}
