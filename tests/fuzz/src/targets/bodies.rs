//! What requests and answers carry: whatever can be read can be written, and then reads the same.

use keyfob_wire::body::{
    Answer, ApplyAnswer, Body, CheckAnswer, CounterAnswer, EndorseAnswer, EnrolAnswer, FilesAnswer, FilesRequest,
    GrantAnswer, HealthAnswer, InfoAnswer, InstallRequest, ListAnswer, LoginAnswer, ProveAnswer, ProveRequest,
    ReceiptAnswer, ReceiptRequest, Request, SetTimeAnswer, SnapshotAnswer, SnapshotRequest, SpendAnswer, TimeAnswer,
    UnlockAnswer,
};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{
    FileId, MAX_PLAINTEXT, Operation, PartitionId, ProductId, ProofFile, ReceiptFile, RootChangeFile, Serial,
    SnapshotFile, TimeFile, UpdateFile, VendorHint, WipeFile,
};

use crate::cast::{COUNTED, TODAY, cast};

/// Reads the bytes as everything that they can be.
pub(super) fn run(data: &[u8]) {
    request(data);
    if let Ok(Answer::Ok(body)) = Answer::parse(data) {
        answers(body);
    }
    answers(data);
    lists(data);
    fixed(data);
}

fn request(data: &[u8]) {
    let Ok(request) = Request::parse(data) else { return };
    assert_eq!(data.first().copied().and_then(Operation::from_byte), Some(request.operation()));
    // Keys that stand for nothing may be written although they weren't there.
    let mut out = vec![0; data.len() + 64];
    let length = request.write(&mut out).expect("what was read fits");
    assert_eq!(Request::parse(&out[..length]), Ok(request));
}

/// For each type: what is read is written, and that reads the same; and it is written the same again.
macro_rules! same_again {
    ($data:ident, $($type:ident)*) => {$(
        if let Ok(read) = $type::parse($data) {
            let mut out = vec![0; $data.len() + 64];
            let length = read.write(&mut out).expect("what was read fits");
            assert_eq!($type::parse(&out[..length]), Ok(read), stringify!($type));
        }
    )*};
}

fn answers(data: &[u8]) {
    same_again!(data,
        LoginAnswer ApplyAnswer ReceiptAnswer TimeAnswer SetTimeAnswer EnrolAnswer EndorseAnswer GrantAnswer
        InstallRequest HealthAnswer ProveAnswer SnapshotAnswer
        UpdateFile TimeFile ReceiptFile WipeFile RootChangeFile ProofFile SnapshotFile
    );
}

/// Lists that are read in place: as many items as they say, each of which can be read.
fn lists(data: &[u8]) {
    if let Ok(list) = ListAnswer::parse(data) {
        let mut previous = None;
        for product in list.products {
            assert!(previous < Some(product.product), "products ascend");
            previous = Some(product.product);
            product.features.for_each(drop);
        }
        assert!(list.next.is_none() || previous < list.next, "the next start is above");
    }
    if let Ok(files) = FilesAnswer::parse(data) {
        files.files.for_each(drop);
    }
    if let Ok(info) = InfoAnswer::parse(data) {
        info.partitions.for_each(drop);
    }
}

/// Layouts without CBOR: what is read is written as the same bytes.
fn fixed(data: &[u8]) {
    if let Ok(check) = CheckAnswer::parse(data) {
        // A refusal that was judged by nothing is its status alone.
        let written = check.to_bytes();
        assert!(written == *data || written[..2] == *data && written[2..].iter().all(|&byte| byte == 0));
    }
    if let Ok(counter) = CounterAnswer::parse(data) {
        assert_eq!(counter.to_bytes()[..], *data);
    }
    if let Ok(spend) = SpendAnswer::parse(data) {
        assert_eq!(spend.to_bytes()[..], *data);
    }
    if let Ok(unlock) = UnlockAnswer::parse(data) {
        assert_eq!(unlock.secret, data);
    }
    if let Some(init) = InitAnswer::parse(data) {
        assert_eq!(init.to_bytes()[..], *data);
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let operations = Operation::ALL.iter().flat_map(|operation| [vec![operation.byte()], vec![operation.byte(), 0xa0]]);
    let lengths = Operation::ALL
        .iter()
        .flat_map(|operation| [4, 8, 24, 28, 42, 60].map(|length| [vec![operation.byte()], vec![0; length]].concat()));
    let bodies = cast().plaintexts.iter().flat_map(|text| [text.clone(), text.get(1..).unwrap_or_default().to_vec()]);
    operations.chain(lengths).chain(bodies).chain([vec![0; 37], vec![0; 36]]).chain(more()).collect()
}

/// Requests and files that a token's life here doesn't have.
fn more() -> Vec<Vec<u8>> {
    let (serial, partition, bytes) = (Serial([1; 8]), PartitionId([2; 8]), &[3; 10][..]);
    let hint = Some(VendorHint([4; 8]));
    let requests = [
        Request::Files(FilesRequest { hint, product: ProductId(1), start: FileId(2) }),
        Request::Prove(ProveRequest {
            feature: COUNTED,
            time: TODAY,
            audience: "shop",
            nonce: &[5; 16],
            context: bytes,
        }),
        Request::Snapshot(SnapshotRequest { hint, nonce: &[6; 8] }),
        Request::Receipt(ReceiptRequest { hint, nonce: &[6; 8] }),
        Request::Wipe(WipeFile { serial, partition, wipe: bytes }),
        Request::ChangeRoot(RootChangeFile { serial, partition, by_old: bytes, by_new: bytes, endorsement: bytes }),
    ];
    let mut texts: Vec<_> = requests
        .iter()
        .map(|request| {
            let mut text = vec![0; MAX_PLAINTEXT];
            let length = request.write(&mut text).expect("a request fits");
            text.truncate(length);
            text
        })
        .collect();
    let bodies = texts.iter().map(|text| text[1..].to_vec()).collect::<Vec<_>>();
    texts.extend(bodies);
    texts.extend(
        [
            minicbor::to_vec(ProofFile { serial, endorsement: bytes, proof: bytes }),
            minicbor::to_vec(SnapshotFile { serial, endorsement: bytes, snapshot: bytes }),
            minicbor::to_vec(ReceiptFile { serial, endorsement: bytes, receipt: bytes }),
            minicbor::to_vec(ProveAnswer { proof: bytes, endorsement: bytes }),
            minicbor::to_vec(SnapshotAnswer { snapshot: bytes, endorsement: bytes }),
            minicbor::to_vec(HealthAnswer::default()),
        ]
        .map(|file| file.expect("a vector takes everything")),
    );
    texts
}
