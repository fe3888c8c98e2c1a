//! What is written reads back, to the byte; what is cut short or altered reads up to there.

use keyfob_pcapng::{
    Damaged, Event, Interface, Kind, LINKTYPE_USB_LINUX_MMAPPED, Packet, Reader, Transfer, interface, packet, section,
};

const TIME: u64 = 1_795_394_096_123_456_789;

fn report(seed: u8) -> Vec<u8> {
    (0..64).map(|byte: u8| byte.wrapping_mul(31) ^ seed).collect()
}

/// Two interfaces, with a report out and one in.
fn blocks() -> [Vec<u8>; 5] {
    let (out, back) = (report(1), report(2));
    [
        section("keyfob 0.1.0"),
        interface(&Interface::new(LINKTYPE_USB_LINUX_MMAPPED, "keyfob0", "hid")),
        packet(0, TIME, &Transfer::interrupt(1, (1, 1), 0x01, &out).to_bytes(TIME)),
        interface(&Interface::new(LINKTYPE_USB_LINUX_MMAPPED, "keyfob1", "")),
        packet(1, TIME + 7, &Transfer::interrupt(2, (1, 2), 0x81, &back).to_bytes(TIME + 7)),
    ]
}

fn file() -> Vec<u8> {
    blocks().concat()
}

/// Where the file's blocks begin, and where it ends.
fn bounds() -> Vec<usize> {
    let mut at = 0;
    [0].into_iter()
        .chain(blocks().map(|block| {
            at += block.len();
            at
        }))
        .collect()
}

fn read(file: &[u8]) -> (Vec<Packet<'_>>, Option<Damaged>) {
    let (mut packets, mut damaged) = (Vec::new(), None);
    for packet in Reader::new(file) {
        assert_eq!(damaged, None, "nothing comes after an error");
        match packet {
            Ok(packet) => packets.push(packet),
            Err(error) => damaged = Some(error),
        }
    }
    (packets, damaged)
}

/// Written from the two documents by hand, not by the code.
#[test]
fn blocks_have_the_layout_of_the_format() {
    #[rustfmt::skip]
    let expected = [
        &[0x0a, 0x0d, 0x0d, 0x0a, 40, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8],
        &[4, 0, 3, 0, b'f', b'o', b'b', 0, 0, 0, 0, 0, 40, 0, 0, 0],
        &[1, 0, 0, 0, 40, 0, 0, 0, 220, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, b'a', 0, 0, 0],
        &[9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0],
        &[6, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, 1, 0, 0, 0, 1, 0, 0, 0, 0xaa, 0, 0, 0],
        &[36, 0, 0, 0],
    ].concat();
    let written = [section("fob"), interface(&Interface::new(220, "a", "")), packet(0, 0x0102_0304_0506_0708, &[0xaa])];
    assert_eq!(written.concat(), expected);
}

#[test]
fn transfers_have_the_layout_of_usbmon() {
    let bytes = Transfer::interrupt(0x0102, (3, 4), 0x01, &[7, 8]).to_bytes(5_000_006_999);
    #[rustfmt::skip]
    let expected = [
        &[2, 1, 0, 0, 0, 0, 0, 0, b'S', 1, 0x01, 4, 3, 0, b'-', 0][..],
        &[5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0x8d, 0xff, 0xff, 0xff, 2, 0, 0, 0, 2, 0, 0, 0],
        &[0; 8], &[1, 0, 0, 0], &[0; 12], &[7, 8],
    ].concat();
    assert_eq!(bytes, expected);
    let failed = Transfer { event: Event::Failed, status: -19, ..Transfer::interrupt(1, (1, 1), 0x81, &[]) };
    let bytes = failed.to_bytes(0);
    assert_eq!((bytes[8], bytes[10], bytes[15], &bytes[28..32]), (b'E', 0x81, b'<', &[0xed, 0xff, 0xff, 0xff][..]));
}

#[test]
fn what_is_written_reads_back() {
    let file = file();
    let (packets, damaged) = read(&file);
    assert_eq!((packets.len(), damaged), (2, None));
    let [out, back] = [0, 1].map(|at| packets[at].transfer().unwrap());
    assert_eq!((out.data, back.data), (&report(1)[..], &report(2)[..]));
    assert_eq!((out.is_in(), out.event, out.endpoint, out.device), (false, Event::Submitted, 0x01, 1));
    assert_eq!((back.is_in(), back.event, back.endpoint, back.device), (true, Event::Completed, 0x81, 2));
    assert_eq!((out.kind, out.length, out.status, back.status), (Kind::Interrupt, 64, -115, 0));
    assert_eq!(packets.iter().map(|packet| packet.nanoseconds).collect::<Vec<_>>(), [TIME, TIME + 7]);
    let mut reader = Reader::new(&file);
    while reader.next().is_some() {}
    let names: Vec<_> = reader.interfaces().iter().map(|one| (&one.name[..], &one.description[..])).collect();
    assert_eq!(names, [("keyfob0", "hid"), ("keyfob1", "")]);
}

