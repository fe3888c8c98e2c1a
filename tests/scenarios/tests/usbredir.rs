//! A token on a USB bus, as a virtual machine's controller has it. `docs/spec.md`, §12; `docs/emulator.md`.

#![cfg(unix)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keyfob_emulator::{Clock, ControlRequest, ControlUsb, Emulator, Endpoint, Listen, Seed, Server};
use keyfob_scenarios::usbredir::{Answer, Capabilities, Packet, Running, Wire, kind, status};
use keyfob_wire::framing::{Assembler, Assembly};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{ChannelId, Command, Frame, Report};

fn start() -> Running {
    Running::start(Emulator::builder().clock(Clock::scripted()).seed(Seed(1))).unwrap()
}

fn machine(running: &Running) -> Wire {
    let mut wire = Wire::connect(running.path(), Capabilities::QEMU).unwrap();
    wire.enumerate();
    wire
}

fn init(nonce: u64) -> Report {
    let mut report = [0; 64];
    report[..8].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x86, 0, 8, 0]);
    report[7..15].copy_from_slice(&nonce.to_be_bytes());
    report
}

/// Reads on to INIT's answer.
fn answer(wire: &mut Wire, nonce: u64) -> InitAnswer {
    loop {
        let report = wire.read();
        let answer = Frame::parse(&report).whole_message().and_then(InitAnswer::parse);
        if let Some(answer) = answer.filter(|answer| answer.nonce == nonce.to_be_bytes()) {
            return answer;
        }
    }
}

fn ask(wire: &mut Wire, nonce: u64) -> InitAnswer {
    assert_eq!(wire.write(&init(nonce)), status::SUCCESS);
    answer(wire, nonce)
}

fn strings(wire: &mut Wire) -> [Option<String>; 3] {
    [1, 2, 3].map(|index| match wire.control([0x80, 6, index, 3, 9, 4, 255, 0], &[]) {
        Answer { status: status::SUCCESS, data } => {
            assert_eq!(data[..2], [u8::try_from(data.len()).unwrap(), 3]);
            let units: Vec<_> = data[2..].chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
            Some(String::from_utf16(&units).unwrap())
        }
        Answer { status: status::STALL, data } if data.is_empty() => None,
        other => panic!("{other:?}"),
    })
}

#[test]
fn what_is_told_of_a_device_depends_on_what_both_sides_can() {
    let running = start();
    for (capabilities, sizes, release) in [(Capabilities::QEMU, 64, 2), (Capabilities::NONE, 0, 0)] {
        let mut wire = Wire::connect(running.path(), capabilities).unwrap();
        let [endpoints, interfaces, device] = wire.plugged();
        let mut expected = vec![255; 32];
        expected.extend([0; 64 + 64]);
        for (place, transfer, interval) in [(0, 0, 0), (16, 0, 0), (1, 3, 1), (17, 3, 1)] {
            (expected[place], expected[32 + place]) = (transfer, interval);
            expected[96 + 2 * place] = 64;
        }
        expected.truncate(96 + sizes);
        assert_eq!(endpoints.body, expected);
        let mut expected = vec![0; 132];
        (expected[0], expected[36]) = (1, 3);
        assert_eq!(interfaces.body, expected);
        // Full speed, the class is the interface's, the ids, the release.
        let expected = [1, 0, 0, 0, 0x09, 0x12, 0x01, 0x00, 0x10, 0x00];
        assert_eq!(device.body, expected[..8 + release]);
        wire.drive();
        assert_eq!(ask(&mut wire, 1).serial.0, [0; 8]);
        drop(wire);
        running.wait(|usb| !usb.attached);
    }
    let ControlUsb { resets, reports_out, reports_in, controls, stalled, .. } = running.usb();
    // GET_DESCRIPTOR, and SET_CONFIGURATION, which has a packet of its own.
    assert_eq!((resets, reports_out, reports_in, controls, stalled), (2, 2, 2, 4, 0));
}

