//! The handshake and the records against `snow` as the other end, in both roles.

mod support;

use keyfob_channel::{Initiator, Records, Responder};
use keyfob_crypto::{AgreementKey, RustCrypto};
use snow::{HandshakeState, TransportState};
use support::{Cast, Os, PROLOGUE, SERIAL, prologue, snow};

/// Beyond the first replacement of keys.
const RECORDS: u32 = (1 << 16) + 3;

fn snow_side(cast: &Cast, initiator: bool) -> HandshakeState {
    let prologue = prologue();
    let key = if initiator { cast.app.to_secret() } else { cast.token.to_secret() };
    let builder = snow(&prologue).local_private_key(key.expose()).unwrap();
    if initiator { builder.build_initiator().unwrap() } else { builder.build_responder().unwrap() }
}

#[test]
fn snow_is_the_token() {
    let cast = Cast::new();
    let mut peer = snow_side(&cast, false);
    let mut buffer = [0; 1024];

    let (ours, message) = Initiator::<RustCrypto>::start(&PROLOGUE, cast.hint(), &mut Os);
    let length = peer.read_message(&message, &mut buffer).unwrap();
    assert_eq!(buffer[..length], cast.hint().0);

    let length = peer.write_message(&cast.endorsement, &mut buffer).unwrap();
    assert_eq!(length, 98 + cast.endorsement.len());
    let answered = ours.read_answer(&mut buffer[..length]).unwrap();
    let (ours, _) = answered.endorsed_by(&cast.vendor, SERIAL, 0).unwrap();

    let mut message = [0; 1024];
    let (length, session) = ours.finish(&cast.app, &cast.certificate, b"first", &mut message).unwrap();
    let length = peer.read_message(&message[..length], &mut buffer).unwrap();
    assert_eq!(buffer[..length], cast.app_payload(b"first"));
    assert_eq!(peer.get_remote_static().unwrap(), cast.app.public().0);
    assert_eq!(peer.get_handshake_hash(), session.ticket.handshake_hash());
    talk(session.records.wake(), peer.into_transport_mode().unwrap());
}

#[test]
fn snow_is_the_app() {
    let cast = Cast::new();
    let mut peer = snow_side(&cast, true);
    let (mut buffer, mut message) = ([0; 1024], [0; 1024]);

    let length = peer.write_message(&cast.hint().0, &mut buffer).unwrap();
    assert_eq!(Responder::<RustCrypto>::hint(&buffer[..length]).unwrap(), cast.hint());
    let payload = [&cast.endorsement[..]].into_iter();
    let (ours, length) =
        Responder::<RustCrypto>::answer(&PROLOGUE, &buffer[..length], &cast.token, payload, &mut Os, &mut message)
            .unwrap();
    let length = peer.read_message(&message[..length], &mut buffer).unwrap();
    assert_eq!(buffer[..length], cast.endorsement);
    assert_eq!(peer.get_remote_static().unwrap(), cast.token.public().0);

    let length = peer.write_message(&cast.app_payload(b"first"), &mut buffer).unwrap();
    let message = &mut buffer[..length];
    let admitted = ours.read_finish(message).unwrap().admit_app(message, &cast.vendor, 0).unwrap();
    assert_eq!(admitted.first_request, b"first");
    assert_eq!(peer.get_handshake_hash(), admitted.session.ticket.handshake_hash());
    talk(admitted.session.records.wake(), peer.into_transport_mode().unwrap());
}

/// Records in both directions, past a replacement of keys.
fn talk(mut ours: Records<RustCrypto>, mut peer: TransportState) {
    let (mut record, mut plain) = ([0; 64], [0; 64]);
    for number in 0..RECORDS {
        if number == 1 << 16 {
            peer.rekey_incoming();
            peer.rekey_outgoing();
        }
        record[2..6].copy_from_slice(&number.to_be_bytes());
        let length = ours.seal(&mut record, 4).unwrap();
        assert_eq!(record[..2], number.to_be_bytes()[2..]);
        assert_eq!(peer.read_message(&record[2..length], &mut plain).unwrap(), 4);
        assert_eq!(plain[..4], number.to_be_bytes());

        let length = peer.write_message(&plain[..4], &mut record[2..]).unwrap();
        record[..2].copy_from_slice(&number.to_be_bytes()[2..]);
        assert_eq!(ours.open(&mut record[..2 + length]).unwrap(), number.to_be_bytes());
    }
}
