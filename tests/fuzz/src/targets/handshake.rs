//! Handshakes with somebody in between, and with somebody who isn't who he says.

use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use keyfob_channel::{Established, Initiator, Prologue, Records, Responder};
use keyfob_crypto::AgreementKey;
use keyfob_signed::{AppCredential, Endorsement, Levels};
use keyfob_wire::{PartitionId, Serial, VendorHint};

use crate::board::Numbers;
use crate::cast::{cast, noise, signed};
use crate::edits::edit;
use crate::toy::{Toy, ToyKey};

/// A token's and an app's keys with what the vendor says of them, and a stranger's.
struct Scene {
    token: ToyKey,
    endorsement: Vec<u8>,
    app: ToyKey,
    certificate: Vec<u8>,
    stranger: ToyKey,
}

const SERIAL: Serial = Serial([7; 8]);
const REQUEST: [u8; 8] = [1; 8];
const ANSWER: [u8; 36] = [2; 36];
const PROLOGUE: Prologue<'_> = Prologue { request: &REQUEST, answer: &ANSWER };
const FIRST: &[u8] = b"\x01";

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let key = |seed| <ToyKey as AgreementKey>::generate(&mut Numbers(seed));
        let credential = AppCredential::parse(&cast().credential).expect("a credential");
        let token = key(11);
        let endorsement = Endorsement {
            partition: PartitionId([3; 8]),
            handshake: AgreementKey::public(&token),
            sealing: AgreementKey::public(&key(12)),
            proof: AgreementKey::public(&key(13)),
            levels: Levels::EMULATED,
            epoch: 1,
        };
        Scene {
            token,
            endorsement: signed(&endorsement, &SERIAL, &cast().vendor_key),
            app: <ToyKey as AgreementKey>::from_secret(&credential.secret).expect("a credential's key"),
            certificate: credential.certificate.to_vec(),
            stranger: key(14),
        }
    })
}

/// What the initiator does with a token that may be somebody else, over a line that may be somebody's.
pub(super) fn initiator(data: &[u8]) {
    let _end = token_side(&mut Unstructured::new(data));
}

fn token_side(input: &mut Unstructured<'_>) -> Result<()> {
    let scene = scene();
    let answer = edit(&ANSWER, input)?.try_into().unwrap_or(ANSWER);
    let foreign = input.ratio(1, 8u8)?;
    let key = if foreign { &scene.stranger } else { &scene.token };
    let shown = edit(&scene.endorsement, input)?;
    let serial = Serial(edit(&SERIAL.0, input)?.try_into().unwrap_or(SERIAL.0));
    let minimum = input.int_in_range(0..=2)?;

    let (state, message_1) = Initiator::<Toy>::start(&PROLOGUE, hint(), &mut Numbers(21));
    let arrived = edit(&message_1, input)?;
    let prologue = Prologue { request: &REQUEST, answer: &answer };
    let mut out = [0; 1024];
    let mut entropy = Numbers(22);
    let answered = Responder::<Toy>::answer(&prologue, &arrived, key, [&*shown].into_iter(), &mut entropy, &mut out);
    let message_2 = answered.map(|(_, length)| out[..length].to_vec()).unwrap_or_default();
    let mut arrived_2 = edit(&message_2, input)?;
    let as_sent = arrived[..] == message_1 && arrived_2 == message_2 && answer == ANSWER;
    let right = !foreign && shown == scene.endorsement && serial == SERIAL && minimum <= 1;

    let read = state.read_answer(&mut arrived_2);
    assert_eq!(read.is_ok(), as_sent, "message 2 is read if and only if nothing was altered");
    let accepted = read.and_then(|read| read.endorsed_by(&cast().vendor, serial, minimum));
    assert_eq!(accepted.is_ok(), as_sent && right, "the token is accepted if and only if it is the endorsed one");
    Ok(())
}

/// What the responder does with an app that may be somebody else, over a line that may be somebody's.
pub(super) fn responder(data: &[u8]) {
    let _end = app_side(&mut Unstructured::new(data));
}