#[test]
fn a_device_comes_and_goes_as_it_is_plugged() {
    let running = start();
    for capabilities in [Capabilities::QEMU, Capabilities::ALL] {
        let mut wire = Wire::connect(running.path(), capabilities).unwrap();
        wire.enumerate();
        let first = ask(&mut wire, 1);
        let acknowledge = |wire: &mut Wire| {
            wire.expect(kind::DEVICE_DISCONNECT);
            if capabilities == Capabilities::ALL {
                // What was under way means nothing any more, and is not answered.
                wire.begin_control([0x80, 6, 0, 1, 0, 0, 18, 0], &[]);
                wire.begin_write(0x01, &init(9));
                wire.send(kind::DEVICE_DISCONNECT_ACK, &[]).unwrap();
            }
        };
        let state = running.order(&ControlRequest::Unplug { back: None });
        assert!(!state.plugged && state.powered && state.usb.is_some_and(|usb| usb.attached && !usb.configured));
        acknowledge(&mut wire);
        assert!(wire.is_silent(Duration::from_millis(50)));
        running.order(&ControlRequest::Plug);
        wire.enumerate();
        // It has kept its power.
        assert_eq!(ask(&mut wire, 2).boot, first.boot);
        running.order(&ControlRequest::Kill { back: Some(500) });
        acknowledge(&mut wire);
        running.order(&ControlRequest::Advance { milliseconds: 500 });
        wire.enumerate();
        assert_ne!(ask(&mut wire, 3).boot, first.boot);
        // Out and in again at once: the machine is told both.
        running.handle().power_cycle().unwrap();
        acknowledge(&mut wire);
        wire.enumerate();
        ask(&mut wire, 4);
        drop(wire);
        running.wait(|usb| !usb.attached);
    }
}

#[test]
fn a_peer_that_comes_while_the_fob_is_out_waits_for_it() {
    let running = start();
    running.order(&ControlRequest::Kill { back: None });
    let mut wire = Wire::connect(running.path(), Capabilities::QEMU).unwrap();
    // There is nothing to be asked.
    wire.begin_control([0x80, 6, 0, 1, 0, 0, 18, 0], &[]);
    assert!(wire.is_silent(Duration::from_millis(50)));
    running.order(&ControlRequest::Plug);
    wire.enumerate();
    ask(&mut wire, 1);
}

#[test]
fn a_serial_number_comes_with_the_birth() {
    let running = start();
    let mut wire = machine(&running);
    let texts = ["Keyfob", "Keyfob token"].map(|text| Some(text.to_owned()));
    assert_eq!(strings(&mut wire), [texts[0].clone(), texts[1].clone(), None]);
    let channel = ask(&mut wire, 1).channel;
    let mut birth = [0; 64];
    birth[..4].copy_from_slice(&channel.0.to_be_bytes());
    birth[4..7].copy_from_slice(&[Command::Birth.byte(), 0, 16]);
    assert_eq!(wire.write(&birth), status::SUCCESS);
    let mut assembler = Assembler::<4096>::new();
    while !matches!(
        assembler.on_frame(keyfob_wire::Instant(0), &Frame::parse(&wire.read())),
        Assembly::Complete { command: 0x90, .. }
    ) {}
    let serial = ask(&mut wire, 2).serial;
    // Descriptors don't change under a host's eyes.
    assert_eq!(strings(&mut wire)[2], None);
    running.order(&ControlRequest::Kill { back: Some(0) });
    wire.expect(kind::DEVICE_DISCONNECT);
    wire.enumerate();
    assert_eq!(wire.control([0x80, 6, 0, 1, 0, 0, 18, 0], &[]).data[16], 3);
    assert_eq!(strings(&mut wire)[2], Some(serial.to_string()));
    assert_eq!(ask(&mut wire, 3).serial, serial);
}

#[test]
fn a_reset_flushes_the_endpoints_and_leaves_the_token_alone() {
    let running = start();
    let mut wire = machine(&running);
    let channel = ask(&mut wire, 1).channel;
    assert_eq!(wire.receive(false), status::SUCCESS);
    // An answer waits, half a message has arrived.
    assert_eq!(wire.write(&init(2)), status::SUCCESS);
    let mut begun = [0; 64];
    begun[..4].copy_from_slice(&channel.0.to_be_bytes());
    begun[4..7].copy_from_slice(&[Command::Open.byte(), 0, 100]);
    assert_eq!(wire.write(&begun), status::SUCCESS);
    wire.drive();
    assert!(wire.is_silent(Duration::from_millis(50)), "what waited is lost");
    // The channel is known still: the message is answered, with what it is.
    let mut rest = [0; 64];
    rest[..4].copy_from_slice(&channel.0.to_be_bytes());
    assert_eq!(wire.write(&rest), status::SUCCESS);
    assert_eq!(wire.read()[..7], [&channel.0.to_be_bytes()[..], &[Command::Error.byte(), 0, 2]].concat());
    assert_eq!(ask(&mut wire, 3).boot, ask(&mut wire, 4).boot);
}

