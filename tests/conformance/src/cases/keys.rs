//! Features' keys: encrypt, decrypt, derive. `docs/spec.md`, §8.6.

use keyfob::{Error, Session};
use keyfob_crypto::{AeadKey, Aes256Gcm, Secret, hkdf_sha256};
use keyfob_signed::Rights;
use keyfob_wire::body::{CipherRequest, Request};
use keyfob_wire::{Operation, Slot, Status};

use super::usage::is_refused;
use crate::case::{ensure, same};
use crate::licence::{COUNTED, DISABLED, EXPIRY, PLAIN, PUBLIC, TIMED, TODAY, UNSOLD};
use crate::{Bench, Failure};

super::cases! {
    guests_may_not_use_keys
    what_is_encrypted_is_decrypted
    a_message_is_as_specified
    no_two_messages_are_the_same
    an_altered_message_is_refused
    a_message_is_for_its_feature_and_slot
    a_derived_key_is_as_specified
    keys_ask_for_the_licence
    using_keys_is_a_right
    keys_take_what_is_specified
    encrypting_charges_no_counter
}

/// Does something with the feature that has a key.
fn keyed<T>(bench: &mut Bench, operate: impl FnOnce(&Bench, &Session) -> Result<T, Failure>) -> Result<T, Failure> {
    bench.set_counter(1)?;
    let client = bench.client()?;
    operate(bench, &client.login(COUNTED)?)
}

/// The key that the specification derives.
fn expected_key(bench: &Bench, info: &[&[u8]]) -> Secret<32> {
    let mut key = Secret::zero();
    hkdf_sha256(&[], bench.feature_key.expose(), &info.concat(), key.expose_mut());
    key
}

fn cipher(feature: keyfob::FeatureId, input: &[u8]) -> CipherRequest<'_> {
    CipherRequest { feature, slot: Slot(0), time: TODAY, input }
}

fn guests_may_not_use_keys(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let long = [1; 40];
    let requests = [
        Request::Encrypt(cipher(COUNTED, b"text")),
        Request::Decrypt(cipher(COUNTED, &long)),
        Request::Derive(cipher(COUNTED, b"label")),
    ];
    for request in requests {
        same(request.operation().word(), &raw.ask(session, &request)?.0, &Status::NotPermitted)?;
    }
    Ok(())
}

fn what_is_encrypted_is_decrypted(bench: &mut Bench) -> Result<(), Failure> {
    keyed(bench, |_, session| {
        for length in [1, 2, 15, 16, 17, 255, 1000, 2047, 2048] {
            let plaintext: Vec<u8> = (0..length).map(|place: usize| place as u8).collect();
            let message = session.encrypt(Slot(0), &plaintext)?;
            same("the message's length", &message.len(), &(length + 32))?;
            same("the plaintext", &session.decrypt(Slot(0), &message)?.expose(), &plaintext.as_slice())?;
        }
        Ok(())
    })
}

fn a_message_is_as_specified(bench: &mut Bench) -> Result<(), Failure> {
    keyed(bench, |bench, session| {
        let aad = [&COUNTED.0.to_be_bytes()[..], &[0]].concat();
        let message = session.encrypt(Slot(0), b"for somebody with the key")?;
        let (random, sealed) = message.split_at(16);
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(Failure::Broken("no tag".to_owned()))?;
        let key = Aes256Gcm::new(&expected_key(bench, &[b"keyfob/1 encrypt", random]));
        let mut opened = ciphertext.to_vec();
        ensure!(key.open(&[0; 12], &aad, &mut opened, tag).is_ok(), "it isn't encrypted as specified");
        same("the plaintext", &opened.as_slice(), &&b"for somebody with the key"[..])?;

        let random = [0x5a; 16];
        let mut data = b"from somebody with the key".to_vec();
        let key = Aes256Gcm::new(&expected_key(bench, &[b"keyfob/1 encrypt", &random]));
        let tag = key.seal(&[0; 12], &aad, &mut data);
        let opened = session.decrypt(Slot(0), &[&random[..], &data, &tag].concat())?;
        same("what was made outside", &opened.expose(), &&b"from somebody with the key"[..])
    })
}

fn no_two_messages_are_the_same(bench: &mut Bench) -> Result<(), Failure> {
    keyed(bench, |_, session| {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let message = session.encrypt(Slot(0), &[7; 16])?;
            ensure!(seen.insert(message[..16].to_vec()), "the random bytes come twice");
            ensure!(seen.insert(message[16..32].to_vec()), "the ciphertext comes twice");
        }
        Ok(())
    })
}

fn an_altered_message_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    keyed(bench, |_, session| {
        let message = session.encrypt(Slot(0), b"whole")?;
        for place in 0..message.len() {
            let mut altered = message.clone();
            altered[place] ^= 1;
            is_refused("altered", session.decrypt(Slot(0), &altered).map(|_| ()), Status::UnlockFailed)?;
        }
        let longer = [&message[..], &[0]].concat();
        is_refused("longer", session.decrypt(Slot(0), &longer).map(|_| ()), Status::UnlockFailed)?;
        let shorter = &message[..message.len() - 1];
        is_refused("shorter", session.decrypt(Slot(0), shorter).map(|_| ()), Status::UnlockFailed)
    })
}

