//! Signed things of every kind, whole, altered, cut and extended: a COSE implementation of another language and ours
//! judge alike. The genuine ones are the published vectors.
#![cfg(unix)]

use std::path::Path;

use keyfob_crypto::{PublicKey, RustCrypto};
use keyfob_licence::{Grant, Proof, Receipt, RootChange, SignedTime, Snapshot, Update, Wipe};
use keyfob_python_peer::Python;
use keyfob_signed::{BirthRequest, Certificate, Endorsement, EnrolmentRequest, Kind, verify};
use keyfob_wire::{PartitionId, Serial};
use serde_json::Value;

/// A signed thing, and what it has to be judged by.
struct Thing {
    kind: u64,
    signer: PublicKey,
    bound_to: Vec<[u8; 8]>,
    bytes: Vec<u8>,
}

impl Thing {
    fn of(case: &Value) -> Option<Self> {
        let bytes = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
        Some(Self {
            kind: case["kind"].as_u64()?,
            signer: PublicKey(bytes(&case["signer"]).try_into().unwrap()),
            bound_to: case["bound_to"].as_array()?.iter().map(|part| bytes(part).try_into().unwrap()).collect(),
            bytes: bytes(&case["envelope"]),
        })
    }

    fn is_genuine(&self, bytes: &[u8]) -> bool {
        let signer = &self.signer;
        let (serial, partition) = match self.bound_to[..] {
            [] => (Serial([0; 8]), PartitionId([0; 8])),
            [serial] => (Serial(serial), PartitionId([0; 8])),
            [serial, partition] => (Serial(serial), PartitionId(partition)),
            _ => panic!("bound to {:?}", self.bound_to),
        };
        let both = (serial, partition);
        match self.kind {
            k if k == Kind::Certificate as u64 => verify::<RustCrypto, Certificate>(bytes, signer, &()).is_ok(),
            k if k == Kind::BirthRequest as u64 => verify::<RustCrypto, BirthRequest>(bytes, signer, &()).is_ok(),
            k if k == Kind::EnrolmentRequest as u64 => {
                verify::<RustCrypto, EnrolmentRequest>(bytes, signer, &serial).is_ok()
            }
            k if k == Kind::Endorsement as u64 => verify::<RustCrypto, Endorsement>(bytes, signer, &serial).is_ok(),
            k if k == Kind::Update as u64 => verify::<RustCrypto, Update<'_>>(bytes, signer, &both).is_ok(),
            k if k == Kind::Grant as u64 => verify::<RustCrypto, Grant<'_>>(bytes, signer, &both).is_ok(),
            k if k == Kind::Receipt as u64 => verify::<RustCrypto, Receipt<'_>>(bytes, signer, &both).is_ok(),
            k if k == Kind::Time as u64 => verify::<RustCrypto, SignedTime>(bytes, signer, &both).is_ok(),
            k if k == Kind::Snapshot as u64 => verify::<RustCrypto, Snapshot<'_>>(bytes, signer, &both).is_ok(),
            k if k == Kind::Proof as u64 => verify::<RustCrypto, Proof<'_>>(bytes, signer, &both).is_ok(),
            k if k == Kind::Wipe as u64 => verify::<RustCrypto, Wipe>(bytes, signer, &both).is_ok(),
            k if k == Kind::RootChange as u64 => verify::<RustCrypto, RootChange>(bytes, signer, &both).is_ok(),
            other => panic!("kind {other}"),
        }
    }

    /// Itself first; then with a bit of each byte flipped, cut after each byte, and longer by one.
    fn variants(&self) -> Vec<Vec<u8>> {
        let mut variants = vec![self.bytes.clone()];
        for place in 0..self.bytes.len() {
            let mut flipped = self.bytes.clone();
            flipped[place] ^= 1 << (place % 8);
            variants.extend([flipped, self.bytes[..place].to_vec()]);
        }
        variants.extend([0, 0xf6].map(|end| [&self.bytes[..], &[end]].concat()));
        variants
    }

    fn line(&self, bytes: &[u8]) -> String {
        let bound_to: Vec<_> = self.bound_to.iter().map(hex::encode).collect();
        format!("{} {} {} {}\n", self.kind, hex::encode(self.signer.0), bound_to.join(","), hex::encode(bytes))
    }
}

fn things() -> Vec<Thing> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/signed.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(vectors).unwrap()).unwrap();
    vectors["cases"].as_array().unwrap().iter().filter_map(Thing::of).collect()
}

#[test]
fn each_byte_of_every_kind_counts_for_both() {
    let Some(python) = Python::find() else { return };
    let things = things();
    let kinds: std::collections::BTreeSet<_> = things.iter().map(|thing| thing.kind).collect();
    assert!(kinds.into_iter().eq(1..=12), "a kind has no vector");
    let lines: String =
        things.iter().flat_map(|thing| thing.variants().into_iter().map(|bytes| thing.line(&bytes))).collect();
    let told = python.run("judge_kinds.py", &[], &lines);
    assert_eq!(told.exit, 0);
    let mut told = told.output.lines();
    let mut judged = 0;
    for thing in &things {
        for (number, bytes) in thing.variants().iter().enumerate() {
            let theirs = told.next().unwrap();
            let ours = thing.is_genuine(bytes);
            assert_eq!((ours, theirs == "genuine"), (number == 0, number == 0), "{}: {theirs}", thing.line(bytes));
            judged += 1;
        }
    }
    assert_eq!(told.next(), None);
    println!("{judged} judged alike");
    assert!(judged > 5_000);
}
