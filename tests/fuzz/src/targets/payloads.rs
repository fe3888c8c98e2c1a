//! What is signed: whatever can be read is written as the same bytes, for one signed thing has one form.

use keyfob_licence::{
    CounterState, FileState, Grant, GrantState, List, Operation, Proof, Quality, Receipt, Request, RootChange,
    SignedTime, Snapshot, State, Update, Wipe, explain, judge,
};
use keyfob_signed::{
    AppCredential, BirthRequest, Certificate, Endorsement, EnrolmentRequest, Payload, cbor, read_unverified,
};
use keyfob_wire::{FileId, FileKind, Firmware, Modules, ProductId, Status, Subject, Units, UnixTime};
use minicbor::Encoder;

use crate::cast::{COUNTED, TODAY, cast};

/// Reads the bytes as each kind's payload.
pub(super) fn run(data: &[u8]) {
    let envelope = envelope(data);
    same::<Certificate>(data, &envelope);
    same::<BirthRequest>(data, &envelope);
    same::<EnrolmentRequest>(data, &envelope);
    same::<Endorsement>(data, &envelope);
    if let Some(update) = same::<Update<'_>>(data, &envelope) {
        assert_eq!(update.grants.iter().count(), update.grants.len());
        assert_eq!(update.operations.iter().count(), update.operations.len());
    }
    if let Some(grant) = same::<Grant<'_>>(data, &envelope) {
        look_at(&grant);
    }
    if let Some(receipt) = same::<Receipt<'_>>(data, &envelope) {
        assert!((8..=64).contains(&receipt.nonce.len()));
        assert_eq!(receipt.counters.iter().count(), receipt.counters.len());
    }
    if let Some(snapshot) = same::<Snapshot<'_>>(data, &envelope) {
        assert_eq!(snapshot.grants.iter().count(), snapshot.grants.len());
        assert_eq!(snapshot.counters.iter().count(), snapshot.counters.len());
        assert_eq!(snapshot.files.iter().count(), snapshot.files.len());
    }
    same::<SignedTime>(data, &envelope);
    same::<Wipe>(data, &envelope);
    same::<RootChange>(data, &envelope);
    same::<Proof<'_>>(data, &envelope);
    if let Ok(credential) = AppCredential::parse(data) {
        let mut written = Vec::new();
        credential.encode(&mut Encoder::new(&mut written)).expect("a vector takes everything");
        assert_eq!(written, data);
    }
}

fn same<'a, T: Payload<'a>>(payload: &[u8], envelope: &'a [u8]) -> Option<T> {
    let read = read_unverified::<T>(envelope).ok()?;
    assert!(cbor::is_deterministic(payload));
    let mut written = Vec::new();
    read.encode(&mut Encoder::new(&mut written)).expect("a vector takes everything");
    assert_eq!(written, payload, "{:?}", T::KIND);
    Some(read)
}

/// An envelope that nobody signed.
fn envelope(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0];
    let mut encoder = Encoder::new(&mut bytes);
    encoder.bytes(payload).and_then(|encoder| encoder.bytes(&[1; 64])).expect("a vector takes everything");
    bytes
}

/// A grant that can be read can be judged: at any time, and the explanation gives the same reason.
fn look_at(grant: &Grant<'_>) {
    assert_eq!(grant.validate(), Ok(()));
    assert_eq!(grant.features.iter().count(), grant.features.len());
    for feature in grant.features {
        let terms = feature.terms;
        let limits = [terms.starts, terms.expires].into_iter().flatten();
        let moments = limits.flat_map(|UnixTime(time)| [time.saturating_sub(1), time]).chain([0, 1, u64::MAX]);
        for now in moments.map(UnixTime) {
            for remaining in [0, 1, u32::MAX].map(Units) {
                let (state, request) = (State { remaining }, Request { units: Units(1), modules: Modules(1) });
                let decision = judge(&terms, &state, now, &request);
                let reason = explain(&terms, &state, now, &request).find_map(|rule| rule.outcome.refusal());
                assert_eq!(decision.refusal, reason);
                assert!(decision.next_change.is_none_or(|change| change > now), "a change lies ahead");
                assert!(decision.is_allowed() != (terms.unknown || !terms.enabled) || !decision.is_allowed());
            }
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let payload = |envelope: &Vec<u8>| {
        let mut decoder = minicbor::Decoder::new(envelope);
        decoder.array().and_then(|_| decoder.bytes()).and_then(|_| decoder.map()).expect("an envelope");
        decoder.bytes().expect("its payload").to_vec()
    };
    let mut seeds: Vec<_> = cast().signed.iter().map(payload).collect();
    seeds.extend([cast().credential.clone(), payload(&every_operation())]);
    seeds.extend(statements());
    let next = |payload: &Vec<u8>| {
        let payload = payload.clone();
        (0..payload.len()).map(move |place| {
            let mut other = payload.clone();
            other[place] = other[place].wrapping_add(1);
            other
        })
    };
    let others: Vec<_> = seeds.iter().flat_map(next).collect();
    seeds.into_iter().chain(others).collect()
}

/// An update with each operation that a token's life here doesn't have.
fn every_operation() -> Vec<u8> {
    let (product, file, units) = (ProductId(1), FileId(2), Units(u32::MAX));
    let operations = [
        Operation::AddCounter { feature: COUNTED, units },
        Operation::SubtractCounter { feature: COUNTED, units },
        Operation::CreateFile { product, file, kind: FileKind::WriteOnce, size: 1 },
        Operation::WriteFile { product, file, offset: 0, bytes: &[1] },
        Operation::RemoveFile { product, file },
        Operation::RaiseEpoch { epoch: 2 },
        Operation::SetRecoveryKey { key: cast().vendor.0 },
        Operation::SetMark { mark: TODAY },
    ];
    cast().update(2, cast().first_update, &[b"a grant"], &operations)
}

/// What tokens and vendors say besides, as payloads.
fn statements() -> [Vec<u8>; 6] {
    let counters = [CounterState { feature: COUNTED, remaining: Units(1), spend_serial: 2 }];
    let firmware = Firmware([1, 2, 3]);
    let receipt = Receipt {
        epoch: 1,
        number: 2,
        last_update: [3; 32],
        mark: TODAY,
        firmware,
        nonce: &[4; 8],
        counters: List::new(&counters),
    };
    let snapshot = Snapshot {
        epoch: 1,
        number: 2,
        last_update: [3; 32],
        mark: TODAY,
        minimum_epoch: 1,
        firmware,
        nonce: &[4; 8],
        grants: List::new(&[GrantState { product: ProductId(1), number: 2 }]),
        counters: List::new(&counters),
        files: List::new(&[FileState { product: ProductId(1), file: FileId(2), kind: FileKind::Label, size: 0 }]),
    };
    let proof = Proof {
        audience: "shop",
        time: TODAY,
        nonce: &[5; 16],
        feature: COUNTED,
        status: Status::Ok,
        quality: Quality::Signed,
        context: &[],
        app: Subject([6; 8]),
        number: 2,
        epoch: 1,
    };
    [
        written(&receipt),
        written(&snapshot),
        written(&proof),
        written(&SignedTime { time: TODAY, nonce: [7; 16] }),
        written(&Wipe { sequence: 1 }),
        written(&RootChange { number: 1, root: cast().vendor.0 }),
    ]
}

/// A payload's bytes, or none if it isn't as specified.
fn written<'a>(payload: &impl Payload<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    payload.encode(&mut Encoder::new(&mut bytes)).map(|()| bytes).unwrap_or_default()
}
