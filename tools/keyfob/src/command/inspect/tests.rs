use keyfob::{FeatureId, Modules, ProductId, Serial, Slot, Units, UnixTime};
use keyfob_crypto::{AgreementKey, P256Agreement, P256Signing, RustCrypto, Secret, SigningKey};
use keyfob_licence::{
    FeatureGrant, FileState, Grant, GrantState, List, Operation, Proof, Quality, Receipt, SignedTime, Snapshot, Terms,
    Update,
};
use keyfob_signed::{AppCredential, Certificate, Endorsement, Levels, Payload, Rights, Role, Usage, VendorRoot, sign};
use keyfob_wire::{
    FileId, FileKind, Firmware, PartitionId, ProofFile, ReceiptFile, SnapshotFile, Status, Subject, TimeFile,
    UpdateFile, body::Certificates,
};

use super::file::File;
use super::verify::verify;

const SERIAL: Serial = Serial([1; 8]);
const PARTITION: PartitionId = PartitionId([2; 8]);

fn signing(number: u8) -> P256Signing {
    P256Signing::from_secret(&Secret::new([number; 32])).unwrap()
}

fn root() -> VendorRoot {
    VendorRoot(signing(1).public())
}

fn signed<'a, T: Payload<'a>>(payload: &T, binding: &T::Binding, key: &P256Signing) -> Vec<u8> {
    let mut out = vec![0; 4096];
    sign::<RustCrypto, T>(payload, binding, key, &mut keyfob::OsEntropy, &mut out).unwrap().to_vec()
}

fn certificate(role: Role, usage: Usage, attributes: u8, key: keyfob_crypto::PublicKey) -> Vec<u8> {
    let certificate =
        Certificate { subject: Subject([3; 8]), role, usage, epoch: 1, product: ProductId(0), attributes, key };
    signed(&certificate, &(), &signing(1))
}

fn endorsement() -> Vec<u8> {
    let key = signing(5).public();
    let endorsement = Endorsement {
        partition: PARTITION,
        handshake: key,
        sealing: key,
        proof: key,
        levels: Levels::EMULATED,
        epoch: 1,
    };
    signed(&endorsement, &SERIAL, &signing(1))
}

fn grant(key: &P256Signing) -> Vec<u8> {
    let terms = Terms { expires: Some(UnixTime(9)), counted: true, modules: Some(Modules(5)), ..Terms::default() };
    let features = [FeatureGrant { feature: FeatureId(42), name: "Export", terms }];
    let grant = Grant {
        product: ProductId(7),
        number: 1,
        public: true,
        issued: UnixTime(8),
        name: "CAD",
        features: List::new(&features),
    };
    signed(&grant, &(SERIAL, PARTITION), key)
}

/// An update file whose update and grant are signed by these keys, with a certificate for an update signer if wanted.
fn update_file(update_key: u8, grant_key: u8, with_certificate: bool) -> Vec<u8> {
    let grant = grant(&signing(grant_key));
    let operations = [
        Operation::SetCounter { feature: FeatureId(42), units: Units(500) },
        Operation::InstallKey { feature: FeatureId(42), slot: Slot(1), enc: &[4; 65], ciphertext: &[6; 48] },
    ];
    let grants = [grant.as_slice()];
    let update = Update {
        epoch: 1,
        number: 1,
        previous: [0; 32],
        issued: UnixTime(8),
        grants: List::new(&grants),
        operations: List::new(&operations),
    };
    let update = signed(&update, &(SERIAL, PARTITION), &signing(update_key));
    let signer = certificate(Role::UpdateSigner, Usage::Signing, 0, signing(2).public());
    let certificates = Certificates::new(with_certificate.then_some(signer.as_slice())).unwrap();
    minicbor::to_vec(UpdateFile { serial: SERIAL, partition: PARTITION, certificates, update: &update }).unwrap()
}

