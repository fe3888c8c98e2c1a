//! Our HPKE against the `hpke` crate, in both directions, and against everything altered.

use hpke::aead::{AeadTag, AesGcm256};
use hpke::inout::InOutBuf;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use keyfob_crypto::hpke::{open, seal};
use keyfob_crypto::{AgreementKey, BadKey, Entropy, HpkeError, OpenFailed, P256Agreement, PublicKey, RustCrypto};

#[test]
fn the_peer_opens_what_we_seal() {
    for length in LENGTHS {
        let (secret, public) = DhP256HkdfSha256::gen_keypair();
        let uncompressed: [u8; 65] = public.to_bytes().into();
        let recipient = PublicKey::from_uncompressed::<RustCrypto>(&uncompressed).unwrap();
        let plaintext = pattern(length);
        let mut data = plaintext.clone();
        let (enc, tag) = seal::<RustCrypto>(&recipient, b"info", b"aad", &mut data, &mut System).unwrap();
        assert!(length < 16 || data != plaintext);

        let enc = <DhP256HkdfSha256 as Kem>::EncappedKey::from_bytes(&enc).unwrap();
        hpke::single_shot_open_inout_detached::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &enc,
            b"info",
            InOutBuf::from(&mut data[..]),
            b"aad",
            &AeadTag::from_bytes(&tag).unwrap(),
        )
        .unwrap();
        assert_eq!(data, plaintext);
    }
}

#[test]
fn we_open_what_the_peer_seals() {
    for length in LENGTHS {
        let key = P256Agreement::generate(&mut System);
        let public = key.public().to_uncompressed::<RustCrypto>().unwrap();
        let recipient = <DhP256HkdfSha256 as Kem>::PublicKey::from_bytes(&public).unwrap();
        let plaintext = pattern(length);
        let mut data = plaintext.clone();
        let (enc, tag) = hpke::single_shot_seal_inout_detached::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeS::Base,
            &recipient,
            b"info",
            InOutBuf::from(&mut data[..]),
            b"aad",
        )
        .unwrap();
        let (enc, tag) = (enc.to_bytes().into(), tag.to_bytes().into());
        open::<RustCrypto>(&key, &enc, b"info", b"aad", &mut data, &tag).unwrap();
        assert_eq!(data, plaintext);
    }
}

/// Every bit of `enc`, ciphertext and tag, and each other input, must matter.
#[test]
fn nothing_altered_opens() {
    let key = P256Agreement::generate(&mut System);
    let plaintext = pattern(32);
    let mut sealed = plaintext.clone();
    let (enc, tag) = seal::<RustCrypto>(&key.public(), b"info", b"aad", &mut sealed, &mut System).unwrap();
    let attempt = |key: &P256Agreement, enc: &[u8; 65], info: &[u8], aad: &[u8], sealed: &[u8], tag: &[u8; 16]| {
        let mut data = sealed.to_vec();
        let result = open::<RustCrypto>(key, enc, info, aad, &mut data, tag);
        if result.is_err() {
            assert_eq!(data, sealed, "a failed open must leave the ciphertext alone");
        } else {
            assert_eq!(data, plaintext);
        }
        result
    };
    let failed = Err(HpkeError::OpenFailed(OpenFailed));
    assert_eq!(attempt(&key, &enc, b"info", b"aad", &sealed, &tag), Ok(()));
    assert_eq!(attempt(&key, &enc, b"infO", b"aad", &sealed, &tag), failed);
    assert_eq!(attempt(&key, &enc, b"info", b"aaD", &sealed, &tag), failed);
    assert_eq!(attempt(&key, &enc, b"info", b"aad", &sealed[..31], &tag), failed);
    let other = P256Agreement::generate(&mut System);
    assert_eq!(attempt(&other, &enc, b"info", b"aad", &sealed, &tag), failed);
    for bit in 0..65 * 8 {
        let mut enc = enc;
        enc[bit / 8] ^= 1 << (bit % 8);
        // Hardly any of these is a point of the curve at all.
        let refused = attempt(&key, &enc, b"info", b"aad", &sealed, &tag);
        assert_eq!(refused, Err(HpkeError::BadKey(BadKey)), "bit {bit} of enc");
    }
    for bit in 0..32 * 8 {
        let mut sealed = sealed.clone();
        sealed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(attempt(&key, &enc, b"info", b"aad", &sealed, &tag), failed, "bit {bit}");
    }
    for bit in 0..16 * 8 {
        let mut tag = tag;
        tag[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(attempt(&key, &enc, b"info", b"aad", &sealed, &tag), failed, "bit {bit}");
    }
    // Another point of the curve: the same x with the other y.
    let mut mirrored = PublicKey::from_uncompressed::<RustCrypto>(&enc).unwrap();
    mirrored.0[0] ^= 1;
    let mirrored = mirrored.to_uncompressed::<RustCrypto>().unwrap();
    assert_eq!(attempt(&key, &mirrored, b"info", b"aad", &sealed, &tag), failed);
}

#[test]
fn sealing_to_no_point_leaves_the_data_alone() {
    let mut data = pattern(32);
    for prefix in [0x00, 0x02, 0x04, 0x05] {
        let mut key = PublicKey([0; 33]);
        key.0[0] = prefix;
        // Zero is the x-coordinate of a point, one isn't.
        key.0[32] = 1;
        assert_eq!(seal::<RustCrypto>(&key, b"", b"", &mut data, &mut System), Err(BadKey));
        assert_eq!(data, pattern(32));
    }
}

const LENGTHS: [usize; 6] = [0, 1, 16, 32, 64, 1000];

fn pattern(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(length).collect()
}

struct System;

impl Entropy for System {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).unwrap();
    }
}
