//! What updates and receipts may hold, and what binds an installed key.

use keyfob_crypto::PublicKey;
use keyfob_licence::{
    CounterState, FileState, GrantState, HPKE_AAD_MAX, HPKE_INFO_LEN, List, Operation, Proof, Quality, Receipt,
    Snapshot, Update, hpke_aad, hpke_info,
};
use keyfob_signed::Invalid;
use keyfob_wire::{
    FeatureId, FileId, FileKind, Firmware, PartitionId, ProductId, Serial, Slot, Subject, Units, UnixTime,
};
use minicbor::Encoder;
use proptest::prelude::*;

use crate::{envelope, hex, read, write};

/// An update with the given lists of grants and operations.
fn update_of(lists: &str) -> Result<(), Invalid> {
    read::<Update<'_>>(&envelope(&hex(&format!("86 01 01 5820 00*32 00 {lists}")))).map(|_| ())
}

#[test]
fn operations_have_exactly_the_specified_forms() {
    for good in [
        "80",
        "81 83 01 01 00",
        "82 83 02 01 00 83 03 01 00",
        "81 85 04 01 00 5841 00*65 5830 00*48",
        "81 82 08 02",
        "81 82 09 5821 02*33",
        "81 82 0a 1bffffffffffffffff",
    ] {
        assert_eq!(update_of(&format!("80 {good}")), Ok(()), "{good}");
    }
    for wrong in [
        "81 83 00 01 00",                           // no such operation
        "81 81 05",                                 // no such operation
        "81 82 01 01",                              // too short
        "81 84 01 01 00 00",                        // too long
        "81 83 01 01 20",                           // negative
        "81 83 01 01 1b0000000100000000",           // more than a counter holds
        "81 83 01 1b0000000100000000 00",           // no such feature
        "81 83 04 01 00",                           // another operation's length
        "81 85 01 01 00 5841 00*65 5830 00*48",     // another operation's form
        "81 85 04 01 190100 5841 00*65 5830 00*48", // no such slot
        "81 85 04 01 00 5840 00*64 5830 00*48",     // enc too short
        "81 85 04 01 00 5841 00*65 5831 00*49",     // ciphertext too long
        "81 83 08 01 02",                           // an epoch of a feature
        "81 82 08 1b0000000100000000",              // no such epoch
        "81 82 08 20",                              // negative
        "81 82 09 5820 02*32",                      // recovery key too short
        "81 82 09 5822 02*34",                      // recovery key too long
        "81 82 09 01",                              // no key
        "81 81 0a",                                 // no mark
        "81 82 0a 20",                              // negative
        "81 82 0b 01",                              // no such operation
        "81 01",                                    // no array
    ] {
        assert_eq!(update_of(&format!("80 {wrong}")), Err(Invalid::Malformed), "{wrong}");
    }
}

