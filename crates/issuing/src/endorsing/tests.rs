use keyfob_crypto::{P256Signing, Secret, SigningKey, sha256};
use keyfob_signed::{Certificate, Levels, Role};
use keyfob_wire::{ProductId, Subject};

use super::*;
use crate::bench::{Bench, NONCE, damaged, hardware, test_vendor};
use crate::{Maker, OsEntropy};

const TRUSTED: [MakerRoot; 1] = [TEST_MAKER_ROOT];

#[test]
fn an_endorsement_says_what_the_token_asked_for() {
    let maker = Maker::create(hardware(), &mut OsEntropy).unwrap();
    for (vendor, token) in [
        (test_vendor(), Bench::installed()),
        (Vendor::create(VendorKind::Production, &mut OsEntropy), Bench::real().certified(&maker)),
    ] {
        let endorsed = token.endorsed(&vendor);
        let verified = vendor.root().verify_endorsement::<RustCrypto>(&endorsed.bytes, token.serial, 0).unwrap();
        let asked = token.enrolment_request(vendor.root());
        assert_eq!(verified.into_inner(), endorsed.endorsement);
        assert_eq!(
            endorsed.endorsement,
            Endorsement {
                partition: asked.partition,
                handshake: asked.handshake,
                sealing: asked.sealing,
                proof: asked.proof,
                levels: token.levels,
                epoch: 1,
            }
        );
        let elsewhere = vendor.root().verify_endorsement::<RustCrypto>(&endorsed.bytes, Serial([9; 8]), 0);
        assert_eq!(elsewhere.err(), Some(Invalid::Signature));
    }
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let (vendor, token) = (test_vendor(), Bench::installed());
    let good = token.enrolment_request(vendor.root());
    let endorse = |request: &EnrolmentRequest| {
        let request = token.sign_enrolment(request);
        vendor.endorse(token.serial, &NONCE, &token.answer(&request), &TRUSTED, &mut OsEntropy).map(|_| ())
    };
    assert_eq!(endorse(&good), Ok(()));
    assert_eq!(endorse(&EnrolmentRequest { nonce: [8; 16], ..good }), Err(EndorseError::Nonce));
    let other = test_vendor().root().0.digest();
    assert_eq!(endorse(&EnrolmentRequest { vendor: other, ..good }), Err(EndorseError::OtherVendor));

    let off_curve = PublicKey([0xff; 33]);
    for request in [
        EnrolmentRequest { handshake: off_curve, ..good },
        EnrolmentRequest { sealing: off_curve, ..good },
        EnrolmentRequest { proof: off_curve, ..good },
        EnrolmentRequest { sealing: good.handshake, ..good },
        EnrolmentRequest { proof: good.sealing, ..good },
        EnrolmentRequest { handshake: good.proof, ..good },
    ] {
        assert_eq!(endorse(&request), Err(EndorseError::Keys));
    }
}

#[test]
fn only_the_device_itself_is_endorsed() {
    let (vendor, token, other) = (test_vendor(), Bench::installed(), Bench::installed());
    let request = token.sign_enrolment(&token.enrolment_request(vendor.root()));
    let endorse =
        |serial, answer: &EnrolAnswer<'_>| vendor.endorse(serial, &NONCE, answer, &TRUSTED, &mut OsEntropy).map(|_| ());
    let good = token.answer(&request);
    let theirs = other.answer(&request);

    // Another's serial, certificate, or signature.
    assert_eq!(endorse(other.serial, &good), Err(EndorseError::Certificate(Invalid::Role)));
    assert_eq!(endorse(other.serial, &theirs), Err(EndorseError::Request(Invalid::Signature)));
    assert_eq!(endorse(token.serial, &theirs), Err(EndorseError::Certificate(Invalid::Role)));
    let foreign = other.sign_enrolment(&token.enrolment_request(vendor.root()));
    assert_eq!(endorse(token.serial, &token.answer(&foreign)), Err(EndorseError::Request(Invalid::Signature)));
    // The handshake's certificate in the place of the signing key's.
    let swapped = EnrolAnswer { device_signing: token.installed_certificates().device_handshake, ..good };
    assert_eq!(endorse(token.serial, &swapped), Err(EndorseError::Certificate(Invalid::Role)));

    for bytes in damaged(&request) {
        assert!(matches!(endorse(token.serial, &token.answer(&bytes)), Err(EndorseError::Request(_))));
    }
    for bytes in damaged(good.device_signing) {
        let outcome = endorse(token.serial, &EnrolAnswer { device_signing: &bytes, ..good });
        assert!(matches!(outcome, Err(EndorseError::Certificate(_))));
    }
    for bytes in damaged(good.batch) {
        let outcome = endorse(token.serial, &EnrolAnswer { batch: &bytes, ..good });
        assert!(matches!(outcome, Err(EndorseError::Certificate(_))));
    }
}

