//! The envelope: what is accepted, and that nothing else is.

use keyfob_crypto::{AgreementKey, Crypto, Entropy, PublicKey, RustCrypto, Signature, SigningKey, sha256};
use keyfob_signed::{
    Certificate, Endorsement, EnrolmentRequest, Invalid, Kind, Levels, Payload, Rights, Role, SignError, Usage, sign,
    verify,
};
use keyfob_wire::{PartitionId, ProductId, Serial, Subject};

type Signing = <RustCrypto as Crypto>::Signing;

struct Os;

impl Entropy for Os {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).unwrap();
    }
}

const SERIAL: Serial = Serial([1, 2, 3, 4, 5, 6, 7, 8]);

fn key() -> PublicKey {
    <RustCrypto as Crypto>::Agreement::generate(&mut Os).public()
}

fn endorsement() -> Endorsement {
    Endorsement {
        partition: PartitionId([9; 8]),
        handshake: key(),
        sealing: key(),
        proof: key(),
        levels: Levels::EMULATED,
        epoch: 1,
    }
}

fn certificate() -> Certificate {
    Certificate {
        subject: Subject([4; 8]),
        role: Role::App,
        usage: Usage::Handshake,
        epoch: 1,
        product: ProductId(7),
        attributes: Rights::ALL.number(),
        key: key(),
    }
}

fn signed<'a, T: Payload<'a>>(payload: &T, binding: &T::Binding, key: &Signing) -> Vec<u8> {
    sign::<RustCrypto, T>(payload, binding, key, &mut Os, &mut [0; 500]).unwrap().to_vec()
}

/// The bytes as a reader of RFC 9052 would put them together, with another CBOR writer's calls.
#[test]
fn it_is_cose_sign1() {
    let (key, endorsement) = (Signing::generate(&mut Os), endorsement());
    let bytes = signed(&endorsement, &SERIAL, &key);
    let mut payload = Vec::new();
    endorsement.encode(&mut minicbor::Encoder::new(&mut payload)).unwrap();

    let mut decoder = minicbor::Decoder::new(&bytes);
    assert_eq!(decoder.array().unwrap(), Some(4));
    assert_eq!(decoder.bytes().unwrap(), [0xa1, 0x01, 0x26]);
    assert_eq!(decoder.map().unwrap(), Some(0));
    assert_eq!(decoder.bytes().unwrap(), payload);
    let signature: [u8; 64] = decoder.bytes().unwrap().try_into().unwrap();
    assert_eq!(decoder.position(), bytes.len());

    let mut aad = minicbor::Encoder::new(Vec::new());
    aad.array(4).unwrap().u8(Kind::Endorsement as u8).unwrap().u8(1).unwrap();
    aad.bytes(&key.public().digest()).unwrap().bytes(&SERIAL.0).unwrap();
    let mut structure = minicbor::Encoder::new(Vec::new());
    structure.array(4).unwrap().str("Signature1").unwrap().bytes(&[0xa1, 0x01, 0x26]).unwrap();
    structure.bytes(&aad.into_writer()).unwrap().bytes(&payload).unwrap();
    let digest = sha256(&[&structure.into_writer()]);
    RustCrypto::verify_digest(&key.public(), &digest, &Signature(signature)).unwrap();

    let verified = verify::<RustCrypto, Endorsement>(&bytes, &key.public(), &SERIAL).unwrap();
    assert_eq!(verified.digest(), digest);
    assert_eq!(*verified, endorsement);
}

/// An endorsement has to leave room for the handshake in five reports: 293 bytes less 98.
#[test]
fn an_endorsement_fits_its_place() {
    let bytes = signed(&endorsement(), &SERIAL, &Signing::generate(&mut Os));
    assert_eq!(bytes.len(), 191);
}

#[test]
fn altered_bytes_are_refused() {
    let key = Signing::generate(&mut Os);
    let bytes = signed(&endorsement(), &SERIAL, &key);
    let accepts = |bytes: &[u8]| verify::<RustCrypto, Endorsement>(bytes, &key.public(), &SERIAL).is_ok();
    assert!(accepts(&bytes));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            assert!(!accepts(&altered), "byte {at}, bit {bit}");
        }
        assert!(!accepts(&bytes[..at]), "{at} bytes");
    }
    for more in 0..=u8::MAX {
        assert!(!accepts(&[&bytes[..], &[more]].concat()));
    }
}

