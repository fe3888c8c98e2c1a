use keyfob_licence::{CounterState, List};
use keyfob_wire::{FeatureId, Firmware, Units, UnixTime};

use super::*;
use crate::bench::{Bench, damaged, test_vendor};
use crate::envelope::signed;
use crate::{OsEntropy, Sequence};

const NONCE: &[u8] = b"a fresh nonce";

fn receipt(number: u32, digest: u8) -> Receipt<'static> {
    const COUNTERS: &[CounterState] = &[CounterState { feature: FeatureId(1), remaining: Units(9), spend_serial: 3 }];
    Receipt {
        epoch: 1,
        number,
        last_update: [digest; 32],
        mark: UnixTime(5),
        firmware: Firmware([1, 2, 3]),
        nonce: NONCE,
        counters: List::new(COUNTERS),
    }
}

#[test]
fn a_receipt_is_by_the_partitions_proof_key() {
    let (vendor, token, other) = (test_vendor(), Bench::installed(), Bench::installed());
    let record = TokenRecord::new(&token.endorsed(&vendor));
    let sign = |key, serial| signed(&receipt(0, 0), &(serial, token.partition), key, &mut OsEntropy).unwrap();
    let good = sign(&token.proof, token.serial);
    let verified = read_receipt(vendor.root(), &record, NONCE, &good).unwrap();
    assert_eq!(verified.into_inner(), receipt(0, 0));

    let read = |bytes: &[u8]| read_receipt(vendor.root(), &record, NONCE, bytes).err();
    assert_eq!(read(&sign(&other.proof, token.serial)), Some(ReceiptError::Receipt(Invalid::Signature)));
    assert_eq!(read(&sign(&token.proof, other.serial)), Some(ReceiptError::Receipt(Invalid::Signature)));
    for bytes in damaged(&good) {
        assert!(matches!(read(&bytes), Some(ReceiptError::Receipt(_))));
    }
    let outcome = read_receipt(vendor.root(), &record, b"another nonce", &good).err();
    assert_eq!(outcome, Some(ReceiptError::Nonce));
    let outcome = read_receipt(test_vendor().root(), &record, NONCE, &good).err();
    assert_eq!(outcome, Some(ReceiptError::Endorsement(Invalid::Signature)));
}

#[test]
fn where_a_token_stands() {
    let mut record = TokenRecord::new(&Bench::installed().endorsed(&test_vendor()));
    record.sequence = Sequence { epoch: 1, number: 3, digest: [3; 32] };
    assert_eq!(Standing::of(&receipt(3, 3), &record), Standing::UpToDate);
    assert_eq!(Standing::of(&receipt(2, 2), &record), Standing::Behind { next: 3 });
    assert_eq!(Standing::of(&receipt(0, 0), &record), Standing::Behind { next: 1 });
    assert_eq!(Standing::of(&receipt(3, 4), &record), Standing::Unknown);
    assert_eq!(Standing::of(&receipt(4, 4), &record), Standing::Unknown);
    assert_eq!(Standing::of(&receipt(u32::MAX, 4), &record), Standing::Unknown);
    let other_epoch = Receipt { epoch: 2, ..receipt(2, 2) };
    assert_eq!(Standing::of(&other_epoch, &record), Standing::Unknown);
}
