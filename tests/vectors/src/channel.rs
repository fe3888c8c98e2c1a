//! Handshakes, resuming and records: what `crates/channel` makes, beside what leads to it.

use keyfob_channel::{Established, Initiator, Prologue, Responder, Ticket};
use keyfob_crypto::{AeadKey, Aes256Gcm, AgreementKey, P256Agreement, RustCrypto, Secret, SigningKey};
use keyfob_signed::{MakerRoot, VendorRoot};
use keyfob_wire::VendorHint;
use serde_json::{Value, json};

use crate::cast::{Named, SERIAL, agreement, signing};
use crate::framing::{INIT_REQUEST, init_answer};
use crate::hex;
use crate::noise::Noise;
use crate::signed::{app_certificate, device_chain, endorsement};

/// The first request: login.
const FIRST: &[u8] = &[1];

fn prologue_bytes() -> Vec<u8> {
    [&b"keyfob/1"[..], &INIT_REQUEST, &init_answer()].concat()
}

/// A key of one handshake, as the code makes it.
fn ephemeral(name: &'static str) -> P256Agreement {
    P256Agreement::generate(&mut Named::new(name))
}

/// Both ends of a session, and how it came to be.
struct Opened {
    app: Established<RustCrypto>,
    token: Established<RustCrypto>,
    noise: Noise,
    case: Value,
}

fn opened(guest: bool) -> Opened {
    let answer = init_answer();
    let prologue = Prologue { request: &INIT_REQUEST, answer: &answer };
    let vendor = VendorRoot(signing("vendor").public());
    let (name, hint) =
        if guest { ("a guest's", VendorHint::default()) } else { ("an app's", VendorHint(vendor.0.hint())) };
    let (static_name, certificate) = if guest { ("guest", Vec::new()) } else { ("app", app_certificate()) };
    let (own, token) = (agreement(static_name), agreement(if guest { "device" } else { "partition" }));
    let payload = if guest { device_chain().concat() } else { endorsement() };

    let (app, first) = Initiator::<RustCrypto>::start(&prologue, hint, &mut Named::new("app ephemeral"));
    let (mut second, mut third) = (vec![0; 4096], vec![0; 4096]);
    let entropy = &mut Named::new("token ephemeral");
    let parts = [&payload[..]].into_iter();
    let (responder, length) =
        Responder::<RustCrypto>::answer(&prologue, &first, &token, parts, entropy, &mut second).expect("it answers");
    second.truncate(length);
    let mut read = second.clone();
    let answered = app.read_answer(&mut read).expect("it is genuine");
    let authenticated = if guest {
        answered.made_by(&MakerRoot(signing("maker").public()), SERIAL).expect("it is a device")
    } else {
        answered.endorsed_by(&vendor, SERIAL, 0).expect("it is endorsed").0
    };
    let (length, app) = authenticated.finish(&own, &certificate, FIRST, &mut third).expect("there is room");
    third.truncate(length);
    let mut read = third.clone();
    let presented = responder.read_finish(&mut read).expect("it is genuine");
    let admitted = if guest { presented.admit_guest(&mut read) } else { presented.admit_app(&mut read, &vendor, 0) };
    let admitted = admitted.expect("it is admitted");
    assert_eq!(admitted.first_request, FIRST);

    let (mine, theirs) = (ephemeral("app ephemeral"), ephemeral("token ephemeral"));
    let mut noise = Noise::new("Noise_XX_P256_AESGCM_SHA256", &prologue_bytes());
    noise.mix_hash("1 e", &mine.public().0);
    noise.mix_hash("1 payload", &hint.0);
    let made_first = [&mine.public().0[..], &hint.0].concat();
    noise.mix_hash("2 e", &theirs.public().0);
    noise.agree("2 ee", &mine, &theirs.public());
    let sealed_static = noise.encrypt("2 s", &token.public().0);
    noise.agree("2 es", &mine, &token.public());
    let made_second = [&theirs.public().0[..], &sealed_static, &noise.encrypt("2 payload", &payload)].concat();
    let sealed_static = noise.encrypt("3 s", &own.public().0);
    noise.agree("3 se", &own, &theirs.public());
    let length = u16::try_from(certificate.len()).expect("it is short").to_be_bytes();
    let last = [&length[..], &certificate, FIRST].concat();
    let made_third = [&sealed_static[..], &noise.encrypt("3 payload", &last)].concat();
    assert_eq!((&made_first[..], &made_second, &made_third), (&first[..], &second, &third));

    let (to_token, to_app, ticket) = noise.split();
    assert_eq!(app.ticket.id(), Ticket::derive(&ticket, noise.hash).id());
    let case = json!({
        "name": format!("{name} handshake"), "section": "5", "protocol": "Noise_XX_P256_AESGCM_SHA256",
        "init_request": hex(INIT_REQUEST), "init_answer": hex(answer), "prologue": hex(prologue_bytes()),
        "hint": hex(hint.0), "app_ephemeral": hex(mine.to_secret().expose()),
        "token_ephemeral": hex(theirs.to_secret().expose()), "app_static": hex(own.to_secret().expose()),
        "token_static": hex(token.to_secret().expose()), "payload_2": hex(&payload), "payload_3": hex(&last),
        "message_1": hex(first), "message_2": hex(&second), "message_3": hex(&third), "steps": noise.steps,
        "h": hex(noise.hash), "key_to_token": hex(to_token.expose()), "key_to_app": hex(to_app.expose()),
        "ticket_secret": hex(ticket.expose()),
    });
    Opened { app, token: admitted.session, noise, case }
}

