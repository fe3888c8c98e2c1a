//! Bytes as the protocol has them, and bytes as nobody should send them.

use keyfob_usbredir::{
    Capabilities, DeviceDescription, EndpointDescription, Event, InterfaceDescription, PacketId, ProtocolError,
    Redirector, Speed, Status, TransferType,
};
use proptest::prelude::*;

const DEVICE: DeviceDescription<'_> = DeviceDescription {
    speed: Speed::Low,
    class: 9,
    subclass: 8,
    protocol: 7,
    vendor_id: 0x1234,
    product_id: 0x5678,
    release: 0x9abc,
    max_packet_size_0: 8,
    interfaces: &[InterfaceDescription { number: 4, class: 3, subclass: 2, protocol: 1 }],
    endpoints: &[EndpointDescription {
        address: 0x83,
        transfer_type: TransferType::Interrupt,
        interval: 10,
        interface: 4,
        max_packet_size: 0x0108,
    }],
};

fn packet(kind: u32, id: u64, body: &[u8], has_long_ids: bool) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
    bytes.extend(&id.to_le_bytes()[..if has_long_ids { 8 } else { 4 }]);
    bytes.extend(body);
    bytes
}

fn hello(capabilities: u32) -> Vec<u8> {
    packet(0, 0, &[&[b'q'; 64][..], &capabilities.to_le_bytes()].concat(), false)
}

fn sent(redirector: &mut Redirector) -> Vec<u8> {
    let bytes = redirector.outgoing().to_vec();
    redirector.sent(bytes.len());
    bytes
}

fn greeted(capabilities: u32) -> Redirector {
    let mut redirector = Redirector::new("test 1.0");
    sent(&mut redirector);
    let event = redirector.receive(&mut &hello(capabilities)[..]).unwrap();
    assert!(matches!(event, Some(Event::Hello { .. })), "{event:?}");
    redirector
}

#[test]
fn a_hello_says_who_and_what() {
    let mut body = [0; 68];
    body[..8].copy_from_slice(b"test 1.0");
    body[64] = 0b111_1110;
    assert_eq!(sent(&mut Redirector::new("test 1.0")), packet(0, 0, &body, false));
    // A longer name is cut, and ends with a zero.
    let long = sent(&mut Redirector::new(&"x".repeat(200)));
    assert_eq!((long.len(), long[12 + 62], long[12 + 63]), (80, b'x', 0));
}

#[test]
fn a_hello_without_capabilities_has_none() {
    let mut redirector = Redirector::new("");
    let event = redirector.receive(&mut &packet(0, 0, &[0; 64], false)[..]);
    assert_eq!(event, Ok(Some(Event::Hello { common: Capabilities::NONE })));
    assert_eq!(
        Redirector::new("").receive(&mut &hello(u32::MAX)[..]),
        Ok(Some(Event::Hello { common: Capabilities::OURS }))
    );
}

#[test]
fn a_device_is_told_in_columns() {
    for (capabilities, has_long_ids) in [(0, false), (u32::MAX, true)] {
        let mut redirector = greeted(capabilities);
        redirector.connect(&DEVICE);
        let mut endpoints = vec![0xff; 32];
        endpoints.extend([0; 128]);
        (endpoints[0], endpoints[16], endpoints[19]) = (0, 0, 3);
        (endpoints[32 + 19], endpoints[64 + 19]) = (10, 4);
        (endpoints[96], endpoints[96 + 32]) = (8, 8);
        (endpoints[96 + 38], endpoints[96 + 39]) = (0x08, 0x01);
        let mut interfaces = vec![0; 132];
        (interfaces[0], interfaces[4], interfaces[36], interfaces[68], interfaces[100]) = (1, 4, 3, 2, 1);
        let device = [0, 9, 8, 7, 0x34, 0x12, 0x78, 0x56, 0xbc, 0x9a];
        let (sizes, release) = if has_long_ids { (160, 10) } else { (96, 8) };
        let expected = [
            packet(5, 0, &endpoints[..sizes], has_long_ids),
            packet(4, 0, &interfaces, has_long_ids),
            packet(1, 0, &device[..release], has_long_ids),
        ];
        assert_eq!(sent(&mut redirector), expected.concat());
        assert!(redirector.is_connected() && !redirector.can_connect());
        // There is one device at a time.
        redirector.connect(&DEVICE);
        assert!(sent(&mut redirector).is_empty());
    }
}

