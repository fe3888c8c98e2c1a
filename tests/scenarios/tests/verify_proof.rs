//! The ten lines that a server begins with, on proofs of a fob.

use keyfob::{Challenge, FeatureId, Session};
use keyfob_conformance::Bench;
use keyfob_issuing::{OsEntropy, Vendor, VendorKind};
use keyfob_scenarios::stand;

#[path = "../../../crates/licence/examples/verify_proof.rs"]
#[allow(dead_code, reason = "its main reads arguments")]
mod verify_proof;

const NONCE: [u8; 16] = [5; 16];
const ASKED: Challenge<'_> = Challenge { audience: "https://cad.example", nonce: &NONCE, context: &[] };
const EXPORT: FeatureId = FeatureId(42);

#[test]
fn a_server_believes_what_was_proven_to_it_and_nothing_else() {
    let (mut bench, _desk) = stand(5);
    bench.set_counter(1).unwrap();
    let client = bench.client().unwrap();
    let session = client.login(EXPORT).unwrap();
    let root = bench.vendor.root();
    let proof = |session: &Session, asked| session.prove(&asked).unwrap().to_file().unwrap();
    let may = |file: &[u8]| verify_proof::may_export(file, root, &NONCE).ok();
    let good = proof(&session, ASKED);
    assert_eq!(may(&good), Some(true));

    // Genuine, and not what was asked for.
    assert_eq!(may(&proof(&session, Challenge { audience: "https://cad.exampl", ..ASKED })), Some(false));
    assert_eq!(may(&proof(&session, Challenge { nonce: &[6; 16], ..ASKED })), Some(false));
    assert_eq!(may(&proof(&client.login(FeatureId(40)).unwrap(), ASKED)), Some(false));
    exhausted(&mut bench);
    assert_eq!(may(&proof(&session, ASKED)), Some(false), "a refusal");

    // Not genuine.
    let stranger = Vendor::create(VendorKind::Test, &mut OsEntropy).root();
    assert!(verify_proof::may_export(&good, stranger, &NONCE).is_err());
    for place in 0..good.len() {
        let mut altered = good.clone();
        altered[place] ^= 1;
        assert_ne!(may(&altered), Some(true), "byte {place}");
    }
}

fn exhausted(bench: &mut Bench) {
    bench.set_counter(0).unwrap();
}
