use std::collections::BTreeSet;
use std::vec::Vec;

use zeroize::ZeroizeOnDrop;

use super::*;
use crate::{hmac_sha256, sha256};

/// RFC 6979 A.2.5, without added entropy: the nonces, and what they give.
#[test]
fn nonce_derivation_rfc_6979_a_2_5() {
    for (message, nonce, r) in [
        (
            "sample",
            "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        ),
        (
            "test",
            "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
        ),
    ] {
        let k = rfc6979_nonce(&bytes(VECTOR_KEY), &sha256(&[message.as_bytes()]), &[]);
        assert_eq!(hex::encode(k), nonce);
        assert_eq!(hex::encode(r_of(&k)), r);
    }
}

/// RFC 6979 A.2.5's signatures by the same library call, `s` brought to the lower half: without
/// added entropy in the one place where that is possible.
#[test]
fn signatures_rfc_6979_a_2_5() {
    use p256::ecdsa::signature::hazmat::PrehashSigner;

    let key = P256Signing::from_secret(&Secret::new(bytes(VECTOR_KEY))).unwrap();
    assert_eq!(hex::encode(key.public().0), "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
    for (message, high, s) in [
        ("sample", true, "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"),
        ("test", false, "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"),
    ] {
        let digest = sha256(&[message.as_bytes()]);
        let other = p256::ecdsa::SigningKey::from_slice(key.to_secret().expose()).unwrap();
        let plain: p256::ecdsa::Signature = other.sign_prehash(&digest).unwrap();
        let expected: [u8; 64] = plain.normalize_s().to_bytes().into();
        assert_eq!(key.sign_hedged(&digest, &[]).0, expected, "without added entropy it is RFC 6979's");
        assert_eq!(hex::encode(plain.split_bytes().1), s);
        let plain_bytes = Signature(plain.to_bytes().into());
        assert_eq!(plain_bytes.is_low_s(), !high);
        let low = Signature(plain.normalize_s().to_bytes().into());
        assert!(low.is_low_s());
        // The primitive takes both; refusing high ones is the envelope's rule.
        for signature in [plain_bytes, low] {
            assert_eq!(RustCrypto::verify_digest(&key.public(), &digest, &signature), Ok(()));
        }
    }
}

/// The nonce is RFC 6979 §3.6's for 32 bytes of fresh entropy, worked out here a second time.
#[test]
fn signing_is_hedged_as_rfc_6979_3_6() {
    let secret = bytes(VECTOR_KEY);
    let key = P256Signing::from_secret(&Secret::new(secret)).unwrap();
    let digest = sha256(&[b"sample"]);
    for added in [[0; 32], [0xff; 32], sha256(&[b"added"])] {
        let mut source = Script::new([added]);
        let signature = key.sign_digest(&digest, &mut source).unwrap();
        assert!(source.0.is_empty(), "entropy wasn't asked for");
        let expected = r_of(&rfc6979_nonce(&secret, &digest, &added));
        assert_eq!(signature.0[..32], expected);
    }
}

#[test]
fn a_thousand_signatures_differ_verify_and_are_low() {
    let key = P256Signing::generate(&mut System);
    let digest = sha256(&[b"the same message"]);
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        let signature = key.sign_digest(&digest, &mut System).unwrap();
        assert!(signature.is_low_s());
        assert_eq!(RustCrypto::verify_digest(&key.public(), &digest, &signature), Ok(()));
        seen.insert(signature.0);
    }
    assert_eq!(seen.len(), 1000);
}

#[test]
fn every_bit_of_a_signature_matters() {
    let key = P256Signing::generate(&mut System);
    let digest = sha256(&[b"message"]);
    let signature = key.sign_digest(&digest, &mut System).unwrap();
    for bit in 0..64 * 8 {
        let mut altered = signature;
        altered.0[bit / 8] ^= 1 << (bit % 8);
        let verified = RustCrypto::verify_digest(&key.public(), &digest, &altered);
        assert_eq!(verified, Err(BadSignature), "bit {bit}");
    }
    for bit in 0..32 * 8 {
        let mut altered = digest;
        altered[bit / 8] ^= 1 << (bit % 8);
        let verified = RustCrypto::verify_digest(&key.public(), &altered, &signature);
        assert_eq!(verified, Err(BadSignature), "bit {bit}");
    }
    let other = P256Signing::generate(&mut System).public();
    assert_eq!(RustCrypto::verify_digest(&other, &digest, &signature), Err(BadSignature));
}

#[test]
fn out_of_range_signatures_are_refused() {
    let key = P256Signing::generate(&mut System);
    let digest = sha256(&[b"message"]);
    let good = key.sign_digest(&digest, &mut System).unwrap();
    for wrong in [[0; 32], bytes(ORDER), [0xff; 32]] {
        for half in [0..32, 32..64] {
            let mut signature = good;
            signature.0[half].copy_from_slice(&wrong);
            let verified = RustCrypto::verify_digest(&key.public(), &digest, &signature);
            assert_eq!(verified, Err(BadSignature));
        }
    }
}

#[test]
fn lower_half_ends_where_it_should() {
    let order: [u8; 32] = bytes(ORDER);
    let low = bytes("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");
    let mut high = low;
    high[31] += 1;
    // The two halves meet at the order.
    let mut carry = 0;
    for position in (0..32).rev() {
        let sum = u16::from(low[position]) + u16::from(high[position]) + carry;
        assert_eq!(sum & 0xff, u16::from(order[position]));
        carry = sum >> 8;
    }
    let with_s = |s: [u8; 32]| Signature([[0xff; 32], s].concat().try_into().unwrap());
    assert!(with_s(low).is_low_s());
    assert!(!with_s(high).is_low_s());
    assert!(!with_s([0xff; 32]).is_low_s());
}

/// What a glitch would give is never handed out, and isn't tried for ever.
#[test]
fn only_a_verified_signature_is_released() {
    let run = |results: &[Option<bool>]| {
        let mut results = results.iter();
        let mut tries = 0;
        let released = first_verified(
            || {
                tries += 1;
                *results.next().unwrap()
            },
            |good| *good,
        );
        (released, tries)
    };
    assert_eq!(run(&[Some(true)]), (Ok(true), 1));
    assert_eq!(run(&[Some(false), Some(true)]), (Ok(true), 2));
    assert_eq!(run(&[None, Some(true)]), (Ok(true), 2));
    assert_eq!(run(&[Some(false), Some(false)]), (Err(SigningFailed), 2));
    assert_eq!(run(&[None, Some(false)]), (Err(SigningFailed), 2));
}

/// As if the scalar had been altered after the public key was worked out from it.
#[test]
fn a_corrupted_key_signs_nothing() {
    let (key, other) = (P256Signing::generate(&mut System), P256Signing::generate(&mut System));
    let corrupted = P256Signing::from_pair(&other.to_secret(), &key.public()).unwrap();
    let digest = sha256(&[b"message"]);
    let mut source = Script::new([[1; 32], [2; 32], [3; 32]]);
    assert_eq!(corrupted.sign_digest(&digest, &mut source), Err(SigningFailed));
    assert_eq!(source.0.len(), 1, "each try takes fresh entropy");
}

#[test]
fn a_pair_is_the_key() {
    let key = P256Signing::generate(&mut System);
    let pair = P256Signing::from_pair(&key.to_secret(), &key.public()).unwrap();
    let digest = sha256(&[b"message"]);
    let sign = |key: &P256Signing| key.sign_digest(&digest, &mut Script::new([[1; 32]])).unwrap().0;
    assert_eq!(sign(&pair), sign(&key));
    assert!(P256Signing::from_pair(&Secret::zero(), &key.public()).is_err());
    assert!(P256Signing::from_pair(&key.to_secret(), &PublicKey([5; 33])).is_err());
}

/// What is taken from a pair agrees as the key does, with a scalar that is checked; the public key is believed.
#[test]
fn a_pair_agrees_as_the_key() {
    let (key, peer) = (P256Agreement::generate(&mut System), P256Agreement::generate(&mut System));
    let pair = P256Agreement::from_pair(&key.to_secret(), &key.public()).unwrap();
    assert_eq!(pair.public(), key.public());
    assert!(pair.agree(&peer.public()).unwrap() == peer.agree(&key.public()).unwrap());
    let wrong = P256Agreement::from_pair(&key.to_secret(), &peer.public()).unwrap();
    assert!(wrong.agree(&peer.public()).unwrap() != peer.agree(&wrong.public()).unwrap());
    assert!(P256Agreement::from_pair(&Secret::zero(), &key.public()).is_err());
}

#[test]
fn scalars_are_taken_from_one_to_below_the_order() {
    let order = bytes(ORDER);
    let mut last = order;
    last[31] -= 1;
    let mut beyond = order;
    beyond[31] += 1;
    for refused in [[0; 32], order, beyond, [0xff; 32]] {
        assert!(P256Agreement::from_secret(&Secret::new(refused)).is_err());
        assert!(P256Signing::from_secret(&Secret::new(refused)).is_err());
    }
    let mut one = [0; 32];
    one[31] = 1;
    // Once and n - 1 times the generator: the same x, the other y (SP 800-186 §3.2.1.3).
    let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    for (scalar, prefix) in [(one, "03"), (last, "02")] {
        let agreement = P256Agreement::from_secret(&Secret::new(scalar)).unwrap();
        let signing = P256Signing::from_secret(&Secret::new(scalar)).unwrap();
        assert_eq!(hex::encode(agreement.public().0), [prefix, x].concat());
        assert_eq!(signing.public(), agreement.public());
        assert_eq!(agreement.to_secret().expose(), &scalar);
        assert_eq!(signing.to_secret().expose(), &scalar);
    }
}

#[test]
fn generating_passes_over_what_is_no_scalar() {
    let good = sha256(&[b"a scalar"]);
    let draws = [[0; 32], bytes(ORDER), [0xff; 32], good, [7; 32]];
    let mut source = Script::new(draws);
    assert_eq!(P256Agreement::generate(&mut source).to_secret().expose(), &good);
    assert_eq!(source.0.len(), 1);
    let mut source = Script::new(draws);
    assert_eq!(P256Signing::generate(&mut source).to_secret().expose(), &good);
    assert_eq!(source.0.len(), 1);
}

#[test]
fn agreement_is_mutual() {
    let (ours, theirs) = (P256Agreement::generate(&mut System), P256Agreement::generate(&mut System));
    let shared = ours.agree(&theirs.public()).unwrap();
    assert!(shared == theirs.agree(&ours.public()).unwrap());
    assert!(shared != ours.agree(&ours.public()).unwrap());
}

/// Every way a point can be wrong, at every door.
#[test]
fn invalid_points_are_refused_everywhere() {
    let good = P256Agreement::generate(&mut System).public();
    let digest = sha256(&[b"message"]);
    let signer = P256Signing::generate(&mut System);
    let signature = signer.sign_digest(&digest, &mut System).unwrap();
    let refused = |key: &PublicKey| {
        assert_eq!(key.check::<RustCrypto>(), Err(BadKey));
        assert_eq!(RustCrypto::decompress(key), Err(BadKey));
        assert!(P256Agreement::generate(&mut System).agree(key).is_err());
        assert_eq!(RustCrypto::verify_digest(key, &digest, &signature), Err(BadSignature));
    };
    for prefix in (0..=u8::MAX).filter(|prefix| !matches!(prefix, 2 | 3)) {
        // All other prefixes in front of a good x, also that of the compact form, 5.
        let mut key = signer.public();
        key.0[0] = prefix;
        refused(&key);
    }
    refused(&PublicKey([0; 33])); // infinity, filled up
    for prefix in ["02", "03"] {
        // One is no point's x. The prime, and the prime plus five (five is a point's x), would be
        // other names of points.
        for x in [
            "0000000000000000000000000000000000000000000000000000000000000001",
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            "ffffffff00000001000000000000000000000001000000000000000000000004",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ] {
            refused(&PublicKey(bytes(&[prefix, x].concat())));
        }
        let five = "0000000000000000000000000000000000000000000000000000000000000005";
        let five = PublicKey(bytes(&[prefix, five].concat()));
        assert_eq!(five.check::<RustCrypto>(), Ok(()));
    }
    let uncompressed = good.to_uncompressed::<RustCrypto>().unwrap();
    assert_eq!(PublicKey::from_uncompressed::<RustCrypto>(&uncompressed), Ok(good));
    for bit in 0..65 * 8 {
        let mut altered = uncompressed;
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(RustCrypto::compress(&altered), Err(BadKey), "bit {bit}");
    }
    // Also 6 and 7, the hybrid form that repeats the parity of y.
    for prefix in (0..=u8::MAX).filter(|prefix| *prefix != 4) {
        let mut altered = uncompressed;
        altered[0] = prefix;
        assert_eq!(RustCrypto::compress(&altered), Err(BadKey), "prefix {prefix}");
    }
    assert_eq!(RustCrypto::compress(&[0; 65]), Err(BadKey));
}

#[test]
fn a_failed_open_leaves_the_ciphertext() {
    let key = Aes256Gcm::new(&Secret::random(&mut System));
    let plaintext: Vec<u8> = (0..100).collect();
    let mut sealed = plaintext.clone();
    let tag = key.seal(&[1; 12], b"aad", &mut sealed);
    let open = |nonce: u8, aad: &[u8], tag: &[u8; 16], sealed: &[u8]| {
        let mut data = sealed.to_vec();
        let result = key.open(&[nonce; 12], aad, &mut data, tag);
        (result, data)
    };
    assert_eq!(open(1, b"aad", &tag, &sealed), (Ok(()), plaintext));
    let failed = || (Err(OpenFailed), sealed.clone());
    assert_eq!(open(2, b"aad", &tag, &sealed), failed());
    assert_eq!(open(1, b"aaD", &tag, &sealed), failed());
    for bit in 0..16 * 8 {
        let mut tag = tag;
        tag[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(1, b"aad", &tag, &sealed), failed());
    }
    for bit in 0..100 * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(1, b"aad", &tag, &altered), (Err(OpenFailed), altered));
    }
}

