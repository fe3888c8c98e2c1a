//! Firmware that is built on embassy-usb enumerates byte for byte as the emulator does: both are asked the same.

mod driver;

use keyfob_usb::{CONTROL_BUFFER, Device, Identity, REPORT_DESCRIPTOR, Release, Reply, SerialNumber, Setup};

use driver::{Answer, Firmware};

/// Types of descriptors that hosts ask for: device, configuration, string; HID and report of the interface.
const OF_DEVICE: [u8; 3] = [1, 2, 3];
const OF_INTERFACE: [u8; 2] = [0x21, 0x22];
/// How much hosts ask for: heads first, then all, and more than there is.
const LENGTHS: [u16; 9] = [1, 2, 8, 9, 18, 34, 41, 64, 255];

fn identities() -> [Identity; 3] {
    let serial = SerialNumber::new("KF-0123-4567-89AB-CDEF");
    let theirs = Identity {
        vendor_id: 0xfeed,
        product_id: 0xbeef,
        manufacturer: "Ä maker 🦀",
        product: "",
        ..Identity::keyfob(Release::of_version([12, 3, 4]), serial)
    };
    [Identity::keyfob(Release(0x0010), None), Identity::keyfob(Release(0x0100), serial), theirs]
}

fn setup(request_type: u8, request: u8, value: u16, index: u16, length: u16) -> Setup {
    Setup { request_type, request, value, index, length }
}

/// What our side answers, as a host hears it.
fn ours(device: &mut Device, setup: Setup, data: &[u8]) -> Answer {
    match device.control(setup, data, &mut [0; CONTROL_BUFFER]) {
        Reply::Data(data) => Answer::Data(data.to_vec()),
        Reply::Done => Answer::Accepted,
        Reply::Report(report) => Answer::Report(report.to_vec()),
        Reply::Stall => Answer::Rejected,
    }
}

fn compare(identity: Identity, requests: &[(Setup, &[u8])]) {
    Firmware::run(identity, &REPORT_DESCRIPTOR, |firmware| {
        let mut device = Device::new(identity);
        for (setup, data) in requests {
            let (theirs, ours) = (firmware.ask(*setup, data), ours(&mut device, *setup, data));
            assert_eq!(ours, theirs, "{setup:02x?} with {identity:?}");
        }
    });
}

#[test]
fn every_descriptor_is_the_same_in_every_length() {
    for identity in identities() {
        let mut requests = Vec::new();
        for length in LENGTHS {
            for kind in OF_DEVICE {
                // embassy-usb gives its only configuration whatever the index.
                let indexes = if kind == 3 { 0..=6 } else { 0..=0 };
                let ask = |index| setup(0x80, 6, u16::from_be_bytes([kind, index]), 0, length);
                requests.extend(indexes.map(ask));
            }
            requests.extend(OF_INTERFACE.map(|kind| setup(0x81, 6, u16::from_be_bytes([kind, 0]), 0, length)));
        }
        let requests: Vec<_> = requests.into_iter().map(|setup| (setup, &[][..])).collect();
        assert!(requests.len() == 99, "{}", requests.len());
        compare(identity, &requests);
    }
}

/// In the order in which Linux does it, with what a host may do later.
#[test]
fn what_a_host_does_is_answered_alike() {
    let report = [7; 64];
    let none = &[][..];
    let requests: &[(Setup, &[u8])] = &[
        (setup(0x80, 6, 0x0100, 0, 64), none),
        (setup(0x00, 5, 1, 0, 0), none),
        (setup(0x80, 6, 0x0100, 0, 18), none),
        (setup(0x80, 6, 0x0200, 0, 9), none),
        (setup(0x80, 6, 0x0200, 0, 41), none),
        (setup(0x80, 8, 0, 0, 1), none),
        (setup(0x80, 0, 0, 0, 2), none),
        (setup(0x00, 9, 7, 0, 0), none),
        (setup(0x00, 9, 1, 0, 0), none),
        (setup(0x80, 8, 0, 0, 1), none),
        (setup(0x21, 0x0a, 0, 0, 0), none),
        (setup(0x81, 6, 0x2200, 0, 34), none),
        (setup(0x82, 0, 0, 0x81, 2), none),
        (setup(0x02, 3, 0, 0x81, 0), none),
        (setup(0x82, 0, 0, 0x81, 2), none),
        (setup(0x82, 0, 0, 0x01, 2), none),
        (setup(0x02, 1, 0, 0x81, 0), none),
        (setup(0x82, 0, 0, 0x81, 2), none),
        (setup(0x81, 0, 0, 0, 2), none),
        (setup(0x81, 10, 0, 0, 1), none),
        (setup(0x01, 11, 0, 0, 0), none),
        (setup(0x01, 11, 1, 0, 0), none),
        (setup(0x01, 11, 0, 1, 0), none),
        (setup(0xa1, 3, 0, 0, 1), none),
        (setup(0x21, 0x0b, 1, 0, 0), none),
        (setup(0x21, 0x0b, 0, 0, 0), none),
        (setup(0x21, 9, 0x0200, 0, 64), &report),
        (setup(0x80, 0x33, 0, 0, 8), none),
        (setup(0xc0, 1, 0, 7, 8), none),
        (setup(0x00, 7, 0x0100, 0, 0), none),
        (setup(0x00, 9, 0, 0, 0), none),
        (setup(0x80, 8, 0, 0, 1), none),
    ];
    identities().into_iter().for_each(|identity| compare(identity, requests));
}

/// Where we are stricter: USB 2.0 §9.6.2 refuses what embassy-usb answers.
#[test]
fn a_device_of_full_speed_has_no_qualifier_and_one_of_usb_2_no_bos() {
    Firmware::run(identities()[0], &REPORT_DESCRIPTOR, |firmware| {
        let mut device = Device::new(identities()[0]);
        for value in [0x0600, 0x0f00] {
            let ask = setup(0x80, 6, value, 0, 10);
            assert!(matches!(firmware.ask(ask, &[]), Answer::Data(_)));
            assert_eq!(ours(&mut device, ask, &[]), Answer::Rejected);
        }
    });
}