fn receipt_file(proof_key: u8) -> Vec<u8> {
    let receipt = Receipt {
        epoch: 1,
        number: 1,
        last_update: [7; 32],
        mark: UnixTime(0),
        firmware: Firmware([0, 1, 0]),
        nonce: &[1; 8],
        counters: List::new(&[]),
    };
    let receipt = signed(&receipt, &(SERIAL, PARTITION), &signing(proof_key));
    minicbor::to_vec(ReceiptFile { serial: SERIAL, endorsement: &endorsement(), receipt: &receipt }).unwrap()
}

fn snapshot_file(proof_key: u8) -> Vec<u8> {
    let files = [FileState { product: ProductId(7), file: FileId(3), kind: FileKind::Label, size: 48 }];
    let grants = [GrantState { product: ProductId(7), number: 4 }];
    let snapshot = Snapshot {
        epoch: 1,
        number: 1,
        last_update: [7; 32],
        mark: UnixTime(0),
        minimum_epoch: 2,
        firmware: Firmware([0, 1, 0]),
        nonce: &[1; 8],
        grants: List::new(&grants),
        counters: List::new(&[]),
        files: List::new(&files),
    };
    let snapshot = signed(&snapshot, &(SERIAL, PARTITION), &signing(proof_key));
    minicbor::to_vec(SnapshotFile { serial: SERIAL, endorsement: &endorsement(), snapshot: &snapshot }).unwrap()
}

fn proof_file(proof_key: u8) -> Vec<u8> {
    let proof = Proof {
        audience: "a server",
        time: UnixTime(9),
        nonce: &[1; 16],
        feature: FeatureId(42),
        status: Status::Expired,
        quality: Quality::Claimed,
        context: &[],
        app: Subject(*b"CAD     "),
        number: 1,
        epoch: 1,
    };
    let proof = signed(&proof, &(SERIAL, PARTITION), &signing(proof_key));
    minicbor::to_vec(ProofFile { serial: SERIAL, endorsement: &endorsement(), proof: &proof }).unwrap()
}

fn time_file() -> Vec<u8> {
    let time = signed(&SignedTime { time: UnixTime(9), nonce: [1; 16] }, &(SERIAL, PARTITION), &signing(3));
    let signer = certificate(Role::TimeSigner, Usage::Signing, 0, signing(3).public());
    let certificates = Certificates::new([signer.as_slice()]).unwrap();
    minicbor::to_vec(TimeFile { serial: SERIAL, partition: PARTITION, certificates, time: &time }).unwrap()
}

const SECRET: [u8; 32] = [0x5e; 32];

fn credential(certified: [u8; 32]) -> Vec<u8> {
    let key = P256Agreement::from_secret(&Secret::new(certified)).unwrap().public();
    let certificate = certificate(Role::App, Usage::Handshake, Rights::CHECK.number(), key);
    let credential = AppCredential { vendor: root(), secret: Secret::new(SECRET), certificate: &certificate };
    let mut bytes = Vec::new();
    credential.encode(&mut minicbor::Encoder::new(&mut bytes)).unwrap();
    bytes
}

/// Who signed it according to this root, or the code of the failure.
fn verdict(bytes: &[u8], root: VendorRoot) -> Result<&'static str, &'static str> {
    let file = File::read(bytes).expect("a file of Keyfob's");
    verify(&file, root, Some(SERIAL), Some(PARTITION)).map_err(|failure| failure.code())
}

fn text(bytes: &[u8]) -> Option<String> {
    File::read(bytes).map(|file| file.tree().to_string())
}

#[test]
fn every_kind_is_told_from_the_others() {
    for (kind, bytes) in [
        ("update file", update_file(1, 1, false)),
        ("receipt file", receipt_file(5)),
        ("snapshot file", snapshot_file(5)),
        ("proof file", proof_file(5)),
        ("time file", time_file()),
        ("app credential", credential(SECRET)),
        ("certificate", certificate(Role::UpdateSigner, Usage::Signing, 0, signing(2).public())),
        ("endorsement", endorsement()),
        ("grant", grant(&signing(1))),
    ] {
        assert_eq!(File::read(&bytes).map(|file| file.kind()), Some(kind));
    }
}