#[test]
fn answers_carry_what_the_request_said() {
    let mut redirector = greeted(1 << 5);
    redirector.connect(&DEVICE);
    sent(&mut redirector);
    let id = 0x0102_0304_0506_0708;
    let ask = |redirector: &mut Redirector, kind, body: &[u8]| {
        redirector.receive(&mut &packet(kind, id, body, true)[..]).unwrap().unwrap()
    };
    let head = [0x80, 6, 0x80, 0, 0x02, 0x01, 0x04, 0x03, 0x12, 0x00];
    let Event::Control { id: found, request } = ask(&mut redirector, 100, &head) else { panic!("no control") };
    assert_eq!((found, request.value, request.index, request.length), (PacketId(id), 0x0102, 0x0304, 18));
    redirector.control_answer(found, &request, Status::Success, &[1, 2, 3]);
    let answer = [0x80, 6, 0x80, 0, 0x02, 0x01, 0x04, 0x03, 3, 0, 1, 2, 3];
    assert_eq!(sent(&mut redirector), packet(100, id, &answer, true));
    let Event::Control { request, .. } = ask(&mut redirector, 100, &[0, 9, 0x21, 0, 0, 2, 0, 0, 2, 0, 7, 7]) else {
        panic!("no control")
    };
    // What a device answers to a write has a length and no data; a failed one has neither.
    redirector.control_answer(found, &request, Status::Success, &[9; 9]);
    assert_eq!(sent(&mut redirector), packet(100, id, &[0, 9, 0x21, 0, 0, 2, 0, 0, 2, 0], true));
    redirector.control_answer(found, &request, Status::Stall, &[]);
    assert_eq!(sent(&mut redirector), packet(100, id, &[0, 9, 0x21, 4, 0, 2, 0, 0, 0, 0], true));
    redirector.interrupt_in(0x81, &[5; 4]);
    redirector.interrupt_in(0x81, &[6]);
    let reports = [packet(103, 0, &[0x81, 0, 4, 0, 5, 5, 5, 5], true), packet(103, 1, &[0x81, 0, 1, 0, 6], true)];
    assert_eq!(sent(&mut redirector), reports.concat());
    redirector.interrupt_in_failed(0x81, Status::Stall);
    assert_eq!(sent(&mut redirector), packet(103, 2, &[0x81, 4, 0, 0], true));
    for (status, number) in [
        (Status::Success, 0),
        (Status::Cancelled, 1),
        (Status::Invalid, 2),
        (Status::IoError, 3),
        (Status::Stall, 4),
        (Status::Timeout, 5),
        (Status::Babble, 6),
    ] {
        redirector.interrupt_receiving_status(PacketId(9), status, 0x81);
        assert_eq!(sent(&mut redirector), packet(17, 9, &[number, 0x81], true));
    }
}

#[test]
fn a_device_that_has_gone_is_asked_for_nothing_until_that_is_known() {
    let mut redirector = greeted(1 << 3);
    redirector.connect(&DEVICE);
    redirector.disconnect();
    redirector.disconnect();
    let told = sent(&mut redirector);
    assert!(told.ends_with(&packet(2, 0, &[], false)) && !redirector.can_connect());
    let late =
        [packet(3, 1, &[], false), packet(21, 1, &[], false), packet(24, 0, &[], false), packet(3, 2, &[], false)];
    let bytes = late.concat();
    let mut rest = &bytes[..];
    assert_eq!(redirector.receive(&mut rest), Ok(Some(Event::Disconnected)));
    assert!(redirector.can_connect());
    assert_eq!(redirector.receive(&mut rest), Ok(None));
    // Without that capability nobody waits.
    let mut redirector = greeted(0);
    redirector.connect(&DEVICE);
    redirector.disconnect();
    assert!(redirector.can_connect());
}

#[test]
fn an_error_says_what_was_wrong() {
    let say = |kind, body: &[u8]| greeted(0).receive(&mut &packet(kind, 1, body, false)[..]).unwrap_err();
    assert_eq!(say(0, &[0; 64]), ProtocolError::SecondHello);
    assert_eq!(say(3, &[0]), ProtocolError::Length { kind: 3, length: 1 });
    assert_eq!(say(103, &[1, 0, 9, 0]), ProtocolError::Data { kind: 103 });
    assert_eq!(say(103, &[0x81, 0, 0, 0]), ProtocolError::Data { kind: 103 });
    assert_eq!(say(5, &[0; 96]), ProtocolError::Direction { kind: 5 });
    let early = Redirector::new("").receive(&mut &packet(3, 1, &[], false)[..]);
    assert_eq!(early, Err(ProtocolError::NoHello { kind: 3 }));
    // Nothing of a packet is taken that is too long to be one.
    let endless = [&packet(100, 1, &[], false)[..4], &[0xff; 4], &[0; 4], &[0; 64]].concat();
    let mut rest = &endless[..];
    assert_eq!(greeted(0).receive(&mut rest), Err(ProtocolError::Length { kind: 100, length: u32::MAX }));
    assert_eq!(rest.len(), 64);
}

proptest! {
    /// Bytes mean the same however they arrive, and what is refused by itself is no longer than what asked for it.
    #[test]
    fn any_bytes_in_any_pieces(
        packets in proptest::collection::vec((0_u32..110, proptest::collection::vec(any::<u8>(), 0..20)), 0..20),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
        size in 1_usize..50,
        capabilities in any::<u32>(),
    ) {
        let has_long_ids = capabilities & 1 << 5 != 0;
        let mut bytes: Vec<u8> = packets.iter().flat_map(|(kind, body)| packet(*kind, 1, body, has_long_ids)).collect();
        bytes.extend(noise);
        let hear = |size: usize| {
            let mut redirector = greeted(capabilities);
            redirector.connect(&DEVICE);
            sent(&mut redirector);
            let mut heard = Vec::new();
            for mut piece in bytes.chunks(size) {
                while !piece.is_empty() {
                    match redirector.receive(&mut piece) {
                        Ok(event) => heard.extend(event.map(Ok)),
                        Err(error) => {
                            heard.push(Err(error));
                            return (heard, sent(&mut redirector));
                        }
                    }
                }
            }
            (heard, sent(&mut redirector))
        };
        let whole = hear(bytes.len().max(1));
        prop_assert!(whole.1.len() <= 2 * bytes.len());
        prop_assert_eq!(hear(size), whole);
    }
}
