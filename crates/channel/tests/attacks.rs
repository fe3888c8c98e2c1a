//! Certificates shown by somebody else, and messages altered on the way.

mod support;

use keyfob_channel::{HandshakeError, Initiator, Records, Responder};
use keyfob_crypto::{AgreementKey, RustCrypto};
use keyfob_signed::Role;
use support::{Agreement, Cast, Os, PROLOGUE, SERIAL, prologue, snow};

/// An attacker that answers with a genuine endorsement, which anybody can read off a genuine token, and its own key.
fn answer_with(key: &Agreement, cast: &Cast, message: &[u8]) -> (Responder<RustCrypto>, Vec<u8>) {
    let mut out = [0; 1024];
    let payload = [&cast.endorsement[..]].into_iter();
    let (responder, length) =
        Responder::<RustCrypto>::answer(&PROLOGUE, message, key, payload, &mut Os, &mut out).unwrap();
    (responder, out[..length].to_vec())
}

/// An app that verifies the endorsement and forgets to compare keys ends up with the attacker; ours does not.
#[test]
fn a_borrowed_endorsement_fools_only_who_does_not_compare_keys() {
    let (cast, attacker) = (Cast::new(), Agreement::generate(&mut Os));
    let mut buffer = [0; 1024];

    // The careless app, on `snow`.
    let prologue = prologue();
    let secret = cast.app.to_secret();
    let mut careless = snow(&prologue).local_private_key(secret.expose()).unwrap().build_initiator().unwrap();
    let length = careless.write_message(&cast.hint().0, &mut buffer).unwrap();
    let (responder, message) = answer_with(&attacker, &cast, &buffer[..length]);
    let length = careless.read_message(&message, &mut buffer).unwrap();
    assert!(cast.vendor.verify_endorsement::<RustCrypto>(&buffer[..length], SERIAL, 0).is_ok());
    let length = careless.write_message(&cast.app_payload(b"a secret request"), &mut buffer).unwrap();
    let message = &mut buffer[..length];
    let admitted = responder.read_finish(message).unwrap().admit_app(message, &cast.vendor, 0).unwrap();
    assert_eq!(admitted.first_request, b"a secret request", "the attacker reads what the careless app sends");

    // Ours, under the same attack.
    let (ours, message) = Initiator::<RustCrypto>::start(&PROLOGUE, cast.hint(), &mut Os);
    let (_, mut message) = answer_with(&attacker, &cast, &message);
    let outcome = ours.read_answer(&mut message).unwrap().endorsed_by(&cast.vendor, SERIAL, 0);
    assert_eq!(outcome.err(), Some(HandshakeError::KeyMismatch));
}

/// The same towards the token: a certificate that was read out of an app, without its key.
#[test]
fn a_borrowed_certificate_fools_only_who_does_not_compare_keys() {
    let (cast, attacker) = (Cast::new(), Agreement::generate(&mut Os));
    let (mut buffer, prologue) = ([0; 1024], prologue());

    // The careless token, on `snow`.
    let secret = cast.token.to_secret();
    let mut careless = snow(&prologue).local_private_key(secret.expose()).unwrap().build_responder().unwrap();
    let (app, message) = Initiator::<RustCrypto>::start(&PROLOGUE, cast.hint(), &mut Os);
    careless.read_message(&message, &mut buffer).unwrap();
    let length = careless.write_message(&cast.endorsement, &mut buffer).unwrap();
    let (app, _) = app.read_answer(&mut buffer[..length]).unwrap().endorsed_by(&cast.vendor, SERIAL, 0).unwrap();
    let mut message = [0; 1024];
    let (length, _) = app.finish(&attacker, &cast.certificate, b"spend", &mut message).unwrap();
    let length = careless.read_message(&message[..length], &mut buffer).unwrap();
    let certificate = &buffer[2..length - b"spend".len()];
    assert!(cast.vendor.verify_certificate::<RustCrypto>(certificate, Role::App, 0).is_ok());
    assert!(buffer[..length].ends_with(b"spend"), "the careless token would do what the attacker asks for");

    // Ours, under the same attack.
    let (app, message) = Initiator::<RustCrypto>::start(&PROLOGUE, cast.hint(), &mut Os);
    let (responder, mut message) = answer_with(&cast.token, &cast, &message);
    let (app, _) = app.read_answer(&mut message).unwrap().endorsed_by(&cast.vendor, SERIAL, 0).unwrap();
    let (length, _) = app.finish(&attacker, &cast.certificate, b"spend", &mut buffer).unwrap();
    let message = &mut buffer[..length];
    let outcome = responder.read_finish(message).unwrap().admit_app(message, &cast.vendor, 0);
    assert_eq!(outcome.err(), Some(HandshakeError::KeyMismatch));
}