/// With the same key in another slot, and in another feature's.
fn a_message_is_for_its_feature_and_slot(bench: &mut Bench) -> Result<(), Failure> {
    let install = |feature, slot, key: &Secret<32>| keyfob_issuing::Step::InstallKey {
        feature,
        slot: Slot(slot),
        key: key.clone(),
    };
    let key = bench.feature_key.clone();
    bench.apply(crate::bench::steps(vec![install(COUNTED, 9, &key), install(PLAIN, 0, &key)]))?;
    keyed(bench, |bench, session| {
        let message = session.encrypt(Slot(0), b"bound")?;
        is_refused("another slot", session.decrypt(Slot(9), &message).map(|_| ()), Status::UnlockFailed)?;
        let client = bench.client()?;
        let other = client.login(PLAIN)?.decrypt(Slot(0), &message).map(|_| ());
        is_refused("another feature", other, Status::UnlockFailed)
    })
}

fn a_derived_key_is_as_specified(bench: &mut Bench) -> Result<(), Failure> {
    keyed(bench, |bench, session| {
        for label in [&b"a"[..], b"database", &[0xff; 32]] {
            let derived = session.derive(Slot(0), label)?;
            let expected = expected_key(bench, &[b"keyfob/1 derive", label]);
            same("the key", &derived.expose(), &expected.expose().as_slice())?;
            same("the same again", &session.derive(Slot(0), label)?.expose(), &derived.expose())?;
        }
        Ok(())
    })
}

fn keys_ask_for_the_licence(bench: &mut Bench) -> Result<(), Failure> {
    let all = |session: &Session, expected| {
        is_refused("encrypt", session.encrypt(Slot(0), b"text").map(|_| ()), expected)?;
        is_refused("decrypt", session.decrypt(Slot(0), &[1; 40]).map(|_| ()), expected)?;
        is_refused("derive", session.derive(Slot(0), b"label").map(|_| ()), expected)
    };
    bench.set_counter(0)?;
    let client = bench.client()?;
    all(&client.login(COUNTED)?, Status::CounterExhausted)?;
    all(&client.login(DISABLED)?, Status::FeatureDisabled)?;
    all(&client.login(UNSOLD)?, Status::FeatureNotFound)?;
    all(&client.login(TIMED)?, Status::KeyNotFound)?;
    all(&bench.open(&bench.app, EXPIRY)?.login(TIMED)?, Status::Expired)
}

fn using_keys_is_a_right(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(1)?;
    for rights in [Rights::default(), Rights::UNLOCK, Rights::KEYS, Rights::KEYS.and(Rights::CHECK)] {
        let client = bench.open(&bench.app_with(PUBLIC, rights)?, TODAY)?;
        let session = client.login(COUNTED)?;
        let found = [
            session.encrypt(Slot(0), b"text").map(|_| ()),
            session.decrypt(Slot(0), &[1; 40]).map(|_| ()),
            session.derive(Slot(0), b"label").map(|_| ()),
        ];
        for outcome in found {
            let may = !matches!(outcome, Err(Error::Refused(Status::NotPermitted)));
            same(&format!("with rights {}", rights.number()), &may, &rights.include(Rights::KEYS))?;
        }
    }
    let other = bench.open(&bench.app_with(crate::licence::PRIVATE, Rights::ALL)?, TODAY)?;
    let refused = other.login(COUNTED)?.derive(Slot(0), b"label").map(|_| ());
    is_refused("another product's app", refused, Status::ProductNotPermitted)
}

fn keys_take_what_is_specified(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(1)?;
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let head = [&COUNTED.0.to_be_bytes()[..], &[0], &TODAY.0.to_be_bytes()].concat();
    for (operation, length, good) in [
        (Operation::Encrypt, 0, false),
        (Operation::Encrypt, 2048, true),
        (Operation::Encrypt, 2049, false),
        (Operation::Decrypt, 32, false),
        (Operation::Decrypt, 33, true),
        (Operation::Decrypt, 2080, true),
        (Operation::Decrypt, 2081, false),
        (Operation::Derive, 0, false),
        (Operation::Derive, 32, true),
        (Operation::Derive, 33, false),
    ] {
        let answer = raw.say(session, &[&[operation.byte()][..], &head, &vec![3; length]].concat())?;
        let is_bad = answer == [0, 1];
        same(&format!("{} of {length} bytes", operation.word()), &!is_bad, &good)?;
    }
    Ok(())
}

fn encrypting_charges_no_counter(bench: &mut Bench) -> Result<(), Failure> {
    keyed(bench, |_, session| {
        let before = session.counter()?;
        for _ in 0..3 {
            let message = session.encrypt(Slot(0), b"text")?;
            session.decrypt(Slot(0), &message)?;
            session.derive(Slot(0), b"label")?;
        }
        same("the counter", &session.counter()?, &before)?;
        Ok(())
    })
}
