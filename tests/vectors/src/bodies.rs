//! A request and an answer of each operation.

use keyfob_crypto::SigningKey;
use keyfob_wire::body::{
    ApplyAnswer, Body, Certificates, CheckAnswer, CheckRequest, CipherRequest, CounterAnswer, CounterRequest, Empty,
    EndorseAnswer, EndorseRequest, EnrolAnswer, EnrolRequest, FeatureEntry, FileEntry, FilesRequest, FilesWriter,
    GrantAnswer, GrantRequest, HealthAnswer, InfoAnswer, ListRequest, ListWriter, LoginAnswer, PartitionInfo,
    ProveAnswer, ProveRequest, RandomRequest, ReadRequest, ReceiptAnswer, ReceiptRequest, Request, SetTimeAnswer,
    SetTimeRequest, SnapshotAnswer, SnapshotRequest, SpendRequest, TimeAnswer, TimeRequest, Tombstone, UnlockAnswer,
    UnlockRequest, WriteRequest, answer,
};
use keyfob_wire::{
    BootId, FeatureId, FileId, FileKind, Firmware, Modules, NoSpace, Operation, OperationId, ProductId, RootChangeFile,
    Slot, Status, Units, UnixTime, UpdateFile, VendorHint, WipeFile,
};
use serde_json::{Value, json};

use crate::cast::{NONCE, PARTITION, SERIAL, TIME, signing};
use crate::hex;

/// Stands for what is signed: `signed.json` has the real ones.
const SIGNED: &[u8] = b"what is signed";
const CERTIFICATE: &[u8] = b"certificate";
const ENDORSEMENT: &[u8] = b"endorsement";

pub(crate) fn cases() -> Vec<Value> {
    Operation::ALL.iter().map(|operation| case(*operation)).collect()
}

fn case(operation: Operation) -> Value {
    let section = match operation {
        Operation::Check => "8.1",
        Operation::Spend => "8.2",
        Operation::Unlock => "8.3",
        Operation::Read | Operation::Write => "8.5",
        Operation::Encrypt | Operation::Decrypt | Operation::Derive => "8.6",
        _ => "8",
    };
    let mut out = vec![0; 4096];
    let request = request(operation);
    assert_eq!(request.operation(), operation);
    let length = request.write(&mut out).expect("there is room");
    let request = hex(&out[..length]);
    let length = answered(operation, &mut out).expect("there is room");
    json!({ "name": operation.word(), "section": section, "request": request, "answer": hex(&out[..length]) })
}

fn request(operation: Operation) -> Request<'static> {
    let hint = Some(VendorHint(signing("vendor").public().hint()));
    let (feature, product, slot, time, file) = (FeatureId(42), ProductId(7), Slot(0), TIME, FileId(258));
    let (serial, partition) = (SERIAL, PARTITION);
    let certificates = Certificates::new([CERTIFICATE]).expect("it is one");
    let cipher = |input| CipherRequest { feature, slot, time, input };
    match operation {
        Operation::Login => Request::Login,
        Operation::Logout => Request::Logout,
        Operation::Info => Request::Info,
        Operation::Identify => Request::Identify,
        Operation::Health => Request::Health,
        Operation::List => Request::List(ListRequest { hint, start: product }),
        Operation::Grant => Request::Grant(GrantRequest { hint, product }),
        Operation::Random => Request::Random(RandomRequest { length: 32 }),
        Operation::Check => Request::Check(CheckRequest { feature, time, modules: Modules(0b1001) }),
        Operation::Spend => {
            let (units, operation) = (Units(3), OperationId(*b"spend 01"));
            Request::Spend(SpendRequest { feature, units, operation, serial_seen: 2, time })
        }
        Operation::Unlock => Request::Unlock(UnlockRequest { feature, slot, time, sealed: &[0xee; 45] }),
        Operation::Counter => Request::Counter(CounterRequest { feature }),
        Operation::Read => Request::Read(ReadRequest { product, file, offset: 9, length: 7 }),
        Operation::Write => Request::Write(WriteRequest { product, file, offset: 9, bytes: b"content" }),
        Operation::Files => Request::Files(FilesRequest { hint, product, start: FileId(0) }),
        Operation::Encrypt => Request::Encrypt(cipher(b"what an app needs")),
        Operation::Decrypt => Request::Decrypt(cipher(&[0xee; 49])),
        Operation::Derive => Request::Derive(cipher(b"disk")),
        Operation::Prove => {
            let (audience, nonce, context) = ("https://licences.example", &NONCE[..], &b"an order"[..]);
            Request::Prove(ProveRequest { audience, nonce, context, feature, time })
        }
        Operation::Apply => Request::Apply(UpdateFile { serial, partition, certificates, update: SIGNED }),
        Operation::Receipt => Request::Receipt(ReceiptRequest { hint, nonce: &NONCE }),
        Operation::Time => Request::Time(TimeRequest { hint }),
        Operation::SetTime => Request::SetTime(SetTimeRequest { hint, certificates, time: SIGNED }),
        Operation::Snapshot => Request::Snapshot(SnapshotRequest { hint, nonce: &NONCE }),
        Operation::Enrol => Request::Enrol(EnrolRequest { vendor_root: signing("vendor").public().0, nonce: NONCE }),
        Operation::Endorse => Request::Endorse(EndorseRequest { endorsement: ENDORSEMENT }),
        Operation::Wipe => Request::Wipe(WipeFile { serial, partition, wipe: SIGNED }),
        Operation::ChangeRoot => {
            let (by_old, by_new) = (SIGNED, SIGNED);
            Request::ChangeRoot(RootChangeFile { serial, partition, by_old, by_new, endorsement: ENDORSEMENT })
        }
    }
}

