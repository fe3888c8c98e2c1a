//! Each kind of signed thing.

use keyfob_crypto::{Crypto, PublicKey, RustCrypto, Signature, SigningKey, sha256};
use keyfob_licence::{
    CounterState, FeatureGrant, FileState, Grant, GrantState, List, Operation, Proof, Quality, Receipt, RootChange,
    SignedTime, Snapshot, Terms, Update, Wipe,
};
use keyfob_signed::{
    Binding, BirthRequest, Board, Certificate, Endorsement, EnrolmentRequest, Kind, Levels, Payload, Rights, Role,
    Usage, sign,
};
use keyfob_wire::body::{Body, Certificates};
use keyfob_wire::{
    FeatureId, FileId, FileKind, Firmware, Modules, ProductId, ProofFile, ReceiptFile, RootChangeFile, Slot,
    SnapshotFile, Status, Subject, TimeFile, Units, UnixTime, UpdateFile, WipeFile,
};
use minicbor::Encoder;
use serde_json::{Value, json};

use crate::cast::{NONCE, Named, PARTITION, SERIAL, TIME, agreement, signing};
use crate::hex;

const KINDS: [Kind; 12] = [
    Kind::Certificate,
    Kind::BirthRequest,
    Kind::EnrolmentRequest,
    Kind::Endorsement,
    Kind::Update,
    Kind::Grant,
    Kind::Receipt,
    Kind::Time,
    Kind::Snapshot,
    Kind::Proof,
    Kind::Wipe,
    Kind::RootChange,
];
const FIRMWARE: Firmware = Firmware([0, 1, 2]);

/// A signed thing and how it came to be.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    case: Value,
}

fn made<'a, T: Payload<'a>>(section: &str, payload: &T, binding: &T::Binding, signer: &'static str) -> Made {
    let key = signing(signer);
    let mut out = vec![0; 4096];
    let bytes = sign::<RustCrypto, T>(payload, binding, &key, &mut Named::new("signing"), &mut out);
    let bytes = bytes.expect("there is room").to_vec();
    let mut encoded = Vec::new();
    payload.encode(&mut Encoder::new(&mut encoded)).expect("a vector has room");
    let (serial, partition) = binding.parts();
    let parts: Vec<&[u8]> =
        [serial.as_ref().map(|it| &it.0[..]), partition.as_ref().map(|it| &it.0[..])].into_iter().flatten().collect();
    let aad = cbor(|e| {
        e.array(3 + parts.len() as u64)?.u8(T::KIND as u8)?.u8(1)?.bytes(&key.public().digest())?;
        parts.iter().try_for_each(|part| e.bytes(part).map(|_| ()))
    });
    let structure =
        cbor(|e| e.array(4)?.str("Signature1")?.bytes(&[0xa1, 0x01, 0x26])?.bytes(&aad)?.bytes(&encoded).map(|_| ()));
    let signature = Signature(*bytes.last_chunk().expect("it ends with the signature"));
    let verified = RustCrypto::verify_digest(&key.public(), &sha256(&[&structure]), &signature);
    assert_eq!(verified, Ok(()), "the code signs another structure");
    let case = json!({
        "name": format!("{:?}", T::KIND), "section": section, "kind": T::KIND as u8, "signer": hex(key.public().0),
        "signer_secret": hex(key.to_secret().expose()), "bound_to": parts.iter().map(hex).collect::<Vec<_>>(),
        "payload": hex(&encoded), "external_aad": hex(&aad), "sig_structure": hex(&structure),
        "digest": hex(sha256(&[&structure])), "envelope": hex(&bytes),
    });
    Made { bytes, case }
}

/// Writes an item of CBOR.
pub(crate) fn cbor(
    write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes)).expect("a vector has room");
    bytes
}

fn public(name: &'static str) -> PublicKey {
    keyfob_crypto::AgreementKey::public(&agreement(name))
}

/// An app's certificate.
pub(crate) fn app_certificate() -> Vec<u8> {
    certificate(Subject(*b"the app "), Role::App, Usage::Handshake, Rights::ALL.number(), public("app"), "vendor").bytes
}

/// A device's chain: of the batch, for handshakes.
pub(crate) fn device_chain() -> [Vec<u8>; 2] {
    let (batch, levels) = (signing("batch").public(), Levels::EMULATED.number());
    let (of_batch, of_device) = (Subject(*b"batch 01"), Subject(SERIAL.0));
    [
        certificate(of_batch, Role::Batch, Usage::Signing, levels, batch, "maker").bytes,
        certificate(of_device, Role::Device, Usage::Handshake, levels, public("device"), "batch").bytes,
    ]
}

