//! What is signed: whatever can be read is written as the same bytes, for one signed thing has one form.

use keyfob_crypto::PublicKey;
use keyfob_licence::{Grant, Operation, Receipt, Request, SignedTime, State, Update, explain, judge};
use keyfob_signed::{
    AppCredential, BirthRequest, Certificate, Endorsement, EnrolmentRequest, Payload, cbor, read_unverified,
};
use keyfob_wire::{Modules, Units, UnixTime};
use minicbor::Encoder;

use crate::cast::cast;

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
    same::<SignedTime>(data, &envelope);
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
    let cast = cast();
    let key: PublicKey = cast.endorsed.sealing;
    let every_operation = [
        Operation::AddCounter { feature: crate::cast::COUNTED, units: Units(1) },
        Operation::SubtractCounter { feature: crate::cast::COUNTED, units: Units(u32::MAX) },
    ];
    let update = cast.update(2, cast.first_update, &[&key.0], &every_operation);
    let mut seeds: Vec<_> = cast.signed.iter().chain([&update]).map(payload).collect();
    seeds.push(cast.credential.clone());
    seeds
}