#[test]
fn operations_on_files_have_exactly_the_specified_forms() {
    for good in [
        "81 85 05 07 00 01 191000",         // the longest
        "81 85 05 07 19ffff 03 01",         // the shortest
        "81 85 05 07 00 04 1830",           // the longest label
        "81 85 06 07 00 00 41 00",          // one byte
        "81 85 06 07 00 190fff 41 00",      // the last byte
        "81 85 06 07 00 00 591000 00*4096", // all of it
        "81 83 07 07 00",
    ] {
        assert_eq!(update_of(&format!("80 {good}")), Ok(()), "{good}");
    }
    for wrong in [
        "81 83 05 07 00",                       // too short
        "81 86 05 07 00 01 01 00",              // too long
        "81 85 05 07 00 00 01",                 // no such kind
        "81 85 05 07 00 05 01",                 // no such kind
        "81 85 05 07 00 01 00",                 // an empty file
        "81 85 05 07 00 01 191001",             // longer than a file may be
        "81 85 05 07 00 04 1831",               // longer than a label may be
        "81 85 05 07 1a00010000 01 01",         // no such file
        "81 85 05 1b0000000100000000 00 01 01", // no such product
        "81 85 06 07 00 00 40",                 // nothing to write
        "81 85 06 07 00 191000 41 00",          // beyond the longest file
        "81 85 06 07 00 01 591000 00*4096",     // beyond the longest file
        "81 85 06 07 00 00 60",                 // text
        "81 85 07 07 00 00 41 00",              // another operation's form
        "81 84 07 07 00 00",                    // too long
        "81 82 07 07",                          // too short
        "81 83 0b 07 00",                       // no such operation
    ] {
        assert_eq!(update_of(&format!("80 {wrong}")), Err(Invalid::Malformed), "{wrong}");
    }
    let (product, file, kind) = (ProductId(1), FileId(1), FileKind::Label);
    for operation in [
        Operation::CreateFile { product, file, kind, size: 49 },
        Operation::WriteFile { product, file, offset: 0, bytes: &[] },
        Operation::WriteFile { product, file, offset: 4096, bytes: &[1] },
    ] {
        let (grants, operations) = (List::new(&[]), [operation]);
        let update = Update {
            epoch: 1,
            number: 1,
            previous: [0; 32],
            issued: UnixTime(0),
            grants,
            operations: List::new(&operations),
        };
        assert_eq!(write(&update), None, "what tokens would refuse is not written");
    }
}

/// A proof with the given claims.
fn proof_of(claims: &str) -> Result<(), Invalid> {
    read::<Proof<'_>>(&envelope(&hex(claims))).map(|_| ())
}

#[test]
fn a_proof_has_exactly_the_specified_claims() {
    let with = |audience: &str, nonce: &str, context: &str, status: &str, quality: &str| {
        proof_of(&format!(
            "aa 03 {audience} 06 00 0a {nonce} 3a00010000 01 3a00010001 {status} 3a00010002 {quality} \
             3a00010003 {context} 3a00010004 48 00*8 3a00010005 00 3a00010006 00"
        ))
    };
    assert_eq!(with("61 78", "50 00*16", "40", "00", "00"), Ok(()));
    assert_eq!(with("7840 78*64", "5840 00*64", "5840 00*64", "182b", "03"), Ok(()));
    for wrong in [
        with("60", "50 00*16", "40", "00", "00"),
        with("7841 78*65", "50 00*16", "40", "00", "00"),
        with("61 78", "4f 00*15", "40", "00", "00"),
        with("61 78", "5841 00*65", "40", "00", "00"),
        with("61 78", "50 00*16", "5841 00*65", "00", "00"),
        with("61 78", "50 00*16", "40", "0a", "00"), // no such status
        with("61 78", "50 00*16", "40", "00", "04"), // no such quality
        proof_of(
            "a9 03 61 78 06 00 0a 50 00*16 3a00010000 01 3a00010001 00 3a00010002 00 3a00010003 40 3a00010004 48 00*8 3a00010005 00",
        ),
        proof_of(
            "ab 03 61 78 06 00 0a 50 00*16 3a00010000 01 3a00010001 00 3a00010002 00 3a00010003 40 3a00010004 48 00*8 3a00010005 00 3a00010006 00 3a00010007 00",
        ),
        // The issuer's name (1) in the place of the audience.
        proof_of(
            "aa 01 61 78 06 00 0a 50 00*16 3a00010000 01 3a00010001 00 3a00010002 00 3a00010003 40 3a00010004 48 00*8 3a00010005 00 3a00010006 00",
        ),
    ] {
        assert_eq!(wrong, Err(Invalid::Malformed));
    }
    let proof = Proof {
        audience: "a",
        time: UnixTime(0),
        nonce: &[0; 16],
        feature: FeatureId(1),
        status: keyfob_wire::Status::Ok,
        quality: Quality::Unknown,
        context: &[],
        app: Subject([0; 8]),
        number: 0,
        epoch: 1,
    };
    assert!(write(&proof).is_some());
    let long = "x".repeat(65);
    for wrong in [
        Proof { audience: "", ..proof },
        Proof { audience: &long, ..proof },
        Proof { nonce: &[0; 15], ..proof },
        Proof { nonce: &[0; 65], ..proof },
        Proof { context: &[0; 65], ..proof },
    ] {
        assert_eq!(write(&wrong), None, "{wrong:?}");
    }
}

