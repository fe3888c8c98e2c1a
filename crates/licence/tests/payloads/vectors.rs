//! Pinned bytes, written by hand from the specification.

use keyfob_crypto::PublicKey;
use keyfob_licence::{
    CounterState, FeatureGrant, FileState, Grant, GrantState, List, Operation, Proof, Quality, Receipt, RootChange,
    SignedTime, Snapshot, Terms, Update, Wipe,
};
use keyfob_wire::{FeatureId, FileId, FileKind, Firmware, Modules, ProductId, Slot, Status, Subject, Units, UnixTime};

use crate::{envelope, hex, read, write};

/// 2025-01-01 and 2026-01-01.
pub(crate) const STARTS: UnixTime = UnixTime(1_735_689_600);
pub(crate) const EXPIRES: UnixTime = UnixTime(1_767_225_600);

pub(crate) const GRANT: &str = "86 01 02 01 1a67748580 66 53747564696f 83
    83 0a 64 436f7265 a0
    83 19012c 66 52656e646572 a4 02 1a67748580 03 1a6955b900 04 f5 05 18ff
    83 1a00011170 66 c39c62756e67 a1 01 f4";

pub(crate) const UPDATE: &str = "86 01 02 5820 aa*32 1a67748580 82 43 010203 41 04 87
    83 01 0a 1864
    83 02 0a 05
    83 03 0a 1affffffff
    85 04 19012c 18ff 5841 04 bb*64 5830 cc*48
    82 08 02
    82 09 5821 02 dd*32
    82 0a 1a67748580";

pub(crate) const RECEIPT: &str = "87 01 02 5820 aa*32 1a67748580 43 000102 48 0102030405060708 82
    83 19012c 00 00
    83 0a 1869 03";

pub(crate) const FILES: &str = "86 01 02 5820 aa*32 1a67748580 80 83
    85 05 07 190102 04 1830
    85 06 07 190102 18ff 43 616263
    83 07 07 19ffff";

pub(crate) const SNAPSHOT: &str = "8a 01 02 5820 aa*32 1a67748580 03 43 000102 48 0102030405060708
    81 82 07 1818
    81 83 0a 1869 03
    82 84 07 00 01 191000 84 07 190102 04 1830";

/// As `cbor2` writes {3: "srv", 6: …, 10: …, -65537: 42, …}: tests/python has the same.
pub(crate) const PROOF: &str = "aa 03 63 737276 06 1a67748580 0a 50 11*16
    3a00010000 182a 3a00010001 182b 3a00010002 03 3a00010003 42 0909 3a00010004 48 6361642020202020
    3a00010005 02 3a00010006 01";

pub(crate) const TIME: &str = "82 1a67748580 50 11*16";

pub(crate) const WIPE: &str = "81 1901f4";

pub(crate) const ROOT_CHANGE: &str = "82 02 5821 03 ee*32";

pub(crate) const FEATURES: [FeatureGrant<'_>; 3] = [
    FeatureGrant { feature: FeatureId(10), name: "Core", terms: PLAIN },
    FeatureGrant {
        feature: FeatureId(300),
        name: "Render",
        terms: Terms {
            enabled: true,
            starts: Some(STARTS),
            expires: Some(EXPIRES),
            counted: true,
            modules: Some(Modules(0xff)),
            unknown: false,
        },
    },
    FeatureGrant { feature: FeatureId(70_000), name: "Übung", terms: Terms { enabled: false, ..PLAIN } },
];

const PLAIN: Terms =
    Terms { enabled: true, starts: None, expires: None, counted: false, modules: None, unknown: false };