fn app_side(input: &mut Unstructured<'_>) -> Result<()> {
    let scene = scene();
    let foreign = input.ratio(1, 8u8)?;
    let key = if foreign { &scene.stranger } else { &scene.app };
    let guest = input.ratio(1, 4u8)?;
    let shown = if guest { Vec::new() } else { edit(&scene.certificate, input)? };
    let minimum = input.int_in_range(0..=2)?;
    let request = edit(FIRST, input)?;

    let (state, message_1) = Initiator::<Toy>::start(&PROLOGUE, hint(), &mut Numbers(21));
    let mut out = [0; 4096];
    let payload = [&*scene.endorsement].into_iter();
    let (token, length) =
        Responder::<Toy>::answer(&PROLOGUE, &message_1, &scene.token, payload, &mut Numbers(22), &mut out)
            .expect("a genuine message 1");
    let authenticated = state.read_answer(&mut out[..length]).expect("a genuine message 2").unverified();
    let mut message_3 = [0; 4096];
    let (length, app) = authenticated.finish(key, &shown, &request, &mut message_3).expect("there is room");
    let message_3 = &message_3[..length];
    let mut arrived = edit(message_3, input)?;
    let as_sent = arrived == message_3;

    let presented = token.read_finish(&mut arrived);
    assert_eq!(presented.is_ok(), as_sent, "message 3 is read if and only if nothing was altered");
    let Ok(presented) = presented else { return Ok(()) };
    let admitted = if guest {
        presented.admit_guest(&mut arrived)
    } else {
        presented.admit_app(&mut arrived, &cast().vendor, minimum)
    };
    let right = guest || !foreign && shown == scene.certificate && minimum <= 1;
    assert_eq!(admitted.is_ok(), right, "the app is admitted if and only if it is the certified one");
    if let Ok(admitted) = admitted {
        assert_eq!(admitted.first_request, request);
        assert_eq!(admitted.session.ticket.handshake_hash(), app.ticket.handshake_hash());
    }
    Ok(())
}

/// What both ends of a resumption do over a line that may be somebody's.
pub(super) fn resume(data: &[u8]) {
    let _end = resumption(&mut Unstructured::new(data));
}

fn resumption(input: &mut Unstructured<'_>) -> Result<()> {
    let (app, token) = established();
    assert!(app.ticket.id() == token.ticket.id());
    let answer = edit(&ANSWER, input)?.try_into().unwrap_or(ANSWER);
    let (state, request) = app.ticket.resume::<Toy>(&PROLOGUE, &mut Numbers(23)).expect("a ticket has a key");
    let arrived = edit(&request, input)?;
    // The ticket's name is looked up by whoever has the ticket, and is none of its business here.
    let as_sent = arrived.len() == request.len() && arrived[8..] == request[8..] && answer == ANSWER;
    let asked = token.ticket.read::<Toy>(&Prologue { request: &REQUEST, answer: &answer }, &arrived);
    assert_eq!(asked.is_ok(), as_sent, "a resumption is begun if and only if nothing was altered");
    let Ok(asked) = asked else { return Ok(()) };
    let (resumed, message) = asked.generate(&mut Numbers(24)).answer().expect("a genuine request");
    let mut arrived = edit(&message, input)?;
    let as_sent = arrived == message;
    let finished = state.finish(&mut arrived);
    assert_eq!(finished.is_ok(), as_sent, "a resumption is ended if and only if nothing was altered");
    if let Ok(finished) = finished {
        assert_eq!(finished.ticket.handshake_hash(), resumed.ticket.handshake_hash());
        assert!(finished.ticket.id() != app.ticket.id(), "each session has a ticket of its own");
    }
    Ok(())
}

fn hint() -> VendorHint {
    VendorHint(cast().vendor.0.hint())
}

/// Both ends of a session.
pub(super) fn session() -> (Records<Toy>, Records<Toy>) {
    let (app, token) = established();
    (app.records.wake(), token.records.wake())
}

/// Both ends of a handshake that nobody disturbs.
fn established() -> (Established<Toy>, Established<Toy>) {
    let scene = scene();
    let (state, message) = Initiator::<Toy>::start(&PROLOGUE, hint(), &mut Numbers(21));
    let (mut out, mut last) = ([0; 1024], [0; 1024]);
    let payload = [&*scene.endorsement].into_iter();
    let (token, length) =
        Responder::<Toy>::answer(&PROLOGUE, &message, &scene.token, payload, &mut Numbers(22), &mut out)
            .expect("a genuine message 1");
    let state = state.read_answer(&mut out[..length]).expect("a genuine message 2").unverified();
    let (length, app) = state.finish(&scene.app, &[], FIRST, &mut last).expect("there is room");
    let message = &mut last[..length];
    let token = token.read_finish(message).and_then(|presented| presented.admit_guest(message));
    (app, token.expect("a genuine message 3").session)
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let still = [vec![0xff; 64], vec![0; 64]];
    still.into_iter().chain((0..32).map(|seed| [noise(seed, 4 + seed as usize), vec![0; 40]].concat())).collect()
}
