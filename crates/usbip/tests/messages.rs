//! Messages byte for byte: the tables and the example of `usbip_protocol.rst`.

mod support;

use keyfob_usbip::{Asking, BusId, Event, ProtocolError, Refusal, Request, Session, TooLong, listed, refused};
use support::{DEVICE, IN, OUT, export, feed, session, words};

/// The example at the document's end, captured from a HID device.
#[test]
fn the_documents_example() {
    let hex = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
    let sent = "ffffffff860008a784ce5ae212376300000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
    let received = "ffffffff860011a784ce5ae2123763612891b1020100000400000000000000000000000000000000000000000000000000000000000000000000000000000000";
    let mut session = session();
    let events = feed(
        &mut session,
        &hex(
            "00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 ffffffff 00000000 00000004 00000000 00000000",
        ),
    );
    let [Event::In { urb: urb_in, endpoint: 0x81 }] = events[..] else { panic!("{events:?}") };
    let events = feed(
        &mut session,
        &[
            hex("00000001 00000d06 0001000f 00000000 00000001 00000000 00000040 ffffffff 00000000 00000004 00000000 00000000"),
            hex(sent),
        ]
        .concat(),
    );
    let [Event::Out { urb, endpoint: 0x01, ref data }] = events[..] else { panic!("{events:?}") };
    assert_eq!(*data, hex(sent));
    assert!(session.complete(urb, Ok(&[])));
    // In the example the frame of the first request is -1 and comes back so; here it is 0, as the document's table says
    // of transfers that aren't isochronous.
    assert_eq!(
        session.take_output(),
        hex(
            "00000003 00000d06 00000000 00000000 00000000 00000000 00000040 00000000 00000000 00000000 00000000 00000000"
        )
    );
    assert!(session.deliver(0x81, &hex(received)));
    assert!(!session.complete(urb_in, Ok(&[])), "it was answered");
    assert_eq!(
        session.take_output(),
        [
            hex("00000003 00000d05 00000000 00000000 00000000 00000000 00000040 00000000 00000000 00000000 00000000 00000000"),
            hex(received)
        ]
        .concat()
    );
}

#[test]
fn a_list_has_each_field_where_the_table_says() {
    assert_eq!(listed(&[]), [1, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]);
    let list = listed(&[export(), export()]);
    assert_eq!(list.len(), 0xc + 2 * (0x138 + 4));
    assert_eq!(list[..12], [1, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2]);
    let path = b"/sys/devices/pci0000:00/0000:00:1d.1/usb3/3-2";
    assert_eq!(&list[0xc..][..path.len()], path);
    assert!(list[0xc + path.len()..0x10c].iter().all(|byte| *byte == 0));
    assert_eq!(&list[0x10c..0x110], b"3-2\0");
    assert!(list[0x110..0x12c].iter().all(|byte| *byte == 0));
    assert_eq!(list[0x12c..0x138], [0, 0, 0, 1, 0, 0, 0, 15, 0, 0, 0, 2], "bus, device, speed");
    assert_eq!(list[0x138..0x13e], [0x12, 0x09, 0, 1, 1, 2], "vendor, product, release");
    assert_eq!(list[0x13e..0x144], [0, 0, 0, 1, 1, 1], "class, configuration, configurations, interfaces");
    assert_eq!(list[0x144..0x148], [3, 0, 0, 0], "the interface");
    assert_eq!(list[0x148..], list[0xc..0x148], "the second one");
}

#[test]
fn an_import_is_answered_with_the_device_or_a_refusal() {
    let mut session = Session::new(&export(), &[IN, OUT]);
    let answer = session.take_output();
    assert_eq!(answer[..8], [1, 0x11, 0, 3, 0, 0, 0, 0]);
    assert_eq!(answer[8..], listed(&[export()])[0xc..0x144]);
    assert_eq!(refused(Refusal::Busy), [1, 0x11, 0, 3, 0, 0, 0, 2]);
    assert_eq!(refused(Refusal::NoDevice), [1, 0x11, 0, 3, 0, 0, 0, 4]);
}