/// Two lengths that are wrong by one each, and right in sum.
#[test]
fn operations_may_not_borrow_items_from_each_other() {
    for wrong in [
        "82 84 02 01 00 82 02 01 00",
        "82 82 02 01 00",
        "82 86 04 01 00 5841 00*65 5830 00*48 84 04 01 00 5841 00*65 5830 00*48",
    ] {
        assert_eq!(update_of(&format!("80 {wrong}")), Err(Invalid::Malformed), "{wrong}");
    }
}

#[test]
fn grants_in_updates_are_byte_strings() {
    assert_eq!(update_of("81 40 80"), Ok(()));
    for wrong in ["81 60 80", "81 80 80", "81 f6 80", "40 80", "a0 80"] {
        assert_eq!(update_of(wrong), Err(Invalid::Malformed), "{wrong}");
    }
}

/// A claim of more items than there are bytes ends at the end of the bytes.
#[test]
fn enormous_counts_are_refused_at_once() {
    for count in ["9affffffff", "9bffffffffffffffff"] {
        assert_eq!(update_of(&format!("80 {count}")), Err(Invalid::Malformed));
        assert_eq!(update_of(&format!("{count} 40 80")), Err(Invalid::Malformed));
    }
}

#[test]
fn a_receipts_nonce_has_8_to_64_bytes() {
    for length in 0..=80 {
        let nonce = vec![7; length];
        let receipt = Receipt {
            epoch: 1,
            number: 1,
            last_update: [0; 32],
            mark: UnixTime(0),
            firmware: Firmware([0; 3]),
            nonce: &nonce,
            counters: List::new(&[]),
        };
        let good = (8..=64).contains(&length);
        assert_eq!(write(&receipt).is_some(), good, "{length}");
        let head = if length < 24 { format!("{:02x}", 0x40 + length) } else { format!("58{length:02x}") };
        let bytes = envelope(&hex(&format!("87 01 01 5820 00*32 00 43 00*3 {head} 07*{length} 80")));
        assert_eq!(read::<Receipt<'_>>(&bytes).is_ok(), good, "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn updates_read_as_they_were_written(
        head in any::<(u32, u32, [u8; 32], u64)>(),
        grants in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..4),
        steps in prop::collection::vec(any::<(u8, u32, u32)>(), 0..12),
    ) {
        let grants: Vec<&[u8]> = grants.iter().map(Vec::as_slice).collect();
        let (enc, ciphertext) = ([9; 65], [8; 48]);
        let operations: Vec<_> = steps.iter().map(|&(kind, feature, units)| {
            let (feature, units) = (FeatureId(feature), Units(units));
            match kind % 7 {
                0 => Operation::SetCounter { feature, units },
                1 => Operation::AddCounter { feature, units },
                2 => Operation::SubtractCounter { feature, units },
                3 => Operation::RaiseEpoch { epoch: units.0 },
                4 => Operation::SetRecoveryKey { key: PublicKey([kind; 33]) },
                5 => Operation::SetMark { mark: UnixTime(u64::from(units.0) << (kind % 33)) },
                _ => Operation::InstallKey { feature, slot: Slot(kind), enc: &enc, ciphertext: &ciphertext },
            }
        }).collect();
        let (epoch, number, previous, issued) = head;
        let update = Update {
            epoch, number, previous,
            issued: UnixTime(issued),
            grants: List::new(&grants),
            operations: List::new(&operations),
        };
        let envelope = envelope(&write(&update).unwrap());
        prop_assert_eq!(read(&envelope), Ok(update));
    }

    #[test]
    fn receipts_read_as_they_were_written(
        head in any::<(u32, u32, [u8; 32], u64, [u8; 3])>(),
        nonce in prop::collection::vec(any::<u8>(), 8..=64),
        counters in prop::collection::vec(any::<(u32, u32, u32)>(), 0..30),
    ) {
        let counters: Vec<_> = counters.iter().map(|&(feature, remaining, spend_serial)| CounterState {
            feature: FeatureId(feature), remaining: Units(remaining), spend_serial,
        }).collect();
        let (epoch, number, last_update, mark, firmware) = head;
        let receipt = Receipt {
            epoch, number, last_update,
            mark: UnixTime(mark),
            firmware: Firmware(firmware),
            nonce: &nonce,
            counters: List::new(&counters),
        };
        let envelope = envelope(&write(&receipt).unwrap());
        prop_assert_eq!(read(&envelope), Ok(receipt));
    }

    #[test]
    fn snapshots_read_as_they_were_written(
        head in any::<(u32, u32, [u8; 32], u64, u32, [u8; 3])>(),
        nonce in prop::collection::vec(any::<u8>(), 8..=64),
        grants in prop::collection::vec(any::<(u32, u32)>(), 0..30),
        files in prop::collection::vec((any::<(u32, u16)>(), 0..4_usize, 1..=48_u16), 0..30),
    ) {
        let grants: Vec<_> = grants.iter().map(|&(product, number)| GrantState { product: ProductId(product), number }).collect();
        let files: Vec<_> = files.iter().map(|&((product, file), kind, size)| FileState {
            product: ProductId(product), file: FileId(file), kind: FileKind::ALL[kind], size,
        }).collect();
        let (epoch, number, last_update, mark, minimum_epoch, firmware) = head;
        let snapshot = Snapshot {
            epoch, number, last_update,
            mark: UnixTime(mark),
            minimum_epoch,
            firmware: Firmware(firmware),
            nonce: &nonce,
            grants: List::new(&grants),
            counters: List::new(&[]),
            files: List::new(&files),
        };
        let envelope = envelope(&write(&snapshot).unwrap());
        prop_assert_eq!(read(&envelope), Ok(snapshot));
    }

    #[test]
    fn what_binds_a_key_is_cbor(
        vendor in any::<[u8; 32]>(), serial in any::<[u8; 8]>(), partition in any::<[u8; 8]>(),
        numbers in [number(), number(), number(), number()], slot in any::<u8>(),
    ) {
        let mut expected = [0; HPKE_INFO_LEN];
        Encoder::new(&mut expected[..]).array(4).unwrap().u8(5).unwrap()
            .bytes(&vendor).unwrap().bytes(&serial).unwrap().bytes(&partition).unwrap();
        let mut buffer = [0; HPKE_INFO_LEN];
        prop_assert_eq!(hpke_info(&vendor, Serial(serial), PartitionId(partition), &mut buffer), expected);

        let mut expected = [0; HPKE_AAD_MAX];
        let mut rest = &mut expected[..];
        let [epoch, update, index, feature] = numbers;
        Encoder::new(&mut rest).array(5).unwrap().u32(epoch).unwrap().u32(update).unwrap()
            .u32(index).unwrap().u32(feature).unwrap().u8(slot).unwrap();
        let unused = rest.len();
        let mut buffer = [0xee; HPKE_AAD_MAX];
        let aad = hpke_aad(epoch, update, index, FeatureId(feature), Slot(slot), &mut buffer);
        prop_assert_eq!(aad, &expected[..HPKE_AAD_MAX - unused]);
    }
}

/// Integers around the places where their encoding grows, and any others.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![prop::sample::select(vec![0, 23, 24, 255, 256, 65_535, 65_536, u32::MAX]), any::<u32>()]
}

#[test]
fn the_longest_aad_fits_its_buffer() {
    let mut buffer = [0; HPKE_AAD_MAX];
    let most = u32::MAX;
    let aad = hpke_aad(most, most, most, FeatureId(most), Slot(255), &mut buffer);
    assert_eq!(aad, hex("85 1affffffff 1affffffff 1affffffff 1affffffff 18ff"));
}