fn certificate(subject: Subject, role: Role, usage: Usage, attributes: u8, key: PublicKey, by: &'static str) -> Made {
    let certificate = Certificate { subject, role, usage, epoch: 1, product: ProductId(0), attributes, key };
    made("7.1", &certificate, &(), by)
}

/// The vendor's endorsement.
pub(crate) fn endorsement() -> Vec<u8> {
    endorsed("vendor").bytes
}

fn endorsed(by: &'static str) -> Made {
    let endorsement = Endorsement {
        partition: PARTITION,
        handshake: public("partition"),
        sealing: public("sealing"),
        proof: signing("proof").public(),
        levels: Levels::EMULATED,
        epoch: 1,
    };
    made("7.4", &endorsement, &SERIAL, by)
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases: Vec<_> = KINDS.iter().flat_map(|kind| of(*kind)).map(|made| made.case).collect();
    cases.extend(files());
    cases
}

/// At least one of a kind.
fn of(kind: Kind) -> Vec<Made> {
    let bound = (SERIAL, PARTITION);
    let counters = [CounterState { feature: FeatureId(42), remaining: Units(97), spend_serial: 3 }];
    match kind {
        Kind::Certificate => {
            let (levels, nothing) = (Levels::EMULATED.number(), signing("signer").public());
            vec![
                certificate(
                    Subject(*b"batch 01"),
                    Role::Batch,
                    Usage::Signing,
                    levels,
                    signing("batch").public(),
                    "maker",
                ),
                certificate(Subject(SERIAL.0), Role::Device, Usage::Handshake, levels, public("device"), "batch"),
                certificate(
                    Subject(*b"the app "),
                    Role::App,
                    Usage::Handshake,
                    Rights::ALL.number(),
                    public("app"),
                    "vendor",
                ),
                certificate(Subject(*b"the shop"), Role::UpdateSigner, Usage::Signing, 0, nothing, "vendor"),
                certificate(Subject(*b"the time"), Role::TimeSigner, Usage::Signing, 0, nothing, "vendor"),
            ]
        }
        Kind::BirthRequest => {
            let request = BirthRequest {
                serial: SERIAL,
                board: Board::EMULATOR,
                levels: Levels::EMULATED,
                handshake: public("device"),
                signing: signing("device signing").public(),
                nonce: NONCE,
                firmware: FIRMWARE,
            };
            vec![made("7.2", &request, &(), "device signing")]
        }
        Kind::EnrolmentRequest => {
            let request = EnrolmentRequest {
                partition: PARTITION,
                vendor: signing("vendor").public().digest(),
                handshake: public("partition"),
                sealing: public("sealing"),
                proof: signing("proof").public(),
                nonce: NONCE,
            };
            vec![made("7.3", &request, &SERIAL, "device signing")]
        }
        Kind::Endorsement => vec![endorsed("vendor")],
        Kind::Update => vec![update()],
        Kind::Grant => vec![grant()],
        Kind::Receipt => {
            let receipt = Receipt {
                epoch: 1,
                number: 2,
                last_update: [0xaa; 32],
                mark: TIME,
                firmware: FIRMWARE,
                nonce: &NONCE,
                counters: List::new(&counters),
            };
            vec![made("7.7", &receipt, &bound, "proof")]
        }
        Kind::Time => vec![made("7.8", &SignedTime { time: TIME, nonce: NONCE }, &bound, "vendor")],
        Kind::Snapshot => {
            let kind = FileKind::ReadWrite;
            let files = [FileState { product: ProductId(7), file: FileId(258), kind, size: 512 }];
            let grants = [GrantState { product: ProductId(7), number: 1 }];
            let snapshot = Snapshot {
                epoch: 1,
                number: 2,
                last_update: [0xaa; 32],
                mark: TIME,
                minimum_epoch: 1,
                firmware: FIRMWARE,
                nonce: &NONCE,
                grants: List::new(&grants),
                counters: List::new(&counters),
                files: List::new(&files),
            };
            vec![made("7.12", &snapshot, &bound, "proof")]
        }
        Kind::Proof => {
            let proof = Proof {
                audience: "https://licences.example",
                time: TIME,
                nonce: &NONCE,
                feature: FeatureId(42),
                status: Status::Ok,
                quality: Quality::Claimed,
                context: b"an order",
                app: Subject(*b"the app "),
                number: 2,
                epoch: 1,
            };
            vec![made("7.11", &proof, &bound, "proof")]
        }
        Kind::Wipe => vec![made("7.9", &Wipe { sequence: 1 }, &bound, "vendor")],
        Kind::RootChange => root_changes().into(),
    }
}