#[test]
fn what_the_root_stands_behind_is_verified_and_nothing_else() {
    let other = VendorRoot(signing(9).public());
    for (signer, bytes) in [
        ("the vendor's root", update_file(1, 1, false)),
        ("an update signer of the vendor", update_file(2, 2, true)),
        ("an EMULATED fob of the vendor", receipt_file(5)),
        ("an EMULATED fob of the vendor", snapshot_file(5)),
        ("an EMULATED fob of the vendor", proof_file(5)),
        ("a time signer of the vendor", time_file()),
        ("the vendor's root", credential(SECRET)),
        ("the vendor's root", endorsement()),
        ("the vendor's root", grant(&signing(1))),
        ("the vendor's root", certificate(Role::UpdateSigner, Usage::Signing, 0, signing(2).public())),
    ] {
        assert_eq!(verdict(&bytes, root()), Ok(signer));
        assert_eq!(verdict(&bytes, other), Err("not-verified"));
    }
    for (what, bytes) in [
        ("an update by a stranger", update_file(9, 9, false)),
        ("an update by a signer without its certificate", update_file(2, 2, false)),
        ("a grant by another key than its update", update_file(1, 2, false)),
        ("a grant by a stranger", update_file(2, 9, true)),
        ("a receipt by a stranger", receipt_file(9)),
        ("a snapshot by a stranger", snapshot_file(9)),
        ("a proof by a stranger", proof_file(9)),
        ("a credential whose certificate is for another key", credential([1; 32])),
        ("a grant by an update signer, alone", grant(&signing(2))),
        ("a batch of fobs", certificate(Role::Batch, Usage::Signing, 1, signing(2).public())),
    ] {
        assert_eq!(verdict(&bytes, root()), Err("not-verified"), "{what}");
    }
}

/// Every changed byte of an update file is refused when it is read, or when it is verified.
#[test]
fn no_altered_update_file_is_verified() {
    let good = update_file(2, 2, true);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        let is_refused = File::read(&bytes).is_none_or(|file| verify(&file, root(), None, None).is_err());
        assert!(is_refused, "byte {place}");
    }
}

#[test]
fn damaged_files_are_refused_or_shown() {
    let tokens = [receipt_file(5), snapshot_file(5), proof_file(5)];
    for good in [update_file(1, 1, true), time_file(), credential(SECRET)].into_iter().chain(tokens) {
        for length in 0..good.len() {
            assert_eq!(text(&good[..length]), None, "cut to {length}");
        }
        for place in 0..good.len() {
            for change in [1, 0x20, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[place] ^= change;
                let _shown = text(&bytes);
            }
        }
    }
}

#[test]
fn the_credentials_secret_is_never_shown() {
    let bytes = credential(SECRET);
    let tree = File::read(&bytes).unwrap().tree();
    for text in [tree.to_string(), serde_json::to_string(&tree).unwrap()] {
        assert!(!text.contains(&"5e".repeat(8)) && text.contains("not shown"), "{text}");
    }
}

#[test]
fn a_proof_and_a_snapshot_read_well() {
    let shown = [proof_file(5), snapshot_file(5)].map(|file| text(&file).unwrap());
    for (place, line) in [
        (0, "  audience         a server"),
        (0, "  status           expired"),
        (0, "  quality of time  the app's claim"),
        (1, "  minimum epoch       2"),
        (1, "    kind     label"),
    ] {
        assert!(shown[place].lines().any(|shown| shown == line), "{line} in\n{}", shown[place]);
    }
}

#[test]
fn an_update_reads_well() {
    let shown = text(&update_file(1, 1, false)).unwrap();
    let start =
        "serial     KF-0101-0101-0101-0101\npartition  0202020202020202\nsigners: none\nupdate\n  epoch            1\n";
    assert!(shown.starts_with(start), "{shown}");
    for line in [
        "    name     CAD",
        "      expires  1 Jan 1970 00:00:09 UTC",
        "      modules  5",
        "    operation  set counter",
        "    units      500",
        "    slot       1",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} in\n{shown}");
    }
}
