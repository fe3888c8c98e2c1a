//! Files that nobody has vouched for: bug reports come from anywhere.

use keyfob_pcapng::{Interface, LINKTYPE_USB_LINUX_MMAPPED, Packet, Reader, Transfer, interface, packet, section};
use proptest::collection::vec;
use proptest::prelude::*;

/// A file with several sections, interfaces and packets.
fn file(transfers: &[(u8, u8, Vec<u8>)]) -> Vec<u8> {
    let begin =
        |name| [section("stranger"), interface(&Interface::new(LINKTYPE_USB_LINUX_MMAPPED, name, "hid"))].concat();
    let blocks = transfers.iter().enumerate().flat_map(|(at, (endpoint, device, data))| {
        let time = at as u64 * 1_000_003;
        let transfer = Transfer::interrupt(at as u64, (1, *device), *endpoint, data).to_bytes(time);
        let again = if at % 3 == 2 { begin("again") } else { Vec::new() };
        [again, packet(0, time, &transfer)].concat()
    });
    begin("first").into_iter().chain(blocks).collect()
}

/// Reads all that can be read; the packets of a file are never more than its bytes can hold.
fn read(file: &[u8]) -> Vec<Packet<'_>> {
    let packets: Vec<_> = Reader::new(file).map_while(Result::ok).collect();
    assert!(packets.iter().map(|packet| packet.data.len() + 32).sum::<usize>() <= file.len());
    for packet in &packets {
        let read = packet.transfer().map(|transfer| transfer.data.len());
        assert!(read.is_none_or(|length| length + 64 <= packet.data.len()));
    }
    packets
}

fn transfers() -> impl Strategy<Value = Vec<(u8, u8, Vec<u8>)>> {
    vec((prop_oneof![Just(0x01), Just(0x81), any::<u8>()], any::<u8>(), vec(any::<u8>(), 0..70)), 0..12)
}

proptest! {
    #[test]
    fn what_is_written_reads_back(transfers in transfers()) {
        let file = file(&transfers);
        let packets = read(&file);
        prop_assert_eq!(packets.len(), transfers.len());
        for (packet, (endpoint, device, data)) in packets.iter().zip(&transfers) {
            let transfer = packet.transfer().unwrap();
            prop_assert_eq!((transfer.endpoint, transfer.device, transfer.data), (*endpoint, *device, &data[..]));
        }
    }

    /// Anything put over, into or instead of a part. What is before it reads as before.
    #[test]
    fn whatever_is_done_to_a_file_it_is_read_to_an_end(
        transfers in transfers(), at in any::<prop::sample::Index>(), length in 0_usize..40, other in vec(any::<u8>(), 0..40),
    ) {
        let whole = file(&transfers);
        let at = at.index(whole.len());
        let end = (at + length).min(whole.len());
        let altered = [&whole[..at], &other, &whole[end..]].concat();
        let before = Reader::new(&whole[..at]).map_while(Result::ok).count();
        let (read, unaltered) = (read(&altered), read(&whole));
        prop_assert!(read.len() >= before);
        prop_assert_eq!(&read[..before], &unaltered[..before]);
    }

    #[test]
    fn anything_is_read_to_an_end(bytes in vec(any::<u8>(), 0..400)) {
        read(&bytes);
        read(&[section(""), interface(&Interface::new(220, "", "")), bytes].concat());
    }
}
