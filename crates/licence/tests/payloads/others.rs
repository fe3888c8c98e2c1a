//! What updates and receipts may hold, and what binds an installed key.

use keyfob_crypto::PublicKey;
use keyfob_licence::{
    CounterState, HPKE_AAD_MAX, HPKE_INFO_LEN, List, Operation, Receipt, Update, hpke_aad, hpke_info,
};
use keyfob_signed::Invalid;
use keyfob_wire::{FeatureId, Firmware, PartitionId, Serial, Slot, Units, UnixTime};
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
        "81 83 05 01 00",                           // no such operation
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