#[test]
fn a_host_that_does_not_poll_loses_the_oldest() {
    let running = start();
    let mut wire = machine(&running);
    assert_eq!(wire.receive(false), status::SUCCESS);
    for nonce in 0..300 {
        assert_eq!(wire.write(&init(nonce)), status::SUCCESS);
    }
    assert_eq!(wire.receive(true), status::SUCCESS);
    for nonce in 44..300_u64 {
        let report = wire.read();
        assert_eq!(report[7..15], nonce.to_be_bytes());
    }
    assert!(wire.is_silent(Duration::from_millis(20)));
    assert_eq!(running.usb().reports_in, 256);
    // Without a configuration nothing waits.
    assert_eq!(wire.configure(0), (status::SUCCESS, 0));
    assert_eq!(wire.write(&init(1)), status::INVAL);
    assert_eq!(wire.receive(true), status::INVAL);
}

#[test]
fn halted_endpoints_stall_until_something_ends_it() {
    let running = start();
    let mut wire = machine(&running);
    let clear = |endpoint: u8| [0x02, 1, 0, 0, endpoint, 0, 0, 0];
    let state = |endpoint: u8| [0x82, 0, 0, 0, endpoint, 0, 2, 0];
    let stall = |endpoint| running.order(&ControlRequest::Stall { endpoint });
    stall(Endpoint::Out);
    assert_eq!(wire.write(&init(1)), status::STALL);
    assert_eq!(wire.control(state(0x01), &[]).data, [1, 0]);
    assert_eq!(wire.control(state(0x81), &[]).data, [0, 0]);
    assert_eq!(wire.control(clear(0x01), &[]), Answer { status: status::SUCCESS, data: vec![] });
    ask(&mut wire, 2);

    stall(Endpoint::In);
    let stalled = |wire: &mut Wire| wire.expect(kind::INTERRUPT_PACKET).body == [0x81, status::STALL, 0, 0];
    assert!(stalled(&mut wire));
    assert_eq!(wire.write(&init(3)), status::SUCCESS);
    assert!(wire.is_silent(Duration::from_millis(20)), "it is told once");
    // Whoever begins to read again is told again.
    assert_eq!(wire.receive(true), status::SUCCESS);
    assert!(stalled(&mut wire));
    assert_eq!(wire.control(clear(0x81), &[]).status, status::SUCCESS);
    answer(&mut wire, 3);
    stall(Endpoint::In);
    assert!(stalled(&mut wire), "it is another one");
    running.order(&ControlRequest::Release);

    stall(Endpoint::Out);
    wire.drive();
    ask(&mut wire, 4);
    stall(Endpoint::Out);
    running.order(&ControlRequest::Release);
    ask(&mut wire, 5);
    assert_eq!(running.usb().stalled, 4);
}

#[test]
fn a_device_that_hangs_answers_when_it_is_released() {
    let running = start();
    let mut wire = machine(&running);
    running.order(&ControlRequest::Hang);
    let controls = running.usb().controls;
    let describe = wire.begin_control([0x80, 6, 0, 1, 0, 0, 18, 0], &[]);
    let given_up = wire.begin_control([0x80, 6, 0, 2, 0, 0, 41, 0], &[]);
    let write = wire.begin_write(0x01, &init(1));
    let lost = wire.begin_write(0x01, &init(2));
    let configure = wire.send(kind::GET_CONFIGURATION, &[]).unwrap();
    assert!(wire.is_silent(Duration::from_millis(50)));
    assert_eq!(running.usb().controls, controls);
    for id in [given_up, lost, 12345] {
        wire.send_as(kind::CANCEL_DATA_PACKET, id, &[]).unwrap();
    }
    assert_eq!(wire.end_control(given_up), Answer { status: status::CANCELLED, data: vec![] });
    assert_eq!(wire.end_write(lost), status::CANCELLED);
    assert!(wire.is_silent(Duration::from_millis(20)));
    running.order(&ControlRequest::Release);
    let order = [(); 3].map(|()| wire.next_packet().unwrap().id);
    assert_eq!(order, [describe, write, configure]);
    answer(&mut wire, 1);
    // What has ended can't be given up any more.
    wire.send_as(kind::CANCEL_DATA_PACKET, describe, &[]).unwrap();
    assert_eq!(ask(&mut wire, 3).nonce, 3_u64.to_be_bytes());
}