#[test]
fn a_maker_must_be_trusted() {
    let (vendor, token) = (test_vendor(), Bench::installed());
    let maker = Maker::create(hardware(), &mut OsEntropy).unwrap();
    let request = token.sign_enrolment(&token.enrolment_request(vendor.root()));
    let answer = token.answer(&request);
    for trusted in [&[][..], &[maker.root()]] {
        let outcome = vendor.endorse(token.serial, &NONCE, &answer, trusted, &mut OsEntropy);
        assert_eq!(outcome, Err(EndorseError::UntrustedMaker));
    }
    // Who only says that he is of a trusted maker.
    let claimed = EnrolAnswer { maker_root: maker.root().0.0, ..answer };
    let outcome = vendor.endorse(token.serial, &NONCE, &claimed, &[maker.root()], &mut OsEntropy);
    assert_eq!(outcome, Err(EndorseError::Certificate(Invalid::Signature)));
}

#[test]
fn emulated_and_real_never_mix() {
    let maker = Maker::create(hardware(), &mut OsEntropy).unwrap();
    let trusted = [maker.root(), TEST_MAKER_ROOT];
    let production = Vendor::create(VendorKind::Production, &mut OsEntropy);
    for (vendor, token, error) in [
        (&production, Bench::installed(), EndorseError::Emulated),
        (&test_vendor(), Bench::real().certified(&maker), EndorseError::Real),
    ] {
        let request = token.sign_enrolment(&token.enrolment_request(vendor.root()));
        let outcome = vendor.endorse(token.serial, &NONCE, &token.answer(&request), &trusted, &mut OsEntropy);
        assert_eq!(outcome, Err(error));
    }
}

/// Whatever a maker's own tools refuse to certify, who has its root key can: levels and root are free here.
fn forged(root: &P256Signing, levels: Levels, vendor: &Vendor) -> Result<(), EndorseError> {
    let token = Bench::real();
    let batch_key = P256Signing::generate(&mut OsEntropy);
    let certificate = |role, subject, key| Certificate {
        subject,
        role,
        usage: Usage::Signing,
        epoch: 1,
        product: ProductId(0),
        attributes: levels.number(),
        key,
    };
    let batch = certificate(Role::Batch, Subject([1; 8]), batch_key.public());
    let batch = signed(&batch, &(), root, &mut OsEntropy).unwrap();
    let device = certificate(Role::Device, Subject(token.serial.0), token.signing.public());
    let device = signed(&device, &(), &batch_key, &mut OsEntropy).unwrap();

    let maker = MakerRoot(root.public());
    let request = token.sign_enrolment(&token.enrolment_request(vendor.root()));
    let answer = EnrolAnswer { request: &request, device_signing: &device, batch: &batch, maker_root: maker.0.0 };
    assert!(maker.verify_device::<RustCrypto>(&batch, &device, token.serial, Usage::Signing).is_ok());
    vendor.endorse(token.serial, &NONCE, &answer, &[maker], &mut OsEntropy).map(|_| ())
}

/// Everybody has the published maker's root key, so anybody can certify a "real" token under it.
#[test]
fn a_production_vendor_never_believes_the_published_maker() {
    let secret = Secret::new(sha256(&[b"keyfob published test maker: root"]));
    let published = P256Signing::from_secret(&secret).unwrap();
    assert_eq!(MakerRoot(published.public()), TEST_MAKER_ROOT);
    let vendor = Vendor::create(VendorKind::Production, &mut OsEntropy);
    assert_eq!(forged(&published, hardware(), &vendor), Err(EndorseError::Emulated));
}

#[test]
fn a_production_vendor_refuses_emulated_levels_of_any_maker() {
    let maker = P256Signing::generate(&mut OsEntropy);
    let production = Vendor::create(VendorKind::Production, &mut OsEntropy);
    assert_eq!(forged(&maker, Levels::EMULATED, &production), Err(EndorseError::Emulated));
    assert_eq!(forged(&maker, hardware(), &production), Ok(()));
    assert_eq!(forged(&maker, hardware(), &test_vendor()), Err(EndorseError::Real));
}
