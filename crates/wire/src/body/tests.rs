extern crate std;
use std::{vec, vec::Vec};

use super::*;
use crate::{
    BootId, FeatureId, FileId, FileKind, Firmware, Malformed, Modules, ONE_REPORT_PLAINTEXT, OperationId, PartitionId,
    ProductId, ProofFile, RECORD_OVERHEAD, ReceiptFile, RootChangeFile, Serial, Slot, SnapshotFile, Status, TimeFile,
    Units, UnixTime, UpdateFile, VendorHint, WipeFile,
};

fn written(write: impl Fn(&mut [u8]) -> Result<usize, NoSpace>) -> Vec<u8> {
    let mut out = [0xee; 4096];
    let length = write(&mut out).unwrap();
    assert!(out[length..].iter().all(|&byte| byte == 0xee), "nothing is written behind");
    for room in 0..length {
        assert_eq!(write(&mut out[..room]), Err(NoSpace), "{room} bytes are too few");
    }
    assert_eq!(write(&mut out[..length]), Ok(length));
    out[..length].to_vec()
}

/// Says whether bytes are read, and whether what is read is written as something that reads the same again.
type Read<'r> = &'r dyn Fn(&[u8]) -> bool;

/// Cut anywhere, with any byte behind, or with any byte changed.
fn harass(bytes: &[u8], shortest: usize, longest: usize, read: Read<'_>) {
    assert!(read(bytes));
    for length in 0..bytes.len() {
        assert_eq!(read(&bytes[..length]), length >= shortest, "cut to {length} of {}", bytes.len());
    }
    for last in 0..=u8::MAX {
        let longer = [bytes, &[last]].concat();
        assert_eq!(read(&longer), longer.len() <= longest, "{last:02x} behind {} bytes", bytes.len());
    }
    for place in 0..bytes.len() {
        for change in 1..=u8::MAX {
            let mut altered = bytes.to_vec();
            altered[place] ^= change;
            read(&altered);
        }
    }
}

/// Round trip of an owned or borrowed body, then all that may befall it.
macro_rules! body {
    ($value:expr, $type:ident) => {
        body!($value, $type, usize::MAX, 0)
    };
    ($value:expr, $type:ident, $shortest:expr, $longest:expr) => {{
        let value = $value;
        let bytes = written(|out| value.write(out));
        assert_eq!($type::parse(&bytes), Ok(value));
        harass(&bytes, $shortest, $longest, &|bytes| match $type::parse(bytes) {
            Ok(read) => {
                assert_eq!($type::parse(&written_once(&read)), Ok(read));
                true
            }
            Err(Malformed) => false,
        });
        bytes
    }};
}

fn written_once(body: &impl Body) -> Vec<u8> {
    let mut out = vec![0; 4096];
    let length = body.write(&mut out).unwrap();
    out.truncate(length);
    out
}

mod memory;
use memory::{PROVE, cipher};

const HINT: Option<VendorHint> = Some(VendorHint([0x11; 8]));
const ROOT: KeyBytes = [0x22; 33];
const PARTITION: PartitionId = PartitionId([0x33; 8]);
const NEVER: usize = usize::MAX;

fn root_change() -> RootChangeFile<'static> {
    let (by_old, by_new, endorsement) = (&[2; 110], &[3; 110], &[4; 260]);
    RootChangeFile { serial: Serial([1; 8]), partition: PARTITION, by_old, by_new, endorsement }
}

