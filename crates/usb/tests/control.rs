//! What the device answers, against the specification's tables and over everything that can be asked.

use keyfob_usb::{
    CONFIGURATION_DESCRIPTOR, CONTROL_BUFFER, Device, Endpoint, Identity, REPORT_DESCRIPTOR, Release, Reply,
    SerialNumber, Setup, packets,
};
use proptest::prelude::*;

const SPEC: &str = include_str!("../../../docs/spec.md");

fn identity() -> Identity {
    Identity::keyfob(Release::of_version([0, 1, 0]), SerialNumber::new("KF-0123-4567-89AB-CDEF"))
}

fn configured() -> Device {
    let mut device = Device::new(identity());
    assert_eq!(device.control(setup(0, 9, 1, 0, 0), &[], &mut [0; CONTROL_BUFFER]), Reply::Done);
    device
}

fn setup(request_type: u8, request: u8, value: u16, index: u16, length: u16) -> Setup {
    Setup { request_type, request, value, index, length }
}

fn descriptor(device: &mut Device, recipient: u8, value: u16) -> Vec<u8> {
    let mut buffer = [0; CONTROL_BUFFER];
    match device.control(setup(0x80 | recipient, 6, value, 0, 255), &[], &mut buffer) {
        Reply::Data(data) => data.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// The bytes in the specification's table, row by row.
fn specified(heading: &str) -> Vec<u8> {
    let section = SPEC.split_once(heading).unwrap().1;
    let rows = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let bytes = rows.skip(2).flat_map(|row| row.split('|').nth(1).unwrap().trim().trim_matches('`').split(' '));
    bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[test]
fn the_specification_has_every_byte() {
    let mut device = Device::new(identity());
    assert_eq!(descriptor(&mut device, 0, 0x0100), specified("### 12.1 "));
    assert_eq!(descriptor(&mut device, 0, 0x0200), specified("### 12.2 "));
    assert_eq!(descriptor(&mut device, 1, 0x2200), specified("### 12.3 "));
    assert_eq!(CONFIGURATION_DESCRIPTOR[..], specified("### 12.2 "));
    assert_eq!(descriptor(&mut device, 1, 0x2100), CONFIGURATION_DESCRIPTOR[18..27]);
}

/// Another reading of the report descriptor: HID 1.11 §6.2.2.2, item by item.
#[test]
fn the_report_descriptor_says_one_report_each_way() {
    let (mut rest, mut items) = (&REPORT_DESCRIPTOR[..], Vec::new());
    while let Some((prefix, after)) = rest.split_first() {
        let size = [0, 1, 2, 4][usize::from(prefix & 3)];
        let (data, after) = after.split_at(size);
        items.push((prefix & !3, data.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))));
        rest = after;
    }
    let (mut page, mut usage, mut depth, mut bits, mut reports) = (0, 0, 0, (0, 0), Vec::new());
    for (item, value) in items {
        match item {
            0x04 => page = value,
            0x08 => usage = value,
            0x74 => bits.0 = value,
            0x94 => bits.1 = value,
            0x14 => assert_eq!(value, 0),
            0x24 => assert_eq!(value, 255),
            0xa0 => {
                assert_eq!((value, page, usage, depth), (1, 0xff4b, 0x46, 0));
                depth += 1;
            }
            0xc0 => depth -= 1,
            // Data, variable, absolute.
            0x80 | 0x90 => {
                assert_eq!((value, depth), (2, 1));
                reports.push((item, usage, bits.0 * bits.1));
            }
            // A report id, above all.
            other => panic!("item {other:#x}"),
        }
    }
    assert_eq!((reports, depth), (vec![(0x80, 0x20, 512), (0x90, 0x21, 512)], 0));
}

/// Type, request, values, indexes, and whether it needs a configuration.
type Known = (u8, u8, &'static [u16], &'static [u16], bool);

const INDEXES: &[u16] = &[0, 1, 2, 0x81, 0x82, 0x100, 0x181, 0x409, 0xffff];
const VALUES: &[u16] = &[
    0, 1, 2, 0x100, 0x101, 0x200, 0x201, 0x300, 0x301, 0x302, 0x303, 0x304, 0x600, 0xf00, 0x2100, 0x2101, 0x2200,
    0x2201, 0x2300, 0xffff,
];
const KNOWN: &[Known] = &[
    (0x80, 0, &[0], &[0], false),
    // The index is a language, which may be any.
    (0x80, 6, &[0x100, 0x200, 0x300, 0x301, 0x302, 0x303], INDEXES, false),
    (0x80, 8, &[0], &[0], false),
    (0x81, 6, &[0x2100, 0x2200], &[0], false),
    (0x82, 0, &[0], &[0], false),
    (0x81, 0, &[0], &[0], true),
    (0x81, 10, &[0], &[0], true),
    (0x82, 0, &[0], &[1, 0x81], true),
    (0xa1, 1, &[0x100], &[0], true),
    (0xa1, 2, &[0], &[0], true),
    (0xa1, 3, &[0], &[0], true),
    (0x00, 5, &[0, 1, 2], &[0], false),
    (0x00, 9, &[0, 1], &[0], false),
    (0x01, 11, &[0], &[0], true),
    (0x02, 1, &[0], &[1, 0x81], true),
    (0x02, 3, &[0], &[1, 0x81], true),
    (0x21, 0x0a, &[0], &[0], true),
    (0x21, 0x0b, &[1], &[0], true),
    (0x21, 9, &[0x200], &[0], true),
];

/// Of all types and requests, with all that values and indexes mean to anybody, no more than this is accepted.
#[test]
fn nothing_else_is_answered() {
    let mut buffer = [0; CONTROL_BUFFER];
    for (request_type, request) in (0..=255).flat_map(|kind| (0..=255).map(move |request| (kind, request))) {
        let rows: Vec<_> = KNOWN.iter().filter(|row| (row.0, row.1) == (request_type, request)).collect();
        // What nobody knows is tried less often.
        let (values, indexes) = if rows.is_empty() { (&VALUES[..4], &INDEXES[..1]) } else { (VALUES, INDEXES) };
        for (value, index) in values.iter().flat_map(|value| indexes.iter().map(move |index| (*value, *index))) {
            let row = rows.iter().find(|row| row.2.contains(&value) && row.3.contains(&index));
            for is_configured in [false, true] {
                let mut device = if is_configured { configured() } else { Device::new(identity()) };
                let is_report = (request_type, request) == (0x21, 9);
                let data = if is_report { &[1; 64][..] } else { &[] };
                let length = if request_type & 0x80 != 0 { 3 } else { data.len() as u16 };
                let reply = device.control(setup(request_type, request, value, index, length), data, &mut buffer);
                let expected = row.is_some_and(|row| is_configured || !row.4);
                assert_eq!(
                    reply != Reply::Stall,
                    expected,
                    "{request_type:#x} {request:#x} {value:#x} {index:#x} configured: {is_configured}"
                );
                match reply {
                    Reply::Data(data) => assert!(request_type & 0x80 != 0 && data.len() <= 3),
                    Reply::Report(report) => assert!(is_report && report == [1; 64]),
                    Reply::Done => assert!(request_type & 0x80 == 0 && !is_report),
                    Reply::Stall => {}
                }
            }
        }
    }
}

#[test]
fn a_report_by_a_control_transfer_is_whole() {
    for length in 0..=200_u16 {
        let data = vec![9; length.into()];
        let request = setup(0x21, 9, 0x0200, 0, length);
        let (mut device, mut buffer) = (configured(), [0; CONTROL_BUFFER]);
        let reply = device.control(request, &data, &mut buffer);
        assert_eq!(reply, if length == 64 { Reply::Report([9; 64]) } else { Reply::Stall }, "{length}");
        let short = device.control(request, &data[..usize::from(length / 2)], &mut buffer);
        assert_eq!(short, Reply::Stall, "{length}");
    }
}

#[test]
fn halts_end_with_what_the_standard_ends_them_with() {
    let all = Endpoint::ALL;
    // CLEAR_FEATURE of either alone, SET_CONFIGURATION, SET_INTERFACE, a reset.
    for (ask, left) in [
        (Some(setup(2, 1, 0, 0x81, 0)), vec![Endpoint::Out]),
        (Some(setup(2, 1, 0, 0x01, 0)), vec![Endpoint::In]),
        (Some(setup(0, 9, 1, 0, 0)), vec![]),
        (Some(setup(1, 11, 0, 0, 0)), vec![]),
        (None, vec![]),
        (Some(setup(0, 9, 9, 0, 0)), all.to_vec()),
        (Some(setup(2, 1, 1, 0x81, 0)), all.to_vec()),
    ] {
        let mut device = configured();
        for endpoint in all {
            let address = endpoint.address().into();
            assert_eq!(device.control(setup(2, 3, 0, address, 0), &[], &mut [0; CONTROL_BUFFER]), Reply::Done);
            let mut buffer = [0; CONTROL_BUFFER];
            assert_eq!(device.control(setup(0x82, 0, 0, address, 2), &[], &mut buffer), Reply::Data(&[1, 0]));
        }
        match ask {
            Some(ask) => {
                assert!(matches!(device.control(ask, &[], &mut [0; CONTROL_BUFFER]), Reply::Done | Reply::Stall))
            }
            None => device.reset(),
        }
        let halted: Vec<_> = all.into_iter().filter(|endpoint| device.is_halted(*endpoint)).collect();
        assert_eq!(halted, left, "{ask:?}");
    }
}

#[test]
fn a_release_is_in_decimals() {
    for (version, release) in
        [([0, 1, 0], 0x0010), ([1, 2, 3], 0x0123), ([42, 9, 9], 0x4299), ([99, 10, 255], 0x9999), ([255, 0, 0], 0x9900)]
    {
        assert_eq!(Release::of_version(version), Release(release));
    }
}

#[test]
fn a_serial_number_is_text_that_every_host_takes() {
    for good in ["KF-0123-4567-89AB-CDEF", "a", &"9".repeat(32)] {
        assert_eq!(SerialNumber::new(good).unwrap().as_str(), good);
    }
    for bad in ["", "a b", "ä", "a\0", "a/b", &"9".repeat(33)] {
        assert_eq!(SerialNumber::new(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn a_transfer_is_cut_into_packets(transfer in proptest::collection::vec(any::<u8>(), 0..400)) {
        let taken: Vec<u8> = packets(&transfer).flatten().copied().collect();
        prop_assert_eq!(&taken[..], &transfer[..transfer.len() / 64 * 64]);
    }

    #[test]
    fn a_setup_packet_is_read_as_it_is_written(bytes in any::<[u8; 8]>()) {
        prop_assert_eq!(Setup::from_bytes(bytes).to_bytes(), bytes);
    }

    /// Whatever a host does, the answers are no longer than it takes, and a reset makes the device what it was.
    #[test]
    fn any_requests_leave_a_device(requests in proptest::collection::vec((any::<[u8; 8]>(), 0_usize..80), 1..50)) {
        let mut device = Device::new(identity());
        let mut buffer = [0; CONTROL_BUFFER];
        for (bytes, length) in requests {
            let setup = Setup::from_bytes(bytes);
            if let Reply::Data(data) = device.control(setup, &vec![0; length], &mut buffer) {
                prop_assert!(data.len() <= usize::from(setup.length));
            }
        }
        device.reset();
        prop_assert!(!device.is_configured() && Endpoint::ALL.iter().all(|endpoint| !device.is_halted(*endpoint)));
        prop_assert_eq!(descriptor(&mut device, 0, 0x0100).len(), 18);
    }
}