/// A device that hangs keeps no more than 64 requests: the others are never answered.
#[test]
fn a_flood_to_a_device_that_hangs_is_bounded() {
    let running = start();
    let mut wire = machine(&running);
    running.order(&ControlRequest::Hang);
    let ids: Vec<_> = (0..1_000).map(|_| wire.begin_control([0x80, 6, 0, 1, 0, 0, 18, 0], &[])).collect();
    // Their data counts as well.
    for _ in 0..50 {
        wire.begin_control([0x21, 9, 0, 2, 0, 0, 0xff, 0xff], &[0; 0xffff]);
    }
    // What the device has no part in is answered: all has been read then.
    assert_eq!(wire.receive(true), status::SUCCESS);
    running.order(&ControlRequest::Release);
    ids[..64].iter().for_each(|id| assert_eq!(wire.end_control(*id).status, status::SUCCESS));
    // What is answered next was asked after it.
    ask(&mut wire, 1);
    assert!(wire.is_silent(Duration::from_millis(20)));
    // A reset forgets them.
    running.order(&ControlRequest::Hang);
    wire.begin_control([0x80, 6, 0, 1, 0, 0, 18, 0], &[]);
    wire.send(kind::RESET, &[]).unwrap();
    running.wait(|usb| usb.resets == 2);
    running.order(&ControlRequest::Release);
    wire.drive();
    assert!(wire.is_silent(Duration::from_millis(20)));
}

#[test]
fn machines_have_the_bus_one_after_the_other() {
    let running = start();
    for number in 0..20 {
        let mut wire = machine(&running);
        // Who comes second is turned away and disturbs nobody.
        let mut second = Wire::bare(running.path()).unwrap();
        assert!(second.is_ended());
        if number % 2 == 0 {
            ask(&mut wire, number);
        }
        // Some go in the middle of a packet.
        let rest = wire.header(kind::CONTROL_PACKET, 10, 7);
        if number % 3 == 0 {
            wire.socket().write_all(&rest[..usize::try_from(number).unwrap() % rest.len()]).unwrap();
        }
        drop(wire);
        running.wait(|usb| !usb.attached && !usb.configured);
    }
}

#[test]
fn sockets_hear_what_the_bus_hears() {
    let folder = tempfile::tempdir().unwrap();
    let [socket, bus]: [PathBuf; 2] = ["socket", "bus"].map(|name| folder.path().join(name));
    let server = Server::bind(&Listen::Unix(socket.clone()), Emulator::builder().start().unwrap()).unwrap();
    let server = server.with_usbredir(&Listen::Unix(bus.clone())).unwrap();
    assert_eq!(server.usb_address(), Some(format!("usbredir on unix:{}", bus.display())));
    let handle = server.handle();
    let thread = std::thread::spawn(|| server.run());
    let mut program = UnixStream::connect(&socket).unwrap();
    let mut wire = Wire::connect(&bus, Capabilities::QEMU).unwrap();
    wire.enumerate();
    let heard = |program: &mut UnixStream| {
        let mut report = [0; 64];
        program.read_exact(&mut report).unwrap();
        report
    };
    program.write_all(&init(1)).unwrap();
    assert_eq!(heard(&mut program), wire.read());
    assert_eq!(wire.write(&init(2)), status::SUCCESS);
    assert_eq!(heard(&mut program), wire.read());
    handle.stop();
    assert!(wire.is_ended() && thread.join().unwrap().is_ok());
    assert!(!bus.exists());
}

