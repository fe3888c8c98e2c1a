//! What hosts do.

use std::io::Write;

use keyfob_scenarios::usbredir::{Wire, kind, status};
use keyfob_wire::Report;

use super::{ask, init};

/// A name, and what a host does that has enumerated the device.
pub(crate) type Case = (&'static str, fn(&mut Wire));

pub(crate) const CASES: &[Case] = &[
    // Control requests.
    ("a setup packet of ones", |wire| stalled(wire, [0xff; 8], &[])),
    ("a setup packet of zeros that wants nothing", |wire| drop(wire.control([0x80, 0, 0, 0, 0, 0, 0, 0], &[]))),
    ("every request of every type", |wire| {
        for (request_type, request) in (0..=255_u8).flat_map(|kind| [0, 1, 2, 3, 7, 12, 0x33, 0xff].map(|n| (kind, n)))
        {
            wire.control([request_type, request, 9, 9, 9, 9, 0, 0], &[]);
        }
    }),
    ("descriptors of every type in 65,535 bytes", |wire| {
        for (kind, recipient) in (0..=255).flat_map(|kind| [0x80, 0x81, 0x82, 0x83].map(|to| (kind, to))) {
            let answer = wire.control([recipient, 6, 0, kind, 0, 0, 0xff, 0xff], &[]);
            assert!(answer.data.len() < 256);
        }
    }),
    ("strings of every index and language", |wire| {
        for index in 0..=255 {
            wire.control([0x80, 6, index, 3, 0xff, 0xff, 0xff, 0], &[]);
        }
    }),
    ("a descriptor of no length", |wire| assert!(wire.control([0x80, 6, 0, 1, 0, 0, 0, 0], &[]).data.is_empty())),
    ("a new device descriptor", |wire| stalled(wire, [0x00, 7, 0, 1, 0, 0, 18, 0], &[0; 18])),
    ("a new report descriptor of 65,535 bytes", |wire| {
        stalled(wire, [0x01, 7, 0, 0x22, 0, 0, 0xff, 0xff], &[0xff; 0xffff]);
    }),
    ("an address that there is not", |wire| stalled(wire, [0x00, 5, 200, 0, 0, 0, 0, 0], &[])),
    ("configuration 255", |wire| assert_eq!(wire.configure(255), (status::STALL, 1))),
    ("a configuration with data", |wire| stalled(wire, [0x00, 9, 1, 0, 0, 0, 4, 0], &[1; 4])),
    ("a setting that there is not", |wire| stalled(wire, [0x01, 11, 9, 0, 0, 0, 0, 0], &[])),
    ("an interface that there is not", |wire| stalled(wire, [0x81, 10, 0, 0, 7, 0, 1, 0], &[])),
    ("the frame of an endpoint", |wire| stalled(wire, [0x82, 12, 0, 0, 0x81, 0, 2, 0], &[])),
    ("wake-up and test modes", |wire| {
        stalled(wire, [0x00, 3, 1, 0, 0, 0, 0, 0], &[]);
        (0..=255).for_each(|mode| stalled(wire, [0x00, 3, 2, 0, 0, mode, 0, 0], &[]));
    }),
    ("a halt of endpoints that there are not", |wire| {
        for endpoint in [0x00, 0x80, 0x02, 0x82, 0x0f, 0x8f, 0xff] {
            stalled(wire, [0x02, 3, 0, 0, endpoint, 0, 0, 0], &[]);
            stalled(wire, [0x02, 1, 0, 0, endpoint, 0, 0, 0], &[]);
        }
    }),
    ("a halt of both endpoints, and a disconnection", |wire| {
        for endpoint in [0x01, 0x81] {
            assert_eq!(wire.control([0x02, 3, 0, 0, endpoint, 0, 0, 0], &[]).status, status::SUCCESS);
        }
        assert_eq!(wire.write(&init(3)), status::STALL);
    }),
    ("reports by control of every type and id", |wire| {
        for (kind, id) in (0..=4).flat_map(|kind| [0, 1, 7, 255].map(|id| (kind, id))) {
            wire.control([0x21, 9, id, kind, 0, 0, 64, 0], &[0xa5; 64]);
            wire.control([0xa1, 1, id, kind, 0, 0, 64, 0], &[]);
        }
    }),
    ("reports by control that are too short or too long", |wire| {
        for length in [0_u16, 1, 63, 65, 128, 4096, 0xffff] {
            let [low, high] = length.to_le_bytes();
            stalled(wire, [0x21, 9, 0, 2, 0, 0, low, high], &vec![0x86; length.into()]);
        }
    }),
    ("a report by control, and its answer by the endpoint", |wire| {
        assert_eq!(wire.control([0x21, 9, 0, 2, 0, 0, 64, 0], &init(4)).status, status::SUCCESS);
        assert_eq!(wire.read()[7..15], 4_u64.to_be_bytes());
    }),
    ("idle rates and the boot protocol", |wire| {
        (1..=255).for_each(|rate| stalled(wire, [0x21, 10, 0, rate, 0, 0, 0, 0], &[]));
        stalled(wire, [0x21, 11, 0, 0, 0, 0, 0, 0], &[]);
    }),
    ("control requests to other endpoints", |wire| {
        for endpoint in [1, 0x81, 5, 0x7f] {
            let id = wire.send(kind::CONTROL_PACKET, &[endpoint, 6, 0x80, 0, 0, 1, 0, 0, 18, 0]).unwrap();
            assert_eq!(wire.end_control(id).status, status::INVAL);
        }
    }),
    ("five thousand requests by chance", |wire| {
        let mut chance = Chance(1);
        for _ in 0..5_000 {
            let mut setup = chance.number().to_be_bytes();
            setup[0] &= 0xe3;
            setup[1] &= 0x0f;
            let length = if setup[0] & 0x80 == 0 { setup[6] % 70 } else { setup[6] };
            (setup[6], setup[7]) = (length, 0);
            let data = vec![0xee; if setup[0] & 0x80 == 0 { length.into() } else { 0 }];
            wire.control(setup, &data);
        }
    }),
    // Endpoints and lengths.
    ("transfers to endpoints that there are not", |wire| {
        for endpoint in (0..0x80).filter(|endpoint| *endpoint != 1) {
            let id = wire.begin_write(endpoint, &init(5));
            assert_eq!(wire.end_write(id), status::INVAL, "{endpoint}");
        }
    }),
    ("transfers of every length", |wire| {
        for length in 0..=200 {
            assert_eq!(wire.write(&vec![0xff; length]), status::SUCCESS);
        }
    }),
    ("a transfer of 65,535 bytes", |wire| assert_eq!(wire.write(&[0x90; 0xffff]), status::SUCCESS)),
    ("a thousand INITs in one transfer", |wire| {
        let transfer: Vec<u8> = (0..1_000).flat_map(init).collect();
        assert_eq!(wire.write(&transfer), status::SUCCESS);
    }),
    ("short packets between the reports of a message", |wire| {
        let id = channel(wire);
        for report in begun(id, 0x92, 200) {
            wire.write(&report);
            wire.write(&[0xff; 5]);
            wire.write(&[]);
        }
    }),
    // Messages.
    ("a thousand INITs, and nothing is read", |wire| {
        wire.receive(false);
        (0..1_000).for_each(|nonce| assert_eq!(wire.write(&init(nonce)), status::SUCCESS));
    }),
    ("every command on the channel of all", |wire| every_command(wire, [0xff; 4])),
    ("every command on a channel of its own", |wire| {
        let id = channel(wire);
        every_command(wire, id);
    }),
    ("every command on channel 0", |wire| every_command(wire, [0; 4])),
    ("messages on a thousand channels that nobody has", |wire| {
        (0..1_000_u32).for_each(|id| put(wire, &begun(id.to_be_bytes(), 0x94, 50)[0]));
    }),
    ("half a message on each of sixteen channels", |wire| {
        for _ in 0..16 {
            let id = channel(wire);
            wire.write(&begun(id, 0x92, 4096)[0]);
        }
    }),
    ("a message that says 65,535 bytes", |wire| {
        let id = channel(wire);
        wire.write(&report(id, 0x94, 0xffff, 0xaa));
        (0..=255).for_each(|number| put(wire, &following(id, number)));
    }),
    ("a thousand following reports of nothing", |wire| {
        let id = channel(wire);
        (0..1_000_u32).for_each(|number| put(wire, &following(id, number.to_le_bytes()[0])));
    }),
    ("the same report of a message again and again", |wire| {
        let id = channel(wire);
        let reports = begun(id, 0x92, 200);
        wire.write(&reports[0]);
        (0..500).for_each(|_| put(wire, &reports[1]));
    }),
    ("what only tokens say", |wire| {
        let id = channel(wire);
        for command in [0x97, 0xbf] {
            (0..200).for_each(|_| put(wire, &report(id, command, 2, 0xff)));
        }
    }),
    ("a thousand cancellations", |wire| {
        let id = channel(wire);
        for _ in 0..500 {
            wire.write(&begun(id, 0x92, 200)[0]);
            wire.write(&report(id, 0x96, 0, 0));
        }
    }),
    ("two hundred handshakes that are only begun", |wire| {
        for _ in 0..200 {
            let id = channel(wire);
            wire.write(&report(id, 0x92, 41, 2));
        }
    }),
    ("records of sessions that there are not", |wire| {
        let id = channel(wire);
        (0..500).for_each(|_| put(wire, &report(id, 0x94, 57, 0x5a)));
    }),
    ("tickets that there are not", |wire| {
        let id = channel(wire);
        (0..500).for_each(|_| put(wire, &report(id, 0x95, 57, 0x5a)));
    }),
    ("birth and installation of a token that is ready", |wire| {
        let id = channel(wire);
        (0..50).for_each(|_| put(wire, &report(id, 0x90, 16, 9)));
        begun(id, 0x91, 4096).iter().for_each(|report| put(wire, report));
    }),
    ("ten thousand reports by chance", |wire| {
        let mut chance = Chance(2);
        let id = channel(wire);
        for _ in 0..10_000 {
            let mut report: Vec<u8> = (0..8).flat_map(|_| chance.number().to_be_bytes()).collect();
            if report[60] & 1 == 0 {
                report[..4].copy_from_slice(&id);
            }
            if report[61] & 1 == 0 {
                report[4] = [0x86, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96][usize::from(report[62] & 7)];
                report[5] = 0;
            }
            wire.write(&report);
        }
    }),
    // The bus's state in the middle of things.
    ("configuration 0 in mid-message", |wire| mid_message(wire, |wire| assert_eq!(wire.configure(0), (0, 0)))),
    ("configuration 1 in mid-message", |wire| mid_message(wire, |wire| assert_eq!(wire.configure(1), (0, 1)))),
    ("a reset in mid-message", |wire| mid_message(wire, |wire| tell(wire, kind::RESET, &[]))),
    ("a setting in mid-message", |wire| mid_message(wire, |wire| drop(wire.control([1, 11, 0, 0, 0, 0, 0, 0], &[])))),
    ("a halt in mid-message", |wire| {
        mid_message(wire, |wire| {
            wire.control([0x02, 3, 0, 0, 0x01, 0, 0, 0], &[]);
            assert_eq!(wire.write(&[0; 64]), status::STALL);
            wire.control([0x02, 1, 0, 0, 0x01, 0, 0, 0], &[]);
        });
    }),
    ("a halt while answers wait", |wire| {
        wire.receive(false);
        (0..20).for_each(|nonce| put(wire, &init(nonce)));
        wire.control([0x02, 3, 0, 0, 0x81, 0, 0, 0], &[]);
        wire.receive(true);
        wire.control([0x02, 1, 0, 0, 0x81, 0, 0, 0], &[]);
    }),
    ("a reset after every report of a message", |wire| {
        let id = channel(wire);
        for report in begun(id, 0x92, 300) {
            wire.write(&report);
            wire.drive();
        }
    }),
    ("a reset while the token computes", |wire| {
        let id = channel(wire);
        wire.begin_write(1, &report(id, 0x92, 41, 2));
        wire.send(kind::RESET, &[]).unwrap();
    }),
    ("a thousand resets", |wire| (0..1_000).for_each(|_| tell(wire, kind::RESET, &[]))),
    ("configured and not, five hundred times", |wire| {
        for nonce in 0..500 {
            wire.configure(0);
            assert_eq!(wire.write(&init(nonce)), status::INVAL);
            wire.configure(1);
            wire.write(&init(nonce));
        }
    }),
    ("read and not, a thousand times", |wire| {
        for nonce in 0..500 {
            wire.receive(false);
            wire.write(&init(nonce));
            wire.receive(true);
        }
    }),
    ("reading of endpoints that there are not", |wire| {
        for endpoint in [0, 1, 2, 0x80, 0x82, 0xff] {
            wire.send(kind::START_INTERRUPT_RECEIVING, &[endpoint]).unwrap();
            wire.send(kind::STOP_INTERRUPT_RECEIVING, &[endpoint]).unwrap();
        }
    }),
    ("a disconnection in mid-message", |wire| mid_message(wire, Wire::end)),
    ("a disconnection in the middle of a packet", |wire| {
        let head = wire.header(kind::INTERRUPT_PACKET, 68, 1);
        wire.socket().write_all(&[&head[..], &[1, 0, 64, 0, 0xff]].concat()).unwrap();
        wire.end();
    }),
    ("a disconnection while answers are under way", |wire| {
        (0..500).for_each(|nonce| begin(wire, &init(nonce)));
        wire.end();
    }),
    // The protocol's own.
    ("cancellations of what was never begun", |wire| {
        (0..1_000).for_each(|id| wire.send_as(kind::CANCEL_DATA_PACKET, id, &[]).unwrap());
    }),
    ("the same id for everything", |wire| {
        (0..100).for_each(|_| wire.send_as(kind::CONTROL_PACKET, 7, &[0x80, 6, 0x80, 0, 0, 1, 0, 0, 18, 0]).unwrap());
        let body = [&[1, 0, 64, 0], &init(6)[..]].concat();
        (0..100).for_each(|_| wire.send_as(kind::INTERRUPT_PACKET, 7, &body).unwrap());
    }),
    ("an acknowledgement of what has not gone", |wire| {
        (0..10).for_each(|_| tell(wire, kind::DEVICE_DISCONNECT_ACK, &[]));
    }),
    ("a device that is not wanted", |wire| tell(wire, kind::FILTER_REJECT, &[])),
    ("bulk and isochronous transfers", |wire| {
        for endpoint in [0x01, 0x81, 0x02, 0x82] {
            wire.send(kind::BULK_PACKET, &[endpoint, 0, 0, 2, 0, 0, 0, 0, 0, 0]).unwrap();
            wire.send(kind::START_ISO_STREAM, &[endpoint, 8, 8]).unwrap();
            wire.send(kind::ISO_PACKET, &[endpoint, 0, 1, 0, 5]).unwrap();
        }
    }),
    ("a hello again", |wire| {
        wire.send(kind::HELLO, &[0; 68]).unwrap();
        assert!(wire.is_ended());
    }),
    ("packets by chance until it is enough", |wire| {
        let mut chance = Chance(3);
        while !wire.is_over() {
            let number = chance.number().to_le_bytes();
            let kinds = [3, 6, 7, 9, 10, 12, 15, 16, 21, 23, 25, 100, 101, 102, 103, 300];
            let body = vec![number[0]; usize::from(number[1] % 16)];
            if wire.send(kinds[usize::from(number[2] & 15)], &body).is_err() {
                assert!(wire.is_ended());
            }
        }
    }),
];

fn stalled(wire: &mut Wire, setup: [u8; 8], data: &[u8]) {
    assert_eq!(wire.control(setup, data).status, status::STALL, "{setup:02x?}");
}

fn put(wire: &mut Wire, report: &[u8]) {
    wire.write(report);
}

/// Sends a report without waiting for how that ends.
fn begin(wire: &mut Wire, report: &[u8]) {
    wire.begin_write(1, report);
}

fn tell(wire: &mut Wire, kind: u32, body: &[u8]) {
    wire.send(kind, body).unwrap();
}

fn channel(wire: &mut Wire) -> [u8; 4] {
    ask(wire, 0x51).channel.0.to_be_bytes()
}

fn report(channel: [u8; 4], command: u8, length: u16, fill: u8) -> Report {
    let mut report = [fill; 64];
    report[..4].copy_from_slice(&channel);
    report[4] = command;
    report[5..7].copy_from_slice(&length.to_be_bytes());
    report
}

fn following(channel: [u8; 4], number: u8) -> Report {
    let mut report = [0x33; 64];
    report[..4].copy_from_slice(&channel);
    report[4] = number & 0x7f;
    report
}

/// The reports of a message of nonsense.
fn begun(channel: [u8; 4], command: u8, length: u16) -> Vec<Report> {
    let followers = length.saturating_sub(57).div_ceil(59);
    let rest = (0..followers).map(|number| following(channel, number.to_le_bytes()[0]));
    std::iter::once(report(channel, command, length, 0x33)).chain(rest).collect()
}

fn every_command(wire: &mut Wire, channel: [u8; 4]) {
    for (command, length) in (0x80..=0xff).flat_map(|command| [0, 8, 57, 58].map(|length| (command, length))) {
        wire.write(&report(channel, command, length, command));
    }
}

/// Does something between two reports of a message.
fn mid_message(wire: &mut Wire, act: impl FnOnce(&mut Wire)) {
    let id = channel(wire);
    let reports = begun(id, 0x92, 200);
    wire.write(&reports[0]);
    wire.write(&reports[1]);
    act(wire);
    if !wire.is_over() {
        reports[2..].iter().for_each(|report| begin(wire, report));
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }
}