fn certificates() -> [Certificates<'static>; 3] {
    let list: [&'static [u8]; 2] = [&[0x44; 170], &[0x55; 3]];
    [0, 1, 2].map(|count| Certificates::new(list[..count].iter().copied()).unwrap())
}

#[test]
fn fixed_requests_come_back() {
    let check =
        CheckRequest { feature: FeatureId(0x0102_0304), time: UnixTime(0x0506_0708_090a_0b0c), modules: Modules(13) };
    let bytes = body!(check, CheckRequest);
    assert_eq!(bytes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0, 0]);
    let with_capacity = [&bytes[..23], &[1]].concat();
    assert_eq!(CheckRequest::parse(&with_capacity), Err(Malformed));

    let spend = SpendRequest {
        feature: FeatureId(1),
        units: Units(2),
        operation: OperationId([3; 8]),
        serial_seen: 4,
        time: UnixTime(5),
    };
    let bytes = body!(spend, SpendRequest);
    assert_eq!(bytes, [0, 0, 0, 1, 0, 0, 0, 2, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5]);
    assert_eq!(SpendRequest::parse(&SpendRequest { units: Units(0), ..spend }.to_bytes()), Err(Malformed));

    assert_eq!(body!(CounterRequest { feature: FeatureId(0x0102_0304) }, CounterRequest), [1, 2, 3, 4]);
    let counter = CounterAnswer { remaining: Units(0x0102_0304), spend_serial: 0x0506_0708 };
    assert_eq!(body!(counter, CounterAnswer), [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// The sizes that the specification names, and that the hot ones fit one report.
#[test]
fn sizes_are_as_specified() {
    let check = CheckRequest { feature: FeatureId(1), time: UnixTime(2), modules: Modules(3) };
    assert_eq!(written(|out| Request::Check(check).write(out)).len(), 25);
    let spend = SpendRequest {
        feature: FeatureId(1),
        units: Units(2),
        operation: OperationId([3; 8]),
        serial_seen: 4,
        time: UnixTime(5),
    };
    assert_eq!(written(|out| Request::Spend(spend).write(out)).len(), 29);
    let answer = CheckAnswer::new(Status::Ok).to_bytes();
    assert_eq!(answer.len(), 37);
    let spent = CounterAnswer { remaining: Units(1), spend_serial: 2 };
    assert_eq!(written(|out| super::answer(&spent, out)).len(), 10);
    assert_eq!(ONE_REPORT_PLAINTEXT, 39);
    assert!(answer.len() + RECORD_OVERHEAD <= crate::FIRST_CAPACITY);
}

#[test]
fn a_check_answer_is_laid_out_as_specified() {
    let full = CheckAnswer {
        status: Status::Expired,
        warning: 0,
        limiting_term: 3,
        remaining: Some(Units(0x0102_0304)),
        next_change: Some(UnixTime(5)),
        expiry: Some(UnixTime(6)),
        modules: Some(Modules(7)),
        capacity: Some(8),
    };
    let expected = [
        [0, 43, 0b1_1111, 0, 3, 1, 2, 3, 4].as_slice(),
        &[0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6],
        &[0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8],
    ];
    assert_eq!(full.to_bytes(), expected.concat().as_slice());
}

#[test]
fn each_field_of_a_check_answer_applies_or_not() {
    for set in 0..32_u8 {
        let applies = |bit: u8| set & 1 << bit != 0;
        let answer = CheckAnswer {
            status: Status::Ok,
            warning: 0,
            limiting_term: 0,
            remaining: applies(0).then_some(Units(0x0101_0101)),
            next_change: applies(1).then_some(UnixTime(0x0202_0202_0202_0202)),
            expiry: applies(2).then_some(UnixTime(0x0303_0303_0303_0303)),
            modules: applies(3).then_some(Modules(0x0404_0404_0404_0404)),
            capacity: applies(4).then_some(0x0505_0505),
        };
        let bytes = answer.to_bytes();
        assert_eq!(bytes[2], set);
        assert_eq!(CheckAnswer::parse(&bytes), Ok(answer));
        for flags in 0..=u8::MAX {
            let mut altered = bytes;
            altered[2] = flags;
            // A field that holds something has to apply; unknown flags never do.
            let accepted = flags < 32 && flags & set == set;
            assert_eq!(CheckAnswer::parse(&altered).is_ok(), accepted, "{set:05b} {flags:08b}");
        }
        harass(&bytes, NEVER, 0, &|bytes| match CheckAnswer::parse(bytes) {
            Ok(read) => {
                assert_eq!(read.to_bytes(), bytes, "one answer, one encoding");
                true
            }
            Err(Malformed) => false,
        });
    }
}

#[test]
fn a_check_that_was_not_judged_is_a_lone_status() {
    for number in 0..=u16::MAX {
        let status = Status::from_number(number).filter(|&status| status != Status::Ok);
        assert_eq!(CheckAnswer::parse(&number.to_be_bytes()).ok(), status.map(CheckAnswer::new));
    }
    for length in [0, 1, 3, 36, 38] {
        assert_eq!(
            CheckAnswer::parse(&[0, 1].into_iter().chain([0; 36]).collect::<Vec<_>>()[..length]),
            Err(Malformed)
        );
    }
}

#[test]
fn unlock_takes_secrets_of_1_to_64_bytes() {
    for length in 0..=100 {
        let sealed = vec![7; length];
        let request = UnlockRequest { feature: FeatureId(1), slot: Slot(2), time: UnixTime(3), sealed: &sealed };
        let bytes = written_once(&request);
        let fits = (29..=92).contains(&length);
        assert_eq!(UnlockRequest::parse(&bytes), if fits { Ok(request) } else { Err(Malformed) }, "{length}");
        assert_eq!(UnlockAnswer::parse(&sealed).is_ok(), (1..=64).contains(&length));
    }
    let request = UnlockRequest { feature: FeatureId(1), slot: Slot(2), time: UnixTime(3), sealed: &[4; 92] };
    let bytes = body!(request, UnlockRequest, 13 + 29, 13 + 92);
    assert_eq!(bytes[..14], [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 4]);
    let secret = UnlockAnswer { secret: &[5; 64] };
    let bytes = written(|out| secret.write(out));
    assert_eq!(UnlockAnswer::parse(&bytes).unwrap().secret, secret.secret);
}

#[test]
fn maps_come_back() {
    body!(LoginAnswer { epoch: 1, number: u32::MAX, mark: UnixTime(u64::MAX) }, LoginAnswer);
    body!(ApplyAnswer { epoch: 23, number: 24 }, ApplyAnswer);
    body!(SetTimeAnswer { mark: UnixTime(1 << 32) }, SetTimeAnswer);
    body!(EndorseAnswer { partition: PARTITION }, EndorseAnswer);
    body!(EndorseRequest { endorsement: &[9; 300] }, EndorseRequest);
    body!(EnrolRequest { vendor_root: ROOT, nonce: [8; 16] }, EnrolRequest);
    let enrol = EnrolAnswer { request: &[1; 30], device_signing: &[2; 24], batch: &[], maker_root: ROOT };
    body!(enrol, EnrolAnswer);
    body!(ReceiptAnswer { receipt: &[1; 40], endorsement: &[2; 23] }, ReceiptAnswer);
    body!(TimeAnswer { nonce: [1; 16], mark: UnixTime(2), now: UnixTime(256), partition: PARTITION }, TimeAnswer);
    for certificates in certificates() {
        body!(GrantAnswer { grant: &[6; 70], certificates, endorsement: &[7; 20] }, GrantAnswer);
    }
    for hint in [None, HINT] {
        body!(GrantRequest { hint, product: ProductId(65_536) }, GrantRequest);
        // An empty body is an empty map, in which all that these hold may be absent.
        let request = ListRequest { hint, start: ProductId(7) };
        let bytes = written(|out| request.write(out));
        assert_eq!(ListRequest::parse(&bytes), Ok(request));
        assert_eq!(ListRequest::parse(&[]), Ok(ListRequest::default()));
        assert!((1..bytes.len()).all(|length| ListRequest::parse(&bytes[..length]).is_err()));
        let bytes = written(|out| TimeRequest { hint }.write(out));
        assert_eq!(TimeRequest::parse(&bytes), Ok(TimeRequest { hint }));
        assert_eq!(TimeRequest::parse(&[]), Ok(TimeRequest { hint: None }));
        assert!((1..bytes.len()).all(|length| TimeRequest::parse(&bytes[..length]).is_err()));
        for certificates in certificates() {
            body!(SetTimeRequest { hint, certificates, time: &[5; 90] }, SetTimeRequest);
        }
    }
}

#[test]
fn a_receipts_nonce_has_8_to_64_bytes() {
    for (hint, length) in [None, HINT].into_iter().flat_map(|hint| (0..=80).map(move |length| (hint, length))) {
        let nonce = vec![1; length];
        let request = ReceiptRequest { hint, nonce: &nonce };
        let fits = (8..=64).contains(&length);
        assert_eq!(ReceiptRequest::parse(&written_once(&request)), if fits { Ok(request) } else { Err(Malformed) });
    }
    body!(ReceiptRequest { hint: HINT, nonce: &[1; 64] }, ReceiptRequest);
}

#[test]
fn arrays_come_back() {
    for certificates in certificates() {
        let file = UpdateFile { serial: Serial([1; 8]), partition: PARTITION, certificates, update: &[2; 260] };
        let bytes = body!(file, UpdateFile);
        assert_eq!(bytes[..15], *b"\x85\x6dkeyfob-update");
        let other = bytes.iter().map(|&byte| if byte == b'k' { b'K' } else { byte }).collect::<Vec<_>>();
        assert_eq!(UpdateFile::parse(&other), Err(Malformed));
    }
    for certificates in certificates() {
        let file = TimeFile { serial: Serial([1; 8]), partition: PARTITION, certificates, time: &[2; 90] };
        let bytes = body!(file, TimeFile);
        assert!(bytes.starts_with(b"\x85\x6bkeyfob-time"));
        assert_eq!(UpdateFile::parse(&bytes), Err(Malformed));
    }
    let bytes = body!(WipeFile { serial: Serial([1; 8]), partition: PARTITION, wipe: &[2; 80] }, WipeFile);
    assert!(bytes.starts_with(b"\x84\x6bkeyfob-wipe"));
    let bytes = body!(root_change(), RootChangeFile);
    assert!(bytes.starts_with(b"\x86\x72keyfob-root-change"));
    let file = ReceiptFile { serial: Serial([1; 8]), endorsement: &[2; 260], receipt: &[3; 200] };
    let bytes = body!(file, ReceiptFile);
    assert!(bytes.starts_with(b"\x84\x6ekeyfob-receipt"));
    let file = SnapshotFile { serial: Serial([1; 8]), endorsement: &[2; 260], snapshot: &[3; 200] };
    assert!(body!(file, SnapshotFile).starts_with(b"\x84\x6fkeyfob-snapshot"));
    let file = ProofFile { serial: Serial([1; 8]), endorsement: &[2; 260], proof: &[3; 200] };
    assert!(body!(file, ProofFile).starts_with(b"\x84\x6ckeyfob-proof"));
    body!(
        InstallRequest { maker_root: ROOT, batch: &[1; 20], device_handshake: &[2; 30], device_signing: &[3; 24] },
        InstallRequest
    );
}

#[test]
fn three_certificates_are_too_many() {
    let one: &[u8] = &[1];
    assert_eq!(Certificates::new([one; 3]), Err(NoSpace));
    let [none, only, both] = certificates();
    assert!(none.is_empty() && !only.is_empty() && !both.is_empty());
    assert_eq!((none.only(), only.only(), both.only()), (None, Some(&[0x44; 170][..]), None));
    let head =
        |count: u8| [b"\xa3\x01\x40\x02", &[0x80 + count][..], &[0x40; 3][..usize::from(count)], b"\x03\x40"].concat();
    for count in 0..=3 {
        assert_eq!(GrantAnswer::parse(&head(count)).is_ok(), count <= 2, "{count}");
    }
}

#[test]
fn info_comes_back_with_its_partitions() {
    let partition = |n: u8| PartitionInfo {
        vendor_root: [n; 33],
        partition: PartitionId([n; 8]),
        epoch: u32::from(n),
        number: u32::from(n) << 10,
    };
    let tombstone = |n: u8| Tombstone {
        vendor: VendorHint([n; 8]),
        partition: PartitionId([n; 8]),
        epoch: u32::from(n),
        number: u32::from(n) << 10,
    };
    for count in [0, 1, 4, 24, 60] {
        let list = (0..count).map(partition).collect::<Vec<_>>();
        let graves = (0..count.min(16)).map(tombstone).collect::<Vec<_>>();
        let info = InfoAnswer {
            serial: Serial([1; 8]),
            board: 0,
            firmware: Firmware([0, 1, 2]),
            boot: BootId([3; 8]),
            levels: 0b10101,
            partitions: list.iter().copied(),
            sessions: 8,
            wipes: u32::from(count),
            tombstones: graves.iter().copied(),
        };
        let bytes = written_once(&info);
        let read = InfoAnswer::parse(&bytes).unwrap();
        assert!(read.partitions.clone().eq(list.iter().copied()));
        assert!(read.tombstones.clone().eq(graves.iter().copied()));
        assert_eq!(read.wipes, u32::from(count));
        assert_eq!(written_once(&read), bytes);
        if count <= 4 {
            written(|out| info.write(out));
            harass(&bytes, NEVER, 0, &|bytes| match InfoAnswer::parse(bytes) {
                Ok(read) => {
                    let again = written_once(&read);
                    assert_eq!(written_once(&InfoAnswer::parse(&again).unwrap()), again);
                    true
                }
                Err(Malformed) => false,
            });
        }
    }
}

#[test]
fn requests_are_told_apart_by_their_operation() {
    let [_, certificates, _] = certificates();
    let all = [
        Request::Login,
        Request::Logout,
        Request::Info,
        Request::Identify,
        Request::List(ListRequest { hint: HINT, start: ProductId(3) }),
        Request::Grant(GrantRequest { hint: None, product: ProductId(3) }),
        Request::Random(RandomRequest { length: 64 }),
        Request::Health,
        Request::Check(CheckRequest { feature: FeatureId(1), time: UnixTime(2), modules: Modules(3) }),
        Request::Spend(SpendRequest {
            feature: FeatureId(1),
            units: Units(1),
            operation: OperationId([1; 8]),
            serial_seen: 0,
            time: UnixTime(0),
        }),
        Request::Unlock(UnlockRequest { feature: FeatureId(1), slot: Slot(0), time: UnixTime(0), sealed: &[1; 29] }),
        Request::Counter(CounterRequest { feature: FeatureId(1) }),
        Request::Read(ReadRequest { product: ProductId(1), file: FileId(2), offset: 3, length: 4 }),
        Request::Write(WriteRequest { product: ProductId(1), file: FileId(2), offset: 3, bytes: &[4] }),
        Request::Files(FilesRequest { hint: HINT, product: ProductId(1), start: FileId(0) }),
        Request::Encrypt(cipher(&[1])),
        Request::Decrypt(cipher(&[2; 33])),
        Request::Derive(cipher(&[3])),
        Request::Prove(PROVE),
        Request::Apply(UpdateFile { serial: Serial([1; 8]), partition: PARTITION, certificates, update: &[1; 20] }),
        Request::Receipt(ReceiptRequest { hint: HINT, nonce: &[1; 16] }),
        Request::Time(TimeRequest { hint: HINT }),
        Request::SetTime(SetTimeRequest { hint: HINT, certificates, time: &[1; 20] }),
        Request::Snapshot(SnapshotRequest { hint: HINT, nonce: &[1; 16] }),
        Request::Enrol(EnrolRequest { vendor_root: ROOT, nonce: [1; 16] }),
        Request::Endorse(EndorseRequest { endorsement: &[1; 20] }),
        Request::Wipe(WipeFile { serial: Serial([1; 8]), partition: PARTITION, wipe: &[1; 20] }),
        Request::ChangeRoot(root_change()),
    ];
    assert!(all.iter().map(Request::operation).eq(crate::Operation::ALL.iter().copied()));
    for request in all {
        let bytes = written(|out| request.write(out));
        assert_eq!(bytes[0], request.operation().byte());
        assert_eq!(Request::parse(&bytes), Ok(request));
        // Those whose last field is as long as it comes.
        let open = matches!(
            request,
            Request::Unlock(_) | Request::Write(_) | Request::Encrypt(_) | Request::Decrypt(_) | Request::Derive(_)
        );
        assert_eq!(Request::parse(&[&bytes[..], &[0]].concat()).is_ok(), open);
    }
    assert_eq!(Request::parse(&[]), Err(RequestError::Malformed));
    for byte in (0..=u8::MAX).filter(|&byte| crate::Operation::from_byte(byte).is_none()) {
        assert_eq!(Request::parse(&[byte]), Err(RequestError::UnknownOperation));
    }
    assert_eq!(Status::from(RequestError::UnknownOperation), Status::UnknownCommand);
    assert_eq!(Status::from(RequestError::Malformed), Status::BadRequest);
}

#[test]
fn an_answer_is_done_or_refused() {
    assert_eq!(Answer::parse(&[0, 0, 1, 2]), Ok(Answer::Ok(&[1, 2])));
    assert_eq!(Answer::parse(&[0, 0]), Ok(Answer::Ok(&[])));
    assert_eq!(written(|out| super::answer(&Empty, out)), [0, 0]);
    assert_eq!(written(|out| super::answer(&SetTimeAnswer { mark: UnixTime(1) }, out)), [0, 0, 0xa1, 1, 1]);
    for &status in Status::ALL.iter().filter(|&&status| status != Status::Ok) {
        assert_eq!(Answer::parse(&refusal(status)), Ok(Answer::Refused(status)));
        let [high, low] = refusal(status);
        assert_eq!(Answer::parse(&[high, low, 0]), Err(Malformed), "a refusal has no body");
    }
    for short in [&[][..], &[0], &[0xff, 0xff]] {
        assert_eq!(Answer::parse(short), Err(Malformed));
    }
}