#[test]
fn requests_of_the_protocols_own_say_what_the_device_says() {
    let running = start();
    let mut wire = Wire::connect(running.path(), Capabilities::QEMU).unwrap();
    wire.plugged();
    let mut own = |kind, body: &[u8], answered| {
        let id = wire.send(kind, body).unwrap();
        wire.wait(|packet: &Packet| packet.kind == answered && packet.id == id).body
    };
    let alternate = kind::ALT_SETTING_STATUS;
    assert_eq!(own(kind::GET_CONFIGURATION, &[], kind::CONFIGURATION_STATUS), [0, 0]);
    assert_eq!(own(kind::GET_ALT_SETTING, &[0], alternate), [status::STALL, 0, 0]);
    assert_eq!(own(kind::SET_CONFIGURATION, &[2], kind::CONFIGURATION_STATUS), [status::STALL, 0]);
    assert_eq!(own(kind::SET_CONFIGURATION, &[1], kind::CONFIGURATION_STATUS), [0, 1]);
    assert_eq!(own(kind::GET_ALT_SETTING, &[0], alternate), [0, 0, 0]);
    assert_eq!(own(kind::SET_ALT_SETTING, &[0, 0], alternate), [0, 0, 0]);
    assert_eq!(own(kind::SET_ALT_SETTING, &[0, 1], alternate), [status::STALL, 0, 1]);
    assert_eq!(own(kind::SET_ALT_SETTING, &[3, 0], alternate), [status::STALL, 3, 0]);
    // It has nothing isochronous and no bulk endpoints.
    assert_eq!(own(kind::START_ISO_STREAM, &[0x82, 1, 1], kind::ISO_STREAM_STATUS), [status::INVAL, 0x82]);
    let bulk = [2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3];
    assert_eq!(own(kind::BULK_PACKET, &bulk, kind::BULK_PACKET), [2, status::INVAL, 0, 0, 0, 0, 0, 0, 0, 0]);
    for endpoint in [0x02, 0x00, 0x0f] {
        let id = wire.begin_write(endpoint, &[0; 64]);
        assert_eq!(wire.end_write(id), status::INVAL);
    }
    // What this version doesn't know is passed over, and wishes for devices are heard.
    for (kind, body) in [(200, &[1, 2, 3][..]), (25, &[0; 10]), (kind::FILTER_FILTER, b"3,-1,-1,-1,1\0")] {
        wire.send(kind, body).unwrap();
    }
    wire.drive();
    ask(&mut wire, 1);
}

/// Whoever asks and never reads is asked to wait: memory stays bounded, the token and others go on.
#[test]
fn a_flood_of_requests_that_nobody_reads_the_answers_of_is_stopped() {
    let running = start();
    let wire = machine(&running);
    wire.socket().set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let request = [&wire.header(kind::CONTROL_PACKET, 10, 1)[..], &[0x80, 6, 0x80, 0, 0, 2, 0, 0, 41, 0]].concat();
    let batch = request.repeat(1_000);
    let (began, mut written) = (Instant::now(), 0);
    while let Ok(count) = wire.socket().write(&batch) {
        written += count;
        assert!(written < 64 << 20 && began.elapsed() < Duration::from_secs(60), "nobody says stop");
    }
    let controls = running.usb().controls;
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(running.usb().controls, controls, "the answers have somewhere to go");
    // 67 bytes each, of which 256 KiB and a batch may wait, besides what the system's buffers hold.
    assert!(controls * 67 < 4 << 20, "{controls} requests were answered");
    drop(wire);
    running.wait(|usb| !usb.attached);
    ask(&mut machine(&running), 1);
}

const INIT: ChannelId = ChannelId::BROADCAST;