fn grant() -> Made {
    let features = [
        FeatureGrant { feature: FeatureId(40), name: "Draw", terms: Terms::default() },
        FeatureGrant { feature: FeatureId(42), name: "Export", terms: Terms { counted: true, ..Terms::default() } },
        FeatureGrant {
            feature: FeatureId(51),
            name: "Lösen",
            terms: Terms {
                enabled: true,
                starts: Some(TIME),
                expires: Some(UnixTime(TIME.0 + 86_400)),
                modules: Some(Modules(0b1011)),
                ..Terms::default()
            },
        },
    ];
    let (product, issued) = (ProductId(7), TIME);
    let grant =
        Grant { product, number: 1, public: true, issued, name: "CAD Studio 7", features: List::new(&features) };
    made("7.6", &grant, &(SERIAL, PARTITION), "vendor")
}

fn update() -> Made {
    let grant = grant().bytes;
    let (enc, ciphertext) = crate::keys::sealed();
    let (product, file, feature) = (ProductId(7), FileId(258), FeatureId(42));
    let operations = [
        Operation::SetCounter { feature, units: Units(100) },
        Operation::AddCounter { feature, units: Units(5) },
        Operation::SubtractCounter { feature, units: Units(5) },
        Operation::InstallKey { feature, slot: Slot(0), enc: &enc, ciphertext: &ciphertext },
        Operation::CreateFile { product, file, kind: FileKind::ReadWrite, size: 512 },
        Operation::WriteFile { product, file, offset: 9, bytes: b"content" },
        Operation::RemoveFile { product, file },
        Operation::RaiseEpoch { epoch: 1 },
        Operation::SetRecoveryKey { key: signing("recovery").public() },
        Operation::SetMark { mark: TIME },
    ];
    let grants = [&grant[..]];
    let update = Update {
        epoch: 1,
        number: 1,
        previous: [0; 32],
        issued: TIME,
        grants: List::new(&grants),
        operations: List::new(&operations),
    };
    made("7.5", &update, &(SERIAL, PARTITION), "vendor")
}

fn root_changes() -> [Made; 2] {
    let change = RootChange { number: 1, root: signing("new vendor").public() };
    ["vendor", "new vendor"].map(|by| made("7.10", &change, &(SERIAL, PARTITION), by))
}

fn files() -> Vec<Value> {
    let one = |kind| of(kind).remove(0).bytes;
    let (serial, partition) = (SERIAL, PARTITION);
    let certificates = Certificates::new([]).expect("it is empty");
    let (endorsement, [by_old, by_new]) = (endorsement(), root_changes());
    let case = |name: &str, section: &str, body: &dyn Fn(&mut [u8]) -> usize| {
        let mut out = vec![0; 4096];
        let length = body(&mut out);
        json!({ "name": name, "section": section, "file": hex(&out[..length]) })
    };
    fn written(body: &impl Body, out: &mut [u8]) -> usize {
        body.write(out).expect("there is room")
    }
    vec![
        case("update file", "7.5", &|out| {
            written(&UpdateFile { serial, partition, certificates, update: &one(Kind::Update) }, out)
        }),
        case("receipt file", "7.7", &|out| {
            written(&ReceiptFile { serial, endorsement: &endorsement, receipt: &one(Kind::Receipt) }, out)
        }),
        case("time file", "7.8", &|out| {
            written(&TimeFile { serial, partition, certificates, time: &one(Kind::Time) }, out)
        }),
        case("wipe file", "7.9", &|out| written(&WipeFile { serial, partition, wipe: &one(Kind::Wipe) }, out)),
        case("root change file", "7.10", &|out| {
            let endorsement = endorsed("new vendor").bytes;
            let (by_old, by_new) = (&by_old.bytes[..], &by_new.bytes[..]);
            written(&RootChangeFile { serial, partition, by_old, by_new, endorsement: &endorsement }, out)
        }),
        case("proof file", "7.11", &|out| {
            written(&ProofFile { serial, endorsement: &endorsement, proof: &one(Kind::Proof) }, out)
        }),
        case("snapshot file", "7.12", &|out| {
            written(&SnapshotFile { serial, endorsement: &endorsement, snapshot: &one(Kind::Snapshot) }, out)
        }),
    ]
}
