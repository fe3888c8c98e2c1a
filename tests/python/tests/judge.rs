//! What is refused in a signed thing: Python, from the specification, and ours judge alike.
#![cfg(unix)]

use keyfob_crypto::{P256Signing, RustCrypto, Secret, SigningKey, sha256};
use keyfob_issuing::OsEntropy;
use keyfob_python_peer::{Cast, Python};
use keyfob_signed::VendorRoot;
use keyfob_wire::Serial;
use minicbor::Encoder;

const SERIAL: Serial = Serial(*b"\x4b\x46\x01\x02\x03\x04\x05\x06");
const PROTECTED: &[u8] = &[0xa1, 0x01, 0x26];
/// The order of the curve's group (SP 800-186, section 3.2.1.3).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn key() -> P256Signing {
    P256Signing::from_secret(&Secret::new([7; 32])).unwrap()
}

fn cbor(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    bytes
}

/// An external_aad; the endorsement's own is of kind 4 and version 1.
fn aad(kind: u8, version: u8, signer: &[u8; 32], bound_to: &[&[u8]]) -> Vec<u8> {
    cbor(|e| {
        e.array(3 + bound_to.len() as u64).unwrap().u8(kind).unwrap().u8(version).unwrap().bytes(signer).unwrap();
        for part in bound_to {
            e.bytes(part).unwrap();
        }
    })
}

/// Signs anything, for whatever it is.
fn sign(protected: &[u8], aad: &[u8], payload: &[u8]) -> [u8; 64] {
    let structure = cbor(|e| {
        e.array(4).unwrap().str("Signature1").unwrap();
        e.bytes(protected).unwrap().bytes(aad).unwrap().bytes(payload).unwrap();
    });
    key().sign_digest(&sha256(&[&structure]), &mut OsEntropy).unwrap().0
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    cbor(|e| {
        e.bytes(bytes).unwrap();
    })
}

fn own_aad() -> Vec<u8> {
    aad(4, 1, &key().public().digest(), &[&SERIAL.0])
}

fn envelope(payload: &[u8], signature: &[u8]) -> Vec<u8> {
    cbor(|e| {
        e.array(4).unwrap().bytes(PROTECTED).unwrap().map(0).unwrap();
        e.bytes(payload).unwrap().bytes(signature).unwrap();
    })
}

/// An endorsement whose only fault, if any, is its payload.
fn endorsed(payload: &[u8]) -> Vec<u8> {
    envelope(payload, &sign(PROTECTED, &own_aad(), payload))
}

/// The payload's items, encoded.
fn items() -> Vec<Vec<u8>> {
    let point = bstr(&key().public().0);
    vec![bstr(&[1; 8]), point.clone(), point.clone(), point, vec![0x01], vec![0x01]]
}

fn payload(items: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x80 | u8::try_from(items.len()).unwrap()], items.concat()].concat()
}

/// An endorsement with another item.
fn with(index: usize, item: &[u8]) -> Vec<u8> {
    let mut items = items();
    items[index] = item.to_vec();
    endorsed(&payload(&items))
}

/// The same signature with the other `s`, which verifies as well.
fn high_s(signature: &[u8; 64]) -> Vec<u8> {
    let mut high = signature.to_vec();
    let mut borrow = 0;
    for index in (0..32).rev() {
        let difference = i16::from(ORDER[index]) - i16::from(signature[32 + index]) - borrow;
        borrow = i16::from(difference < 0);
        high[32 + index] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    high
}

/// What is as specified.
fn sound() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("genuine", endorsed(&payload(&items()))),
        ("the highest epoch", with(5, &[0x1a, 0xff, 0xff, 0xff, 0xff])),
        ("the highest levels", with(4, &[0x15])),
    ]
}