pub(crate) fn handshakes() -> Vec<Value> {
    vec![opened(false).case, opened(true).case]
}

pub(crate) fn resumptions() -> Vec<Value> {
    let Opened { app, token, noise, .. } = opened(false);
    let (answer, secret) = (init_answer(), noise.split().2);
    let prologue = Prologue { request: &INIT_REQUEST, answer: &answer };
    let (resuming, request) =
        app.ticket.resume::<RustCrypto>(&prologue, &mut Named::new("app resumes")).expect("a ticket has a key");
    let asked = token.ticket.read::<RustCrypto>(&prologue, &request).expect("it is genuine");
    let (_, answered) = asked.generate(&mut Named::new("token resumes")).answer().expect("the key is a point");
    let resumed = resuming.finish(&mut answered.clone()).expect("it is genuine");

    let mut derived = Secret::<40>::zero();
    keyfob_crypto::hkdf_sha256(&[], secret.expose(), b"keyfob/1 resume", derived.expose_mut());
    let (psk, id) = derived.expose().split_at(32);
    let psk = Secret::from_slice(psk).expect("32 bytes");
    assert_eq!(id, Ticket::derive(&secret, noise.hash).id().0);
    let whole = [&prologue_bytes()[..], &noise.hash].concat();
    let (mine, theirs) = (ephemeral("app resumes"), ephemeral("token resumes"));
    let mut second = Noise::new("Noise_NNpsk0_P256_AESGCM_SHA256", &whole);
    second.mix_psk(&psk);
    second.mix_ephemeral(&mine.public());
    let made_request = [id, &mine.public().0, &second.encrypt("1 payload", &[])].concat();
    second.mix_ephemeral(&theirs.public());
    second.agree("ee", &mine, &theirs.public());
    let made_answer = [&theirs.public().0[..], &second.encrypt("2 payload", &[])].concat();
    assert_eq!((&made_request[..], &made_answer[..]), (&request[..], &answered[..]));

    let (to_token, to_app, ticket) = second.split();
    assert_eq!(resumed.ticket.id(), Ticket::derive(&ticket, second.hash).id());
    vec![json!({
        "name": "the app's session is resumed on its channel", "section": "5.1",
        "protocol": "Noise_NNpsk0_P256_AESGCM_SHA256", "ticket_secret": hex(secret.expose()),
        "info": hex("keyfob/1 resume"), "psk": hex(psk.expose()), "ticket_id": hex(id), "earlier_h": hex(noise.hash),
        "prologue": hex(whole), "app_ephemeral": hex(mine.to_secret().expose()),
        "token_ephemeral": hex(theirs.to_secret().expose()), "request": hex(request), "answer": hex(answered),
        "steps": second.steps, "h": hex(second.hash), "key_to_token": hex(to_token.expose()),
        "key_to_app": hex(to_app.expose()), "next_ticket_secret": hex(ticket.expose()),
    })]
}

pub(crate) fn records() -> Vec<Value> {
    const SHOWN: [u64; 6] = [0, 1, 255, 65_535, 65_536, 65_537];
    let Opened { app, token, noise, .. } = opened(false);
    let (to_token, to_app, _) = noise.split();
    let directions = [("app to token", app, to_token), ("token to app", token, to_app)];
    let mut cases = Vec::new();
    for (direction, session, key) in directions {
        let mut records = session.records.wake();
        let next = rekeyed(&key);
        for number in 0..=65_537 {
            let plain = format!("record {number}");
            let mut record = [&[0; 2], plain.as_bytes(), &[0; 16]].concat();
            records.seal(&mut record, plain.len()).expect("there is room");
            if SHOWN.contains(&number) {
                let used = if number < 65_536 { &key } else { &next };
                cases.push(json!({
                    "name": format!("{direction}, nonce {number}"), "section": "6", "first_key": hex(key.expose()),
                    "key": hex(used.expose()), "nonce": number, "plaintext": hex(&plain), "record": hex(&record),
                }));
            }
        }
    }
    cases
}

/// Noise's REKEY (Noise, section 4.2).
fn rekeyed(key: &Secret<32>) -> Secret<32> {
    let mut nonce = [0xff; 12];
    nonce[..4].fill(0);
    let mut next = Secret::zero();
    let _tag = Aes256Gcm::new(key).seal(&nonce, &[], next.expose_mut());
    next
}