/// A file that was cut short anywhere gives all packets that were whole.
#[test]
fn every_cut_leaves_what_is_before_it() {
    let file = file();
    let (whole, _) = read(&file);
    let bounds = bounds();
    for cut in 0..file.len() {
        let (packets, damaged) = read(&file[..cut]);
        assert!(packets.len() <= 1 && packets[..] == whole[..packets.len()], "{cut}");
        assert_eq!(packets.len(), usize::from(cut >= bounds[3]), "{cut}");
        assert_eq!(damaged.is_none(), bounds[1..].contains(&cut), "{cut}: {damaged:?}");
    }
}

/// Whatever is altered, reading ends and doesn't panic; the frames of blocks are noticed.
#[test]
fn every_altered_byte_is_taken() {
    let (file, bounds) = (file(), bounds());
    for at in 0..file.len() {
        for with in [0x00, 0x01, 0x7f, 0x80, 0xff, file[at] ^ 1, file[at].wrapping_add(4)] {
            let mut altered = file.clone();
            altered[at] = with;
            let (packets, damaged) = read(&altered);
            assert!(packets.len() <= 2);
            assert!(packets.iter().filter_map(Packet::transfer).all(|transfer| transfer.data.len() <= 64));
            let is_length =
                bounds.iter().any(|begin| (begin + 4..begin + 8).contains(&at) || at < *begin && at + 4 >= *begin);
            assert!(altered == file || !is_length || damaged.is_some(), "{at}");
        }
    }
}

#[test]
fn what_is_no_pcapng_is_said_to_be_none() {
    for bytes in [&b""[..], b"a", b"\n\r\r\n", b"\n\r\r\n\0\0\0\0abcd", &[0; 64], b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00"] {
        assert_eq!(read(bytes), (vec![], Some(Damaged::NotPcapng)), "{bytes:?}");
    }
}

/// The same file as a big-endian machine writes it, with microseconds, which are what counts unless a file says so.
#[test]
fn other_machines_files_are_read() {
    let mut header = Transfer::interrupt(9, (1, 5), 0x81, &report(3)).to_bytes(0);
    for field in [0..8, 12..14, 16..24, 24..28, 28..32, 32..36, 36..40, 48..52] {
        header[field].reverse();
    }
    let block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).unwrap().to_be_bytes();
        [&kind.to_be_bytes()[..], &length, body, &length].concat()
    };
    let [high, low] = [1_u32, 2].map(u32::to_be_bytes);
    let file = [
        block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_be_bytes()[..], &[0, 1, 0, 0], &[0xff; 8]].concat()),
        block(1, &[0, 220, 0, 0, 0, 0, 0, 0]),
        block(5, b"skip me."),
        block(6, &[&[0; 4][..], &high, &low, &[0, 0, 0, 128, 0, 0, 0, 128], &header].concat()),
    ]
    .concat();
    let both = [file.clone(), self::file()].concat();
    let (packets, damaged) = read(&both);
    assert_eq!((packets.len(), damaged), (3, None));
    assert_eq!(packets[0].nanoseconds, ((1 << 32) + 2) * 1000);
    let transfer = packets[0].transfer().unwrap();
    assert_eq!((transfer.id, transfer.device, transfer.data, transfer.bus), (9, 5, &report(3)[..], 1));
    assert_eq!(packets.iter().map(|packet| packet.section).collect::<Vec<_>>(), [0, 1, 1]);
}

#[test]
fn long_data_and_long_names_are_cut_and_said_to_be() {
    let long = vec![1; 300 * 1024];
    let file = [
        section(&"ö".repeat(70_000)),
        interface(&Interface::new(1, &"ä".repeat(1000), "")),
        packet(0, 1, &long),
        packet(0, 2, &[]),
    ]
    .concat();
    let (packets, damaged) = read(&file);
    assert_eq!(damaged, None);
    assert_eq!(packets.iter().map(|packet| packet.data.len()).collect::<Vec<_>>(), [256 * 1024, 0]);
    assert!(packets.iter().all(|packet| packet.transfer().is_none()), "another link type");
}
