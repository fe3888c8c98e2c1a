//! Resuming: against `snow` as the other end in both roles, and what somebody in between can try.

mod support;

use keyfob_channel::{Awake, Initiator, Prologue, RESUME_REQUEST, Responder, TicketId};
use keyfob_crypto::{RustCrypto, Secret, hkdf_sha256};
use support::{ANSWER, Cast, Os, PROLOGUE, REQUEST, SERIAL, prologue, snow_of};

type Session = Awake<RustCrypto>;

/// Both sides of a session.
fn session() -> (Session, Session) {
    let cast = Cast::new();
    let (app, message) = Initiator::<RustCrypto>::start(&PROLOGUE, cast.hint(), &mut Os);
    let mut out = [0; 1024];
    let payload = [&cast.endorsement[..]].into_iter();
    let (token, length) =
        Responder::<RustCrypto>::answer(&PROLOGUE, &message, &cast.token, payload, &mut Os, &mut out).unwrap();
    let (app, _) = app.read_answer(&mut out[..length]).unwrap().endorsed_by(&cast.vendor, SERIAL, 0).unwrap();
    let mut message = [0; 1024];
    let (length, ours) = app.finish(&cast.app, &cast.certificate, b"login", &mut message).unwrap();
    let message = &mut message[..length];
    let theirs = token.read_finish(message).unwrap().admit_app(message, &cast.vendor, 0).unwrap().session;
    (ours.wake(), theirs.wake())
}

/// Resumes, with `alter` between the two.
fn resume(ours: &Session, theirs: &Session, mut alter: impl FnMut(usize, &mut Vec<u8>)) -> Option<(Session, Session)> {
    let (app, request) = ours.ticket.resume::<RustCrypto>(&PROLOGUE, &mut Os).ok()?;
    let mut request = request.to_vec();
    alter(1, &mut request);
    let asked = theirs.ticket.read::<RustCrypto>(&PROLOGUE, &request).ok()?;
    let (token, answer) = asked.generate(&mut Os).answer().ok()?;
    let mut answer = answer.to_vec();
    alter(2, &mut answer);
    Some((app.finish(&mut answer).ok()?.wake(), token.wake()))
}

fn talk(ours: &mut Session, theirs: &mut Session) {
    let mut record = [0; 24];
    record[2..8].copy_from_slice(b"check?");
    ours.records.seal(&mut record, 6).unwrap();
    assert_eq!(theirs.records.open(&mut record).unwrap(), b"check?");
    theirs.records.seal(&mut record, 6).unwrap();
    assert_eq!(ours.records.open(&mut record).unwrap(), b"check?");
}

#[test]
fn a_chain_of_sessions() {
    let (mut ours, mut theirs) = session();
    let mut seen = Vec::new();
    for _ in 0..20 {
        talk(&mut ours, &mut theirs);
        assert_eq!(ours.ticket.id(), theirs.ticket.id());
        assert!(!seen.contains(&ours.ticket.id()), "each session has a ticket of its own");
        seen.push(ours.ticket.id());
        (ours, theirs) = resume(&ours, &theirs, |_, _| {}).unwrap();
    }
}

/// Each byte of both messages in each bit, and every other length.
#[test]
fn altered_resumptions_are_never_completed() {
    let (ours, theirs) = session();
    for (number, length) in [(1, RESUME_REQUEST), (2, 49)] {
        // The ticket's name only finds the ticket; here it is at hand.
        for at in if number == 1 { 8..length } else { 0..length } {
            for bit in 0..8 {
                let altered = resume(&ours, &theirs, |n, message| message[at] ^= u8::from(n == number) << bit);
                assert!(altered.is_none(), "message {number}, byte {at}, bit {bit}");
            }
        }
        for other in (0..length).chain([length + 1, 64]) {
            let altered = resume(&ours, &theirs, |n, message| {
                if n == number {
                    message.resize(other, 0);
                }
            });
            assert!(altered.is_none(), "message {number}, {other} bytes");
        }
    }
    assert!(resume(&ours, &theirs, |_, _| {}).is_some(), "attempts consume nothing here");
}