/// Features of the libraries turn this on; without them it doesn't compile.
#[test]
fn secret_state_is_overwritten_on_drop() {
    fn overwritten<T: ZeroizeOnDrop>() {}
    overwritten::<p256::SecretKey>();
    overwritten::<p256::ecdsa::SigningKey>();
    overwritten::<aes_gcm::Aes256Gcm>();
    overwritten::<sha2::Sha256>();
    overwritten::<crate::Sha256>();
}

/// RFC 6979 §3.2 with the additional data of §3.6, for digests below the order.
fn rfc6979_nonce(secret: &[u8; 32], digest: &[u8; 32], added: &[u8]) -> [u8; 32] {
    let hmac = |key: &[u8; 32], parts: &[&[u8]]| *hmac_sha256(key, parts).expose();
    let mut v = [1; 32];
    let mut k = [0; 32];
    for step in [0, 1] {
        k = hmac(&k, &[&v, &[step], secret, digest, added]);
        v = hmac(&k, &[&v]);
    }
    hmac(&k, &[&v])
}

/// The x-coordinate of `nonce` times the generator.
fn r_of(nonce: &[u8; 32]) -> [u8; 32] {
    let point = P256Agreement::from_secret(&Secret::new(*nonce)).unwrap().public();
    point.0[1..].try_into().unwrap()
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

const VECTOR_KEY: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// Gives what it was told, 32 bytes at a time.
struct Script(Vec<[u8; 32]>);

impl Script {
    fn new(draws: impl IntoIterator<Item = [u8; 32]>) -> Self {
        let mut draws: Vec<_> = draws.into_iter().collect();
        draws.reverse();
        Self(draws)
    }
}

impl Entropy for Script {
    fn fill(&mut self, out: &mut [u8]) {
        out.copy_from_slice(&self.0.pop().unwrap());
    }
}

struct System;

impl Entropy for System {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).unwrap();
    }
}