pub(crate) fn grant<'a>(features: &'a [FeatureGrant<'a>]) -> Grant<'a> {
    Grant {
        product: ProductId(1),
        number: 2,
        public: true,
        issued: STARTS,
        name: "Studio",
        features: List::new(features),
    }
}

#[test]
fn a_grant() {
    let grant = grant(&FEATURES);
    assert_eq!(grant.validate(), Ok(()));
    assert_eq!(write(&grant), Some(hex(GRANT)));
    let read_back = envelope(&hex(GRANT));
    let read_back: Grant<'_> = read(&read_back).unwrap();
    assert_eq!(read_back, grant);
    assert_eq!(read_back.features.len(), 3);
    assert_eq!(PLAIN, Terms::default());
}

#[test]
fn an_update() {
    let (enc, ciphertext) = (hex("04 bb*64").try_into().unwrap(), [0xcc; 48]);
    let operations = [
        Operation::SetCounter { feature: FeatureId(10), units: Units(100) },
        Operation::AddCounter { feature: FeatureId(10), units: Units(5) },
        Operation::SubtractCounter { feature: FeatureId(10), units: Units(u32::MAX) },
        Operation::InstallKey { feature: FeatureId(300), slot: Slot(255), enc: &enc, ciphertext: &ciphertext },
        Operation::RaiseEpoch { epoch: 2 },
        Operation::SetRecoveryKey { key: PublicKey(hex("02 dd*32").try_into().unwrap()) },
        Operation::SetMark { mark: STARTS },
    ];
    let update = Update {
        epoch: 1,
        number: 2,
        previous: [0xaa; 32],
        issued: STARTS,
        grants: List::new(&[&[1, 2, 3], &[4]]),
        operations: List::new(&operations),
    };
    assert_eq!(write(&update), Some(hex(UPDATE)));
    assert_eq!(read(&envelope(&hex(UPDATE))), Ok(update));
}

#[test]
fn a_receipt() {
    let counters = [
        CounterState { feature: FeatureId(300), remaining: Units(0), spend_serial: 0 },
        CounterState { feature: FeatureId(10), remaining: Units(105), spend_serial: 3 },
    ];
    let receipt = Receipt {
        epoch: 1,
        number: 2,
        last_update: [0xaa; 32],
        mark: STARTS,
        firmware: Firmware([0, 1, 2]),
        nonce: &[1, 2, 3, 4, 5, 6, 7, 8],
        counters: List::new(&counters),
    };
    assert_eq!(write(&receipt), Some(hex(RECEIPT)));
    assert_eq!(read(&envelope(&hex(RECEIPT))), Ok(receipt));
}

#[test]
fn an_update_of_files() {
    let (product, file) = (ProductId(7), FileId(258));
    let operations = [
        Operation::CreateFile { product, file, kind: FileKind::Label, size: 48 },
        Operation::WriteFile { product, file, offset: 255, bytes: b"abc" },
        Operation::RemoveFile { product, file: FileId(65_535) },
    ];
    let update = Update {
        epoch: 1,
        number: 2,
        previous: [0xaa; 32],
        issued: STARTS,
        grants: List::new(&[]),
        operations: List::new(&operations),
    };
    assert_eq!(write(&update), Some(hex(FILES)));
    assert_eq!(read(&envelope(&hex(FILES))), Ok(update));
}

#[test]
fn a_snapshot() {
    let file = |file, kind, size| FileState { product: ProductId(7), file: FileId(file), kind, size };
    let files = [file(0, FileKind::ReadWrite, 4096), file(258, FileKind::Label, 48)];
    let counters = [CounterState { feature: FeatureId(10), remaining: Units(105), spend_serial: 3 }];
    let snapshot = Snapshot {
        epoch: 1,
        number: 2,
        last_update: [0xaa; 32],
        mark: STARTS,
        minimum_epoch: 3,
        firmware: Firmware([0, 1, 2]),
        nonce: &[1, 2, 3, 4, 5, 6, 7, 8],
        grants: List::new(&[GrantState { product: ProductId(7), number: 24 }]),
        counters: List::new(&counters),
        files: List::new(&files),
    };
    assert_eq!(write(&snapshot), Some(hex(SNAPSHOT)));
    assert_eq!(read(&envelope(&hex(SNAPSHOT))), Ok(snapshot));
}

#[test]
fn a_proof() {
    let proof = Proof {
        audience: "srv",
        time: STARTS,
        nonce: &[0x11; 16],
        feature: FeatureId(42),
        status: Status::Expired,
        quality: Quality::Signed,
        context: &[9, 9],
        app: Subject(*b"cad     "),
        number: 2,
        epoch: 1,
    };
    assert_eq!(write(&proof), Some(hex(PROOF)));
    assert_eq!(read(&envelope(&hex(PROOF))), Ok(proof));
}

#[test]
fn a_time() {
    let time = SignedTime { time: STARTS, nonce: [0x11; 16] };
    assert_eq!(write(&time), Some(hex(TIME)));
    assert_eq!(read(&envelope(&hex(TIME))), Ok(time));
}

#[test]
fn a_wipe() {
    let wipe = Wipe { sequence: 500 };
    assert_eq!(write(&wipe), Some(hex(WIPE)));
    assert_eq!(read(&envelope(&hex(WIPE))), Ok(wipe));
}

#[test]
fn a_root_change() {
    let change = RootChange { number: 2, root: PublicKey(hex("03 ee*32").try_into().unwrap()) };
    assert_eq!(write(&change), Some(hex(ROOT_CHANGE)));
    assert_eq!(read(&envelope(&hex(ROOT_CHANGE))), Ok(change));
}