/// The secret alone isn't enough: the channel, the power-up and the earlier session must be the same.
#[test]
fn another_prologue_or_another_session_is_refused() {
    let (ours, theirs) = session();
    let (other, _) = session();
    let (_, request) = ours.ticket.resume::<RustCrypto>(&PROLOGUE, &mut Os).unwrap();
    let (_, foreign) = other.ticket.resume::<RustCrypto>(&PROLOGUE, &mut Os).unwrap();
    assert!(theirs.ticket.read::<RustCrypto>(&PROLOGUE, &foreign).is_err());
    for at in 0..REQUEST.len() {
        let mut request_bytes = REQUEST;
        request_bytes[at] ^= 1;
        let prologue = Prologue { request: &request_bytes, answer: &ANSWER };
        assert!(theirs.ticket.read::<RustCrypto>(&prologue, &request).is_err());
    }
    for at in 0..ANSWER.len() {
        let mut answer_bytes = ANSWER;
        answer_bytes[at] ^= 1;
        let prologue = Prologue { request: &REQUEST, answer: &answer_bytes };
        assert!(theirs.ticket.read::<RustCrypto>(&prologue, &request).is_err());
    }
    assert!(theirs.ticket.read::<RustCrypto>(&PROLOGUE, &request).is_ok());
}

/// `snow` is told the secret and the prologue; the rest of the messages must come out the same.
#[test]
fn snow_at_either_end() {
    // The ticket's bytes, by the specification: from a third secret that is made up.
    let (third, earlier) = (Secret::new([9; 32]), [8; 32]);
    let mut derived = [0; 40];
    hkdf_sha256(&[], third.expose(), b"keyfob/1 resume", &mut derived);
    let (psk, id): ([u8; 32], [u8; 8]) = (derived[..32].try_into().unwrap(), derived[32..].try_into().unwrap());
    let ticket = keyfob_channel::Ticket::derive(&third, earlier);
    assert_eq!(ticket.id(), TicketId(id));
    let prologue = [&prologue()[..], &earlier].concat();
    let name = "Noise_NNpsk0_P256_AESGCM_SHA256";
    let mut buffer = [0; 256];

    let (ours, request) = ticket.resume::<RustCrypto>(&PROLOGUE, &mut Os).unwrap();
    let mut peer = snow_of(name, &prologue).psk(0, &psk).unwrap().build_responder().unwrap();
    assert_eq!(peer.read_message(&request[8..], &mut buffer).unwrap(), 0);
    let length = peer.write_message(&[], &mut buffer).unwrap();
    let ours = ours.finish(&mut buffer[..length]).unwrap();
    assert_eq!(peer.get_handshake_hash(), ours.ticket.handshake_hash());
    says_the_same(ours.wake(), peer.into_transport_mode().unwrap());

    let mut peer = snow_of(name, &prologue).psk(0, &psk).unwrap().build_initiator().unwrap();
    let length = peer.write_message(&[], &mut buffer).unwrap();
    let request = [&id[..], &buffer[..length]].concat();
    assert_eq!(request.len(), RESUME_REQUEST);
    let (ours, answer) = ticket.read::<RustCrypto>(&PROLOGUE, &request).unwrap().generate(&mut Os).answer().unwrap();
    assert_eq!(peer.read_message(&answer, &mut buffer).unwrap(), 0);
    assert_eq!(peer.get_handshake_hash(), ours.ticket.handshake_hash());
    says_the_same(ours.wake(), peer.into_transport_mode().unwrap());
}

fn says_the_same(mut ours: Session, mut peer: snow::TransportState) {
    let (mut record, mut plain) = ([0; 64], [0; 64]);
    record[2..7].copy_from_slice(b"check");
    let length = ours.records.seal(&mut record, 5).unwrap();
    assert_eq!(peer.read_message(&record[2..length], &mut plain).unwrap(), 5);
    assert_eq!(&plain[..5], b"check");
}