/// Who shows no certificate is no app, and who shows one is no guest.
#[test]
fn guests_and_apps_are_not_each_other() {
    let cast = Cast::new();
    for (certificate, guest) in [(&[][..], false), (&cast.certificate[..], true)] {
        let (app, message) = Initiator::<RustCrypto>::start(&PROLOGUE, cast.hint(), &mut Os);
        let (responder, mut message) = answer_with(&cast.token, &cast, &message);
        let mut out = [0; 1024];
        let app = app.read_answer(&mut message).unwrap().unverified();
        let (length, _) = app.finish(&cast.app, certificate, b"info", &mut out).unwrap();
        let message = &mut out[..length];
        let presented = responder.read_finish(message).unwrap();
        let refused = if guest {
            presented.admit_guest(message).is_err()
        } else {
            presented.admit_app(message, &cast.vendor, 0).is_err()
        };
        assert!(refused);
    }
}

/// Runs a handshake in which `alter` may change each message on its way; returns what both sides have in the end.
fn handshake(
    cast: &Cast,
    mut alter: impl FnMut(usize, &mut Vec<u8>),
) -> Result<(Records<RustCrypto>, Records<RustCrypto>), HandshakeError> {
    let (app, message) = Initiator::<RustCrypto>::start(&PROLOGUE, cast.hint(), &mut Os);
    let mut message = message.to_vec();
    alter(1, &mut message);
    let mut out = [0; 1024];
    let payload = [&cast.endorsement[..]].into_iter();
    let (token, length) =
        Responder::<RustCrypto>::answer(&PROLOGUE, &message, &cast.token, payload, &mut Os, &mut out)?;
    let mut message = out[..length].to_vec();
    alter(2, &mut message);
    let (app, _) = app.read_answer(&mut message)?.endorsed_by(&cast.vendor, SERIAL, 0)?;
    let (length, ours) = app.finish(&cast.app, &cast.certificate, b"login", &mut out)?;
    let mut message = out[..length].to_vec();
    alter(3, &mut message);
    let admitted = token.read_finish(&mut message)?.admit_app(&mut message, &cast.vendor, 0)?;
    Ok((ours.records.wake(), admitted.session.records.wake()))
}

/// Each byte of each message is flipped, and each message cut and extended: no handshake is completed.
#[test]
fn altered_handshakes_are_never_completed() {
    let cast = Cast::new();
    let mut lengths = [0; 4];
    handshake(&cast, |number, message| lengths[number] = message.len()).unwrap();
    let mut tried = 0;
    for (number, &length) in lengths.iter().enumerate().skip(1) {
        let flips = (0..length).map(|at| (at, 1u8 << (at % 8)));
        for (at, bit) in flips {
            let altered = handshake(&cast, |n, message| {
                if n == number {
                    message[at] ^= bit
                }
            });
            assert!(altered.is_err(), "message {number}, byte {at}");
            tried += 1;
        }
        for length in [0, 1, 32, 33, 40, length - 16, length - 1, length + 1] {
            let altered = handshake(&cast, |n, message| {
                if n == number {
                    message.resize(length, 0)
                }
            });
            assert!(altered.is_err(), "message {number}, {length} bytes");
            tried += 1;
        }
    }
    println!("altered handshakes: {tried}, accepted: 0");
}

/// Records altered, repeated, left out or sent back are refused, and the session goes on with the genuine one.
#[test]
fn altered_records_change_nothing() {
    let cast = Cast::new();
    let (mut app, mut token) = handshake(&cast, |_, _| {}).unwrap();
    let seal = |records: &mut Records<RustCrypto>| {
        let mut record = [0; 30];
        record[2..14].copy_from_slice(b"twelve bytes");
        let length = records.seal(&mut record, 12).unwrap();
        assert_eq!(length, record.len());
        record
    };
    for _ in 0..3 {
        let genuine = seal(&mut app);
        for at in 0..genuine.len() {
            for bit in 0..8 {
                let mut altered = genuine;
                altered[at] ^= 1 << bit;
                assert!(token.open(&mut altered).is_err());
            }
            assert!(token.open(&mut { genuine }[..at]).is_err());
        }
        let mut longer = [0; 31];
        longer[..30].copy_from_slice(&genuine);
        assert!(token.open(&mut longer).is_err());
        assert!(app.open(&mut { genuine }).is_err(), "sent back");
        assert_eq!(token.open(&mut { genuine }).unwrap(), b"twelve bytes");
        assert!(token.open(&mut { genuine }).is_err(), "repeated");
    }
    let (first, second) = (seal(&mut app), seal(&mut app));
    assert!(token.open(&mut { second }).is_err(), "one was left out");
    assert!(token.open(&mut { first }).is_ok());
    assert!(token.open(&mut { second }).is_ok());
}
