//! What requests and answers carry: whatever can be read can be written, and then reads the same.

use keyfob_wire::body::{
    Answer, ApplyAnswer, Body, CheckAnswer, CounterAnswer, EndorseAnswer, EnrolAnswer, GrantAnswer, InfoAnswer,
    InstallRequest, ListAnswer, LoginAnswer, ReceiptAnswer, Request, SetTimeAnswer, SpendAnswer, TimeAnswer,
    UnlockAnswer,
};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{Operation, ReceiptFile, TimeFile, UpdateFile};

use crate::cast::cast;

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
        InstallRequest UpdateFile TimeFile ReceiptFile
    );
}

/// Lists that are read in place: as many items as they say, each of which can be read.
fn lists(data: &[u8]) {
    if let Ok(list) = ListAnswer::parse(data) {
        let mut previous = None;
        for product in list.products {
            assert!(previous < Some(product.product), "products ascend");
            previous = Some(product.product);
            product.features.into_iter().for_each(drop);
        }
        assert!(list.next.is_none() || previous < list.next, "the next start is above");
    }
    if let Ok(info) = InfoAnswer::parse(data) {
        info.partitions.into_iter().for_each(drop);
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
    operations.chain(lengths).chain(bodies).chain([vec![0; 37], vec![0; 36]]).collect()
}