/// Writes the answer, its status included.
fn answered(operation: Operation, out: &mut [u8]) -> Result<usize, NoSpace> {
    let (mark, now, partition) = (TIME, UnixTime(TIME.0 + 60), PARTITION);
    let (epoch, number, endorsement) = (1, 2, ENDORSEMENT);
    match operation {
        Operation::Logout | Operation::Identify | Operation::Write | Operation::Wipe | Operation::ChangeRoot => {
            answer(&Empty, out)
        }
        Operation::Login => answer(&LoginAnswer { epoch, number, mark }, out),
        Operation::Info => answer(&info(), out),
        Operation::List => behind_ok(out, list),
        Operation::Files => behind_ok(out, files),
        Operation::Grant => {
            let certificates = Certificates::new([CERTIFICATE]).expect("it is one");
            answer(&GrantAnswer { grant: SIGNED, certificates, endorsement }, out)
        }
        Operation::Random => behind_ok(out, |out| copy(&[0x5a; 32], out)),
        Operation::Health => {
            let (refused_records, refused_handshakes, compactions) = (24, 256, 3);
            let health = HealthAnswer {
                uptime: 90_000,
                sessions: 2,
                refused_records,
                refused_handshakes,
                free: 100_000,
                compactions,
                tickets: 4,
                ..HealthAnswer::default()
            };
            answer(&health, out)
        }
        Operation::Check => {
            let judged = CheckAnswer {
                remaining: Some(Units(97)),
                next_change: Some(now),
                expiry: Some(now),
                modules: Some(Modules(0b1011)),
                limiting_term: 3,
                ..CheckAnswer::new(Status::Ok)
            };
            copy(&judged.to_bytes(), out)
        }
        Operation::Spend | Operation::Counter => answer(&CounterAnswer { remaining: Units(97), spend_serial: 3 }, out),
        Operation::Unlock => answer(&UnlockAnswer { secret: b"what an app needs" }, out),
        Operation::Read => behind_ok(out, |out| copy(b"content", out)),
        Operation::Encrypt => behind_ok(out, |out| copy(&[0xee; 49], out)),
        Operation::Decrypt => behind_ok(out, |out| copy(b"what an app needs", out)),
        Operation::Derive => behind_ok(out, |out| copy(&[0x5a; 32], out)),
        Operation::Prove => answer(&ProveAnswer { proof: SIGNED, endorsement }, out),
        Operation::Apply => answer(&ApplyAnswer { epoch, number }, out),
        Operation::Receipt => answer(&ReceiptAnswer { receipt: SIGNED, endorsement }, out),
        Operation::Time => answer(&TimeAnswer { nonce: NONCE, mark, now, partition }, out),
        Operation::SetTime => answer(&SetTimeAnswer { mark }, out),
        Operation::Snapshot => answer(&SnapshotAnswer { snapshot: SIGNED, endorsement }, out),
        Operation::Enrol => {
            let (device_signing, batch, maker_root) = (CERTIFICATE, CERTIFICATE, signing("maker").public().0);
            answer(&EnrolAnswer { request: SIGNED, device_signing, batch, maker_root }, out)
        }
        Operation::Endorse => answer(&EndorseAnswer { partition }, out),
    }
}

fn info() -> impl Body {
    let (epoch, number) = (1, 2);
    let vendor_root = signing("vendor").public().0;
    let vendor = VendorHint(signing("new vendor").public().hint());
    InfoAnswer {
        serial: SERIAL,
        board: 0,
        firmware: Firmware([0, 1, 2]),
        boot: BootId(*b"\x30\x31\x32\x33\x34\x35\x36\x37"),
        levels: 1,
        partitions: [PartitionInfo { vendor_root, partition: PARTITION, epoch, number }].into_iter(),
        sessions: 2,
        wipes: 1,
        tombstones: [Tombstone { vendor, partition: PARTITION, epoch, number }].into_iter(),
    }
}

fn list(out: &mut [u8]) -> Result<usize, NoSpace> {
    let mut writer = ListWriter::new(out)?;
    let mut product = writer.product(ProductId(7), 1, "CAD Studio 7")?;
    product.feature(FeatureEntry { feature: FeatureId(40), name: "Draw", remaining: None })?;
    product.feature(FeatureEntry { feature: FeatureId(42), name: "Export", remaining: Some(Units(97)) })?;
    product.finish()?;
    writer.finish(Some(ProductId(8)))
}

fn files(out: &mut [u8]) -> Result<usize, NoSpace> {
    let files = [
        FileEntry { file: FileId(1), kind: FileKind::Label, size: 48, label: Some(b"for people") },
        FileEntry { file: FileId(258), kind: FileKind::ReadWrite, size: 512, label: None },
    ];
    let mut writer = FilesWriter::new(out, files.len())?;
    files.iter().try_for_each(|file| writer.file(file))?;
    Ok(writer.finish())
}

fn behind_ok(out: &mut [u8], write: impl FnOnce(&mut [u8]) -> Result<usize, NoSpace>) -> Result<usize, NoSpace> {
    let (status, body) = out.split_first_chunk_mut::<2>().ok_or(NoSpace)?;
    *status = Status::Ok.number().to_be_bytes();
    Ok(2 + write(body)?)
}

fn copy(bytes: &[u8], out: &mut [u8]) -> Result<usize, NoSpace> {
    out.get_mut(..bytes.len()).ok_or(NoSpace)?.copy_from_slice(bytes);
    Ok(bytes.len())
}