/// What isn't, with a signature that is right for it wherever one can be made.
fn faulty() -> Vec<(&'static str, Vec<u8>)> {
    let good = payload(&items());
    let digest = key().public().digest();
    let signature = sign(PROTECTED, &own_aad(), &good);
    let for_aad = |aad: &[u8]| envelope(&good, &sign(PROTECTED, aad, &good));
    let with_headers = |protected: &[u8], unprotected: &[u8]| {
        let signature = sign(protected, &own_aad(), &good);
        let [protected, good, signature] = [protected, &good, &signature[..]].map(bstr);
        [&[0x84], &protected[..], unprotected, &good, &signature].concat()
    };
    let replaced = |start: usize, length: usize, by: &[u8]| {
        let mut bytes = envelope(&good, &signature);
        bytes.splice(start..start + length, by.iter().copied());
        bytes
    };
    let uncompressed = key().public().to_uncompressed::<RustCrypto>().unwrap();
    let length = envelope(&good, &signature).len();
    let mut cases = vec![
        ("high s", envelope(&good, &high_s(&signature))),
        ("r is 0", envelope(&good, &[&[0; 32], &signature[32..]].concat())),
        ("s is 0", envelope(&good, &[&signature[..32], &[0; 32]].concat())),
        ("a short signature", envelope(&good, &signature[..63])),
        ("a long signature", envelope(&good, &[&signature[..], &[0]].concat())),
        ("of another kind", for_aad(&aad(5, 1, &digest, &[&SERIAL.0]))),
        ("of another version", for_aad(&aad(4, 2, &digest, &[&SERIAL.0]))),
        ("another signer named", for_aad(&aad(4, 1, &[0; 32], &[&SERIAL.0]))),
        ("for another fob", for_aad(&aad(4, 1, &digest, &[&[0; 8]]))),
        ("for no fob", for_aad(&aad(4, 1, &digest, &[]))),
        ("bound to a partition", for_aad(&aad(4, 1, &digest, &[&SERIAL.0, &[1; 8]]))),
        ("no external_aad", for_aad(&[])),
        ("an unprotected header", with_headers(PROTECTED, &[0xa1, 0x04, 0x41, 0x01])),
        ("the algorithm unprotected", with_headers(&[], &[0xa1, 0x01, 0x26])),
        ("the same algorithm unprotected too", with_headers(PROTECTED, &[0xa1, 0x01, 0x26])),
        ("another algorithm", with_headers(&[0xa1, 0x01, 0x27], &[0xa0])),
        ("one more protected header", with_headers(&[0xa2, 0x01, 0x26, 0x04, 0x41, 0x01], &[0xa0])),
        ("no headers", with_headers(&[0xa0], &[0xa0])),
        ("a long protected header", with_headers(&[0xa1, 0x01, 0x38, 0x06], &[0xa0])),
        ("unprotected headers as an array", with_headers(PROTECTED, &[0x80])),
        ("tagged", replaced(0, 0, &[0xd2])),
        ("five items", [replaced(0, 1, &[0x85]), vec![0xf6]].concat()),
        ("three items", replaced(length - 66, 66, &[])),
        ("an indefinite envelope", [replaced(0, 1, &[0x9f]), vec![0xff]].concat()),
        ("a long length of the envelope", replaced(0, 1, &[0x98, 0x04])),
        ("a long length of a header", replaced(1, 1, &[0x58, 0x03])),
        ("an indefinite map", replaced(5, 1, &[0xbf, 0xff])),
        ("a long length of the payload", replaced(6, 2, &[0x59, 0x00, u8::try_from(good.len()).unwrap()])),
        ("a payload as text", replaced(6, 1, &[0x78])),
        ("a null payload", replaced(6, 2 + good.len(), &[0xf6])),
        ("bytes after it", [endorsed(&good), vec![0x00]].concat()),
        ("nothing", Vec::new()),
        ("bytes after the payload", endorsed(&[&good[..], &[0x00]].concat())),
        ("an empty payload", endorsed(&[])),
        ("an indefinite payload", endorsed(&[&[0x9f], &good[1..], &[0xff]].concat())),
        ("a long length within", endorsed(&[&[0x98, 0x06], &good[1..]].concat())),
        ("a field more", endorsed(&payload(&[items(), vec![vec![0x00]]].concat()))),
        ("a field less", endorsed(&payload(&items()[..5]))),
        ("a map", endorsed(&[0xa0])),
        ("a key of 65 bytes", with(1, &bstr(&uncompressed))),
        ("a key of 32 bytes", with(2, &bstr(&[2; 32]))),
        ("a partition of 7 bytes", with(0, &bstr(&[1; 7]))),
        ("a partition as text", with(0, b"\x68partitio")),
        ("levels of 9 bits", with(4, &[0x19, 0x01, 0x00])),
        ("levels that aren't defined", with(4, &[0x06])),
        ("an undefined bit of levels", with(4, &[0x18, 0x20])),
    ];
    for (name, epoch) in [
        ("a long epoch", &[0x18, 0x01][..]),
        ("an epoch in five bytes", &[0x1a, 0, 0, 0, 1]),
        ("an epoch past u32", &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("a negative epoch", &[0x20]),
        ("an epoch as bignum", &[0xc2, 0x41, 0x01]),
        ("an epoch past u64", &[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("an epoch as float", &[0xf9, 0x3c, 0x00]),
        ("true as epoch", &[0xf5]),
        ("null as epoch", &[0xf6]),
        ("an epoch as array", &[0x81, 0x01]),
        ("a tagged epoch", &[0xd8, 0x20, 0x01]),
    ] {
        cases.push((name, with(5, epoch)));
    }
    cases
}

/// Judges with both and insists that they agree.
fn judge(python: &Python, root: VendorRoot, serial: Serial, cases: &[Vec<u8>]) -> Vec<bool> {
    let lines: String = cases.iter().map(|bytes| hex::encode(bytes) + "\n").collect();
    let told = python.run("judge.py", &[&hex::encode(root.0.0), &hex::encode(serial.0)], &lines);
    assert_eq!(told.exit, 0);
    let theirs: Vec<_> = told.output.lines().map(|line| line == "genuine").collect();
    assert_eq!(theirs.len(), cases.len());
    for ((bytes, theirs), why) in cases.iter().zip(&theirs).zip(told.output.lines()) {
        let ours = root.verify_endorsement::<RustCrypto>(bytes, serial, 0);
        assert_eq!(ours.is_ok(), *theirs, "Python says {why}, of {}", hex::encode(bytes));
    }
    theirs
}

#[test]
fn each_fault_is_refused_by_both() {
    let Some(python) = Python::find() else { return };
    for (cases, genuine) in [(sound(), true), (faulty(), false)] {
        let bytes: Vec<_> = cases.iter().map(|(_, bytes)| bytes.clone()).collect();
        let verdicts = judge(&python, VendorRoot(key().public()), SERIAL, &bytes);
        for ((name, _), verdict) in cases.iter().zip(verdicts) {
            assert_eq!(verdict, genuine, "{name}");
        }
    }
}

#[test]
fn each_bit_of_an_endorsement_counts() {
    let Some(python) = Python::find() else { return };
    let cast = Cast::new();
    let genuine = &cast.endorsement;
    let mut cases = vec![genuine.clone()];
    for bit in 0..genuine.len() * 8 {
        let mut bytes = genuine.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        cases.push(bytes);
    }
    cases.extend((0..genuine.len()).map(|length| genuine[..length].to_vec()));
    let verdicts = judge(&python, cast.vendor.root(), cast.record.serial, &cases);
    let accepted: Vec<_> = (0..verdicts.len()).filter(|case| verdicts[*case]).collect();
    assert_eq!(accepted, [0]);
}

/// Python reads each key as a point at once; ours does when the key is used, and by then refuses too.
#[test]
fn a_key_that_is_no_point_is_of_no_use() {
    let Some(python) = Python::find() else { return };
    let no_points = [[&[2], &[0xff; 32][..]].concat(), vec![0; 33]];
    for bytes in no_points.iter().map(|point| with(1, &bstr(point))) {
        let root = VendorRoot(key().public());
        let told =
            python.run("judge.py", &[&hex::encode(root.0.0), &hex::encode(SERIAL.0)], &(hex::encode(&bytes) + "\n"));
        assert_eq!(told.output.trim(), "a key that isn't a point");
        let ours =
            root.verify_endorsement::<RustCrypto>(&bytes, SERIAL, 0).map(|it| it.handshake.check::<RustCrypto>());
        assert!(!matches!(ours, Ok(Ok(()))));
    }
}