#[test]
fn another_signer_binding_or_kind_is_refused() {
    let (signer, other) = (Signing::generate(&mut Os), Signing::generate(&mut Os));
    let bytes = signed(&endorsement(), &SERIAL, &signer);
    let refused = Some(Invalid::Signature);
    let serial = Serial([1, 2, 3, 4, 5, 6, 7, 9]);
    assert_eq!(verify::<RustCrypto, Endorsement>(&bytes, &other.public(), &SERIAL).err(), refused);
    assert_eq!(verify::<RustCrypto, Endorsement>(&bytes, &signer.public(), &serial).err(), refused);

    // The same bytes of payload under another kind: only external_aad tells them apart.
    let request = EnrolmentRequest {
        partition: PartitionId([9; 8]),
        vendor: [3; 32],
        handshake: key(),
        sealing: key(),
        proof: key(),
        nonce: [5; 16],
    };
    let bytes = signed(&request, &SERIAL, &signer);
    assert!(verify::<RustCrypto, EnrolmentRequest>(&bytes, &signer.public(), &SERIAL).is_ok());
    assert_eq!(verify::<RustCrypto, Endorsement>(&bytes, &signer.public(), &SERIAL).err(), refused);
}

/// The other signature that ECDSA allows for the same bytes is refused, or everything signed would have two forms.
#[test]
fn high_s_is_refused() {
    let key = Signing::generate(&mut Os);
    let mut bytes = signed(&certificate(), &(), &key);
    let (_, signature) = bytes.split_last_chunk_mut::<64>().unwrap();
    let parsed = p256::ecdsa::Signature::from_slice(signature).unwrap();
    let high = p256::ecdsa::Signature::from_scalars(parsed.r().to_bytes(), (-*parsed.s()).to_bytes()).unwrap();
    signature.copy_from_slice(&high.to_bytes());
    assert_eq!(verify::<RustCrypto, Certificate>(&bytes, &key.public(), &()).err(), Some(Invalid::Signature));
}

/// Genuinely signed, but spelled in ways that the specification doesn't allow.
#[test]
fn other_spellings_are_refused() {
    let key = Signing::generate(&mut Os);
    let bytes = signed(&certificate(), &(), &key);
    let accepts = |bytes: &[u8]| verify::<RustCrypto, Certificate>(bytes, &key.public(), &()).is_ok();
    let with = |from: &[u8], to: &[u8]| {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    };
    assert!(accepts(&with(&[0x84], &[0x84])));
    for (name, altered) in [
        ("tagged", with(&[0x84], &[0xd2, 0x84])),
        ("an array of indefinite length", [with(&[0x84], &[0x9f]), vec![0xff]].concat()),
        ("a longer head", with(&[0x84], &[0x98, 4])),
        ("the protected header in a map", with(&[0x43, 0xa1, 1, 0x26], &[0xa1, 1, 0x26])),
        ("an empty protected header", with(&[0x43, 0xa1, 1, 0x26], &[0x40])),
        ("an unprotected header", with(&[0x26, 0xa0], &[0x26, 0xa1, 1, 0x26])),
        ("an unprotected header that is no map", with(&[0x26, 0xa0], &[0x26, 0x80])),
        ("a longer length of the signature", with(&[0x58, 0x40], &[0x59, 0, 0x40])),
    ] {
        assert!(!accepts(&altered), "{name}");
    }
}

#[test]
fn a_small_buffer_is_no_panic() {
    let key = Signing::generate(&mut Os);
    let length = signed(&certificate(), &(), &key).len();
    for room in 0..length {
        let outcome = sign::<RustCrypto, _>(&certificate(), &(), &key, &mut Os, &mut vec![0; room]).map(<[u8]>::len);
        assert_eq!(outcome, Err(SignError::Room), "{room}");
    }
}
