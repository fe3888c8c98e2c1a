use keyfob_crypto::{AgreementKey, PublicKey, Signature};
use keyfob_signed::{Board, TEST_MAKER_ROOT};

use super::*;
use crate::OsEntropy;
use crate::bench::{Bench, NONCE, damaged, hardware};

#[test]
fn the_published_root_is_the_derived_one_and_its_batch_never_changes() {
    let maker = Maker::test().unwrap();
    assert_eq!(maker.root(), TEST_MAKER_ROOT);
    assert_eq!(maker.batch(), Maker::test().unwrap().batch());
    let batch = TEST_MAKER_ROOT.verify_batch::<RustCrypto>(maker.batch()).unwrap();
    assert_eq!(batch.levels(), Some(Levels::EMULATED));
}

#[test]
fn certificates_verify_up_to_the_root() {
    let real = || (Maker::create(hardware(), &mut OsEntropy).unwrap(), Bench::real());
    let emulated = || (Maker::test().unwrap(), Bench::emulated());
    for (maker, token) in [real(), emulated()] {
        let certified = maker.certify(&token.birth(), &NONCE, &mut OsEntropy).unwrap();
        assert_eq!((certified.serial, certified.levels), (token.serial, token.levels));
        let install = InstallRequest::parse(&certified.install).unwrap();
        assert_eq!(install.maker_root, maker.root().0.0);

        let verified = |bytes, usage| {
            maker.root().verify_device::<RustCrypto>(install.batch, bytes, token.serial, usage).unwrap().into_inner()
        };
        let handshake = verified(install.device_handshake, Usage::Handshake);
        let signing = verified(install.device_signing, Usage::Signing);
        assert_eq!((handshake.key, handshake.levels()), (token.handshake.public(), Some(token.levels)));
        assert_eq!((signing.key, signing.levels()), (token.signing.public(), Some(token.levels)));
    }
}

#[test]
fn a_token_may_have_less_than_its_batch_but_never_more() {
    let maker = Maker::create(hardware(), &mut OsEntropy).unwrap();
    for number in 0..32 {
        let Some(levels) = Levels::from_number(number).filter(|levels| !levels.is_emulated()) else { continue };
        let mut token = Bench::real();
        token.levels = levels;
        let outcome = maker.certify(&token.birth(), &NONCE, &mut OsEntropy).map(|certified| certified.levels);
        let covered = levels.keys() <= hardware().keys() && levels.rollback() <= hardware().rollback();
        assert_eq!(outcome, if covered { Ok(levels) } else { Err(CertifyError::Levels) }, "{number}");
    }
}

#[test]
fn emulated_and_real_never_mix() {
    let production = Maker::create(hardware(), &mut OsEntropy).unwrap();
    let test = Maker::test().unwrap();
    for board in [Board::EMULATOR, Board::MPS2_AN386, Board::MPS2_AN505, crate::bench::BOARD] {
        for levels in [Levels::EMULATED, hardware(), Levels::default()] {
            let birth = Bench::new(board, levels).birth();
            let by = |maker: &Maker| maker.certify(&birth, &NONCE, &mut OsEntropy).map(|_| ());
            let (by_production, by_test) = match (board.is_emulated(), levels.is_emulated()) {
                (true, true) => (Err(CertifyError::Emulated), Ok(())),
                (false, false) => (Ok(()), Err(CertifyError::Real)),
                _ => (Err(CertifyError::Emulated), Err(CertifyError::Real)),
            };
            assert_eq!((by(&production), by(&test)), (by_production, by_test), "{board:?} {levels:?}");
        }
    }
    assert_eq!(Maker::create(Levels::EMULATED, &mut OsEntropy).err(), Some(MakerError::Emulated));
}

#[test]
fn a_birth_request_answers_its_nonce_and_is_signed_by_its_key() {
    let maker = Maker::test().unwrap();
    let token = Bench::emulated();
    let certify = |birth: &[u8]| maker.certify(birth, &NONCE, &mut OsEntropy).map(|_| ());
    assert_eq!(maker.certify(&token.birth(), &[8; 16], &mut OsEntropy), Err(CertifyError::Nonce));

    let signed_by_another = Bench::emulated().sign_birth(&token.birth_request());
    assert_eq!(certify(&signed_by_another), Err(CertifyError::Request(Invalid::Signature)));
    assert_eq!(certify(b""), Err(CertifyError::Request(Invalid::Malformed)));
    for birth in damaged(&token.birth()) {
        assert!(matches!(certify(&birth), Err(CertifyError::Request(_))));
    }
}

#[test]
fn keys_that_are_none_are_refused() {
    let maker = Maker::test().unwrap();
    let token = Bench::emulated();
    let good = token.birth_request();
    let off_curve = PublicKey([0xff; 33]);
    for request in [
        BirthRequest { handshake: off_curve, ..good },
        BirthRequest { handshake: good.signing, ..good },
        BirthRequest { serial: Serial::default(), ..good },
    ] {
        let outcome = maker.certify(&token.sign_birth(&request), &NONCE, &mut OsEntropy);
        assert_eq!(outcome, Err(CertifyError::Keys));
    }
}

#[test]
fn parts_must_go_together() {
    let made = || Maker::create(hardware(), &mut OsEntropy).unwrap();
    let (Maker { root, batch_key, batch, .. }, other) = (made(), made());
    let again = |key: &P256Signing| P256Signing::from_secret(&key.to_secret()).unwrap();
    let put = |root: &P256Signing, key: &P256Signing, batch: &[u8]| {
        Maker::from_parts(again(root), again(key), batch.to_vec()).map(|maker| maker.levels())
    };
    assert_eq!(put(&root, &batch_key, &batch), Ok(hardware()));
    assert_eq!(put(&root, &other.batch_key, &batch), Err(MakerError::Batch(Invalid::Role)));
    assert_eq!(put(&other.root, &batch_key, &batch), Err(MakerError::Batch(Invalid::Signature)));
    let test = Maker::test().unwrap();
    assert_eq!(put(&test.root, &test.batch_key, &test.batch), Err(MakerError::Emulated));
}

#[test]
fn signatures_have_a_low_s() {
    let maker = Maker::test().unwrap();
    let token = Bench::emulated();
    for _ in 0..16 {
        let certified = maker.certify(&token.birth(), &NONCE, &mut OsEntropy).unwrap();
        let install = InstallRequest::parse(&certified.install).unwrap();
        for signed in [install.device_handshake, install.device_signing] {
            assert!(Signature(*signed.last_chunk().unwrap()).is_low_s());
        }
    }
}