/// What isn't as specified ends the connection, whatever it was, and only that.
#[test]
fn packets_that_are_not_as_specified_end_the_connection() {
    let running = start();
    let mut cases: Vec<(&str, Vec<u8>)> = Vec::new();
    let packet = |kind: u32, length: u32, body: &[u8]| {
        let mut bytes = [kind.to_le_bytes(), length.to_le_bytes()].concat();
        bytes.extend(7_u64.to_le_bytes());
        bytes.extend(body);
        bytes
    };
    cases.push(("a second hello", packet(kind::HELLO, 68, &[0; 68])));
    cases.push(("a hello that is too long", packet(kind::HELLO, 4096, &[])));
    cases.push(("a hello of no words", packet(kind::HELLO, 67, &[])));
    for (name, kind) in [
        ("a connected device", kind::DEVICE_CONNECT),
        ("a disconnected device", kind::DEVICE_DISCONNECT),
        ("interfaces", kind::INTERFACE_INFO),
        ("endpoints", kind::EP_INFO),
        ("a status of a configuration", kind::CONFIGURATION_STATUS),
        ("a status of a setting", kind::ALT_SETTING_STATUS),
        ("a status of a stream", kind::ISO_STREAM_STATUS),
        ("a status of receiving", kind::INTERRUPT_RECEIVING_STATUS),
        ("a buffered packet", kind::BUFFERED_BULK_PACKET),
    ] {
        cases.push((name, packet(kind, 0, &[])));
    }
    cases.push(("a reset with a body", packet(kind::RESET, 1, &[0])));
    cases.push(("a configuration of nothing", packet(kind::SET_CONFIGURATION, 0, &[])));
    cases.push(("two configurations", packet(kind::SET_CONFIGURATION, 2, &[1, 1])));
    cases.push(("a cancellation with a body", packet(kind::CANCEL_DATA_PACKET, 4, &[0; 4])));
    cases.push(("a control packet without a setup", packet(kind::CONTROL_PACKET, 9, &[0; 9])));
    cases.push(("a control packet of 4 GiB", packet(kind::CONTROL_PACKET, u32::MAX, &[])));
    cases.push(("a control packet longer than any", packet(kind::CONTROL_PACKET, 10 + 0x1_0000, &[])));
    let data_to_read = [&[0x80, 6, 0x80, 0, 0, 1, 0, 0, 18, 0][..], &[0; 18]].concat();
    cases.push(("a read with data", packet(kind::CONTROL_PACKET, 28, &data_to_read)));
    cases.push(("a write without its data", packet(kind::CONTROL_PACKET, 10, &[0, 9, 0x21, 0, 0, 2, 0, 0, 64, 0])));
    cases.push(("an interrupt packet without a head", packet(kind::INTERRUPT_PACKET, 3, &[1, 0, 0])));
    cases.push(("an interrupt packet from the device", packet(kind::INTERRUPT_PACKET, 4, &[0x81, 0, 0, 0])));
    cases.push(("an interrupt packet with less data", packet(kind::INTERRUPT_PACKET, 5, &[1, 0, 64, 0, 9])));
    cases.push(("an interrupt packet with more data", packet(kind::INTERRUPT_PACKET, 5, &[1, 0, 0, 0, 9])));
    cases.push(("wishes without end", packet(kind::FILTER_FILTER, 4097, &[])));
    cases.push(("something unknown of 4 GiB", packet(0xdead_beef, u32::MAX, &[])));
    for (name, bytes) in &cases {
        let mut wire = machine(&running);
        wire.socket().write_all(bytes).unwrap();
        assert!(wire.is_ended(), "{name}");
        running.wait(|usb| !usb.attached);
    }
    // Before the hello nothing else means anything, whole or byte by byte.
    let early = [
        packet(kind::RESET, 0, &[])[..12].to_vec(),
        packet(kind::CONTROL_PACKET, 10, &[0; 10]),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 4096],
    ];
    for bytes in early {
        let mut wire = Wire::bare(running.path()).unwrap();
        for byte in bytes.chunks(1) {
            if wire.socket().write_all(byte).is_err() {
                break;
            }
        }
        assert!(wire.is_ended(), "{bytes:?}");
        running.wait(|usb| !usb.attached);
    }
    let mut wire = machine(&running);
    let report = ask(&mut wire, 1);
    assert_ne!(report.channel, INIT);
}

/// The same packets in pieces of every size mean the same.
#[test]
fn packets_may_come_in_pieces() {
    let running = start();
    let mut wire = machine(&running);
    let mut bytes = Vec::new();
    for nonce in 0..3 {
        bytes.extend(wire.header(kind::INTERRUPT_PACKET, 68, nonce));
        bytes.extend([1, 0, 64, 0]);
        bytes.extend(init(nonce));
        bytes.extend(wire.header(250, 5, 0));
        bytes.extend([1; 5]);
        bytes.extend(wire.header(kind::GET_CONFIGURATION, 0, 100 + nonce));
    }
    for size in 1..=bytes.len() {
        bytes.chunks(size).for_each(|piece| wire.socket().write_all(piece).unwrap());
        for nonce in 0..3 {
            assert_eq!(wire.end_write(nonce), status::SUCCESS, "pieces of {size}");
            assert_eq!(answer(&mut wire, nonce).nonce, nonce.to_be_bytes());
            assert_eq!(wire.expect(kind::CONFIGURATION_STATUS).id, 100 + nonce);
        }
    }
}
