//! A host, written a second time after `usbip_protocol.rst`.
#![allow(dead_code, reason = "not every test needs everything")]

use keyfob_usbip::{BusId, Class, Endpoint, Event, Export, Session, Speed};

pub(crate) const IN: Endpoint = Endpoint { address: 0x81, max_packet: 64 };
pub(crate) const OUT: Endpoint = Endpoint { address: 0x01, max_packet: 64 };
pub(crate) const DEVICE: u32 = 0x0001_000f;
pub(crate) const ECONNRESET: i32 = -104;
pub(crate) const EPIPE: i32 = -32;
pub(crate) const EOVERFLOW: i32 = -75;
pub(crate) const ENOMEM: i32 = -12;
pub(crate) const ESHUTDOWN: i32 = -108;

pub(crate) fn export() -> Export {
    Export {
        path: "/sys/devices/pci0000:00/0000:00:1d.1/usb3/3-2",
        bus_id: BusId::new("3-2").unwrap(),
        bus_number: 1,
        device_number: 15,
        speed: Speed::Full,
        vendor_id: 0x1209,
        product_id: 0x0001,
        release: 0x0102,
        class: Class::default(),
        configuration: 1,
        configurations: 1,
        interfaces: vec![Class { class: 3, subclass: 0, protocol: 0 }],
    }
}

/// A session whose first output, the answer to the import, was taken.
pub(crate) fn session() -> Session {
    let mut session = Session::new(&export(), &[IN, OUT]);
    assert_eq!(session.take_output().len(), 320);
    session
}

pub(crate) fn words(words: [u32; 10], last: [u8; 8]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).chain(last).collect()
}

pub(crate) fn submit_in(number: u32, endpoint: u32, length: u32) -> Vec<u8> {
    words([1, number, DEVICE, 1, endpoint, 0x200, length, 0, 0, 4], [0; 8])
}

pub(crate) fn submit_out(number: u32, endpoint: u32, data: &[u8]) -> Vec<u8> {
    [words([1, number, DEVICE, 0, endpoint, 0, data.len() as u32, 0, 0, 4], [0; 8]), data.to_vec()].concat()
}

pub(crate) fn control_in(number: u32, setup: [u8; 8]) -> Vec<u8> {
    let length = u32::from(u16::from_le_bytes([setup[6], setup[7]]));
    words([1, number, DEVICE, 1, 0, 0x200, length, 0, 0, 0], setup)
}

pub(crate) fn control_out(number: u32, setup: [u8; 8], data: &[u8]) -> Vec<u8> {
    [words([1, number, DEVICE, 0, 0, 0, data.len() as u32, 0, 0, 0], setup), data.to_vec()].concat()
}

pub(crate) fn unlink(number: u32, unlinked: u32) -> Vec<u8> {
    words([2, number, DEVICE, 0, 0, unlinked, 0, 0, 0, 0], [0; 8])
}

/// Feeds everything; says what has happened.
pub(crate) fn feed(session: &mut Session, bytes: &[u8]) -> Vec<Event> {
    let mut rest = bytes;
    let mut events = Vec::new();
    while let Some(event) = session.feed(&mut rest).expect("a host's messages") {
        events.push(event);
    }
    assert!(rest.is_empty());
    events
}

/// What the other side is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Submitted { number: u32, status: i32, length: u32, data: Vec<u8> },
    Unlinked { number: u32, status: i32 },
}

/// Reads what a session has sent; `is_in` says of which requests the data comes.
pub(crate) fn told(mut bytes: &[u8], is_in: impl Fn(u32) -> bool) -> Vec<Told> {
    let mut told = Vec::new();
    while !bytes.is_empty() {
        let (header, rest) = bytes.split_at(48);
        bytes = rest;
        let word = |place: usize| u32::from_be_bytes(header[4 * place..][..4].try_into().unwrap());
        assert_eq!([word(2), word(3), word(4)], [0; 3], "device, direction, endpoint");
        let (number, status) = (word(1), word(5) as i32);
        told.push(match word(0) {
            3 => {
                assert_eq!(word(7), 0, "first frame");
                assert!(matches!(word(8), 0 | u32::MAX), "packets");
                assert_eq!([word(9), word(10), word(11)], [0; 3], "errors and padding");
                let length = word(6);
                let (data, rest) = bytes.split_at(if is_in(number) { length as usize } else { 0 });
                bytes = rest;
                Told::Submitted { number, status, length, data: data.to_vec() }
            }
            4 => {
                assert_eq!(header[24..], [0; 24]);
                Told::Unlinked { number, status }
            }
            other => panic!("command {other}"),
        });
    }
    told
}

pub(crate) fn done(number: u32, length: u32) -> Told {
    Told::Submitted { number, status: 0, length, data: Vec::new() }
}

pub(crate) fn sent(number: u32, data: &[u8]) -> Told {
    Told::Submitted { number, status: 0, length: data.len() as u32, data: data.to_vec() }
}

pub(crate) fn failed(number: u32, status: i32) -> Told {
    Told::Submitted { number, status, length: 0, data: Vec::new() }
}