#[test]
fn a_request_is_read_however_it_is_cut() {
    let list = [1, 0x11, 0x80, 5, 0, 0, 0, 0];
    let import = [&[1, 0x11, 0x80, 3, 0, 0, 0, 0][..], b"3-2\0", &[0xff; 28]].concat();
    for (sent, expected) in [(&list[..], Request::List), (&import, Request::Import(BusId::new("3-2").unwrap()))] {
        for chunk in 1..=sent.len() {
            let mut asking = Asking::default();
            let mut answers: Vec<_> = sent.chunks(chunk).map(|mut bytes| asking.feed(&mut bytes).unwrap()).collect();
            assert_eq!(answers.pop().unwrap(), Some(expected));
            assert!(answers.iter().all(Option::is_none));
        }
        // What comes behind is the session's.
        let longer = [sent, b"behind"].concat();
        let mut rest = &longer[..];
        assert_eq!(Asking::default().feed(&mut rest), Ok(Some(expected)));
        assert_eq!(rest, b"behind");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let refusal = |bytes: &[u8]| Asking::default().feed(&mut &bytes[..]).unwrap_err();
    assert_eq!(refusal(&[1, 6, 0x80, 5, 0, 0, 0, 0]), ProtocolError::Version { found: 0x0106 });
    assert_eq!(refusal(b"GET / HTTP/1.1\r\n"), ProtocolError::Version { found: 0x4745 });
    for code in [0x0000, 0x0003, 0x0005, 0x8000, 0x8004, 0x8006] {
        let [high, low] = u16::to_be_bytes(code);
        assert_eq!(refusal(&[1, 0x11, high, low, 0, 0, 0, 0]), ProtocolError::Code { code: code.into() });
    }
    assert_eq!(refusal(&[&[1, 0x11, 0x80, 3, 0, 0, 0, 0][..], &[b'1'; 32]].concat()), ProtocolError::BusId);
}

#[test]
fn a_bus_id_fits_its_field() {
    assert_eq!(BusId::new("1-1").unwrap().as_bytes(), b"1-1");
    assert_eq!(BusId::new(&"x".repeat(31)).unwrap().to_string(), "x".repeat(31));
    for wrong in ["", &"x".repeat(32), "1\0-1"] {
        assert_eq!(BusId::new(wrong), Err(TooLong));
    }
}

#[test]
fn what_a_session_doesnt_carry_ends_it() {
    let submit =
        |command, device, direction, packets| words([command, 7, device, direction, 1, 0, 64, 0, packets, 4], [0; 8]);
    let cases = [
        (submit(3, DEVICE, 1, 0), ProtocolError::Code { code: 3 }),
        (submit(0x0111_8005, DEVICE, 1, 0), ProtocolError::Code { code: 0x0111_8005 }),
        (submit(1, 1, 1, 0), ProtocolError::Device { found: 1, expected: DEVICE }),
        (submit(2, 1, 1, 0), ProtocolError::Device { found: 1, expected: DEVICE }),
        (submit(1, 0x0002_000f, 1, 0), ProtocolError::Device { found: 0x0002_000f, expected: DEVICE }),
        (submit(1, 0x0001_000e, 1, 0), ProtocolError::Device { found: 0x0001_000e, expected: DEVICE }),
        (submit(1, DEVICE, 2, 0), ProtocolError::Direction { direction: 2 }),
        (submit(1, DEVICE, 1, 1), ProtocolError::Isochronous { packets: 1 }),
        (submit(1, DEVICE, 0, 0x8000_0000), ProtocolError::Isochronous { packets: 0x8000_0000 }),
        ([submit(1, DEVICE, 1, 0), submit(1, DEVICE, 1, 0)].concat(), ProtocolError::Number { number: 7 }),
    ];
    for (bytes, expected) in cases {
        let mut session = session();
        let mut rest = &bytes[..];
        let error = loop {
            match session.feed(&mut rest) {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{expected:?} is overlooked"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, expected);
        // It stays so.
        let after = support::submit_in(9, 1, 64);
        assert_eq!(session.feed(&mut &after[..]), Err(expected));
    }
    // These aren't isochronous, as Windows and Linux say it.
    for packets in [0, u32::MAX] {
        let mut session = session();
        assert_eq!(feed(&mut session, &submit(1, DEVICE, 1, packets)).len(), 1);
        session.deliver(0x81, &[1]);
        assert_eq!(session.take_output()[32..36], packets.to_be_bytes());
    }
}
