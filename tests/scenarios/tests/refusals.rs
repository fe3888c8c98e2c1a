//! Everything that must be refused, and that nothing has changed then.

use keyfob::{Client, Error, FeatureId, Signed, Status, Units, UnixTime, Verdict};
use keyfob_conformance::{Bench, Desk, Direct, Rig, certify, enrol};
use keyfob_emulator::Emulator;
use keyfob_issuing::{EndorseError, Maker, OsEntropy, Step, UpdatePlan, Vendor, VendorKind, seal_secret};
use keyfob_scenarios::{
    Attack, COUNTED, CREDENTIAL_SUBJECT, EXPIRY, PRODUCT, SLOT, State, TIMED, TODAY, Tapped, licence, stand,
};
use keyfob_signed::{Levels, MakerRoot, Rights, TEST_MAKER_ROOT};
use keyfob_wire::body::EnrolAnswer;
use keyfob_wire::{Subject, UpdateFile};

fn set(units: u32) -> UpdatePlan {
    let steps = vec![Step::SetCounter { feature: COUNTED, units: Units(units) }];
    UpdatePlan { issued: TODAY, grants: Vec::new(), steps }
}

/// Shows that something is refused with a code, and that neither licences nor flash have changed by a bit.
fn refused<T: std::fmt::Debug>(
    (bench, desk): (&Bench, &Desk<Emulator>),
    code: &str,
    operate: impl FnOnce() -> Result<T, Error>,
) {
    // The first claim of a power-up is noted, whatever comes of the request.
    let _ = check(bench, COUNTED, TODAY);
    let before = State::of(bench, desk);
    let error = operate().expect_err(code);
    assert_eq!(error.code(), code, "{error}");
    assert!(!error.to_string().is_empty() && !error.hint().is_empty(), "{code} says nothing");
    assert_eq!(State::of(bench, desk), before, "{code} has changed something");
}

fn apply(bench: &Bench, file: &[u8]) -> Result<(u32, u32), Error> {
    bench.guest().unwrap().apply(file)
}

fn allowed(verdict: Verdict) -> Result<(), Error> {
    match verdict {
        Verdict::Full(_) => Ok(()),
        Verdict::Denied(refusal) => Err(refusal.into()),
    }
}

fn check(bench: &Bench, feature: FeatureId, time: UnixTime) -> Result<(), Error> {
    allowed(bench.open(&bench.app, time)?.login(feature)?.check()?)
}

#[test]
fn forged_updates() {
    let (bench, desk) = stand(5);
    let issued = bench.issue(&set(1_000)).unwrap();
    let on = (&bench, &desk);
    let mut forged = issued.file.clone();
    *forged.last_mut().unwrap() ^= 1;
    refused(on, "signature-invalid", || apply(&bench, &forged));
    // The same file signed by somebody else, under our vendor's name.
    let stranger = bench.stranger.update_signer(Subject([1; 8]), signing_key(), &mut OsEntropy).unwrap();
    let record = keyfob_issuing::TokenRecord { ..bench.record.clone() };
    assert!(stranger.issue(&record, &set(1_000), &mut OsEntropy).is_err(), "the record isn't the stranger's");
    // Every byte, one after the other.
    let before = State::of(&bench, &desk);
    let mut guest = bench.guest().unwrap();
    for place in 0..issued.file.len() {
        let mut altered = issued.file.clone();
        altered[place] ^= 0x10;
        let error = guest.apply(&altered).expect_err("an altered update");
        let codes = ["signature-invalid", "update-malformed", "wrong-token", "bad-request"];
        assert!(codes.contains(&error.code()), "byte {place}: {error}");
    }
    drop(guest);
    assert_eq!(State::of(&bench, &desk), before);
    // It was good for something.
    apply(&bench, &issued.file).unwrap();
}

fn signing_key() -> keyfob_crypto::P256Signing {
    keyfob_crypto::SigningKey::generate(&mut OsEntropy)
}

#[test]
fn updates_replayed_out_of_order_and_forked() {
    let (mut bench, desk) = stand(5);
    let first = bench.issue(&set(6)).unwrap();
    let fork = bench.issue(&set(600)).unwrap();
    let second = bench.vendor.issue(&first.record, &set(7), &mut OsEntropy).unwrap();
    let after_fork = bench.vendor.issue(&fork.record, &set(700), &mut OsEntropy).unwrap();
    refused((&bench, &desk), "update-out-of-order", || apply(&bench, &second.file));
    apply(&bench, &first.file).unwrap();
    bench.record = first.record;
    refused((&bench, &desk), "update-replayed", || apply(&bench, &first.file));
    refused((&bench, &desk), "update-replayed", || apply(&bench, &fork.file));
    refused((&bench, &desk), "update-forked", || apply(&bench, &after_fork.file));
    apply(&bench, &second.file).unwrap();
    bench.record = second.record;
    refused((&bench, &desk), "update-replayed", || apply(&bench, &first.file));
}

#[test]
fn updates_of_another_fob_and_partition() {
    let (bench, desk) = stand(5);
    let other = Direct::emulators().fob().unwrap();
    certify(&bench.maker, &*other, bench.patience).unwrap();
    let record = enrol(&bench.vendor, &*other, bench.patience).unwrap();
    let foreign = bench.vendor.issue(&record, &licence(9, &bench.feature_key), &mut OsEntropy).unwrap().file;
    refused((&bench, &desk), "wrong-token", || apply(&bench, &foreign));
    // Readdressed it is for nobody.
    let ours = bench.issue(&set(9)).unwrap().file;
    let update = UpdateFile::parse(&foreign).unwrap().update;
    let readdressed = UpdateFile { update, ..UpdateFile::parse(&ours).unwrap() };
    let mut file = vec![0; 4_096];
    let length = keyfob_wire::body::Body::write(&readdressed, &mut file).unwrap();
    refused((&bench, &desk), "signature-invalid", || apply(&bench, &file[..length]));
}

#[test]
fn updates_that_cant_be_applied() {
    let (bench, desk) = stand(5);
    let below = UpdatePlan {
        steps: vec![
            Step::SetCounter { feature: COUNTED, units: Units(1_000) },
            Step::SubtractCounter { feature: COUNTED, units: Units(1_001) },
        ],
        ..set(0)
    };
    let file = bench.issue(&below).unwrap().file;
    let before = State::of(&bench, &desk).without_flash();
    assert_eq!(apply(&bench, &file).map_err(|error| error.code()), Err("update-malformed"));
    // What was done of it before its last step was found to be impossible counts for nothing, now and later.
    assert_eq!(State::of(&bench, &desk).without_flash(), before);
    desk.with(|emulator| emulator.power_cycle().unwrap());
    assert_eq!(State::of(&bench, &desk).without_flash(), before);
    assert_eq!(check(&bench, COUNTED, TODAY).map_err(|error| error.code()), Ok(()));
}

#[test]
fn expired_by_claimed_and_by_signed_time() {
    let (bench, desk) = stand(5);
    let on = (&bench, &desk);
    refused(on, "expired", || check(&bench, TIMED, EXPIRY));
    check(&bench, TIMED, UnixTime(EXPIRY.0 - 1)).unwrap();
    refused(on, "time-unknown", || check(&bench, TIMED, UnixTime(0)));
    let set_time = |time, vendor: &Vendor| {
        let mut guest = bench.guest().unwrap();
        let asked = guest.time(bench.vendor.root()).unwrap();
        let bytes = vendor.sign_time(guest.serial(), asked.partition, asked.nonce, time, &mut OsEntropy).unwrap();
        let signed = Signed { bytes: &bytes, certificate: None };
        guest.set_time(bench.vendor.root(), &signed).map(|_| bytes)
    };
    refused(on, "signature-invalid", || set_time(EXPIRY, &bench.stranger));
    let used = set_time(EXPIRY, &bench.vendor).unwrap();
    refused(on, "time-not-later", || set_time(EXPIRY, &bench.vendor));
    refused(on, "time-not-later", || set_time(TODAY, &bench.vendor));
    refused(on, "nonce-unknown", || {
        let signed = Signed { bytes: &used, certificate: None };
        bench.guest().unwrap().set_time(bench.vendor.root(), &signed)
    });
    // The PC's clock is turned back.
    refused(on, "expired", || check(&bench, TIMED, TODAY));
    refused(on, "expired", || check(&bench, TIMED, UnixTime(0)));
}

#[test]
fn exhausted_and_too_low() {
    let (bench, desk) = stand(3);
    let on = (&bench, &desk);
    let client = bench.client().unwrap();
    let session = client.login(COUNTED).unwrap();
    refused(on, "counter-too-low", || session.spend(Units(4)));
    assert_eq!(session.spend(Units(3)).unwrap().remaining, Units(0));
    refused(on, "counter-exhausted", || session.spend(Units(1)));
    refused(on, "counter-exhausted", || allowed(session.check()?));
    let sealed = seal_secret(&bench.feature_key, COUNTED, SLOT, b"secret", &mut OsEntropy).unwrap();
    refused(on, "counter-exhausted", || session.unlock_slot(SLOT, &sealed).map(|_| ()));
}

#[test]
fn secrets_without_a_licence() {
    let (bench, desk) = stand(3);
    let on = (&bench, &desk);
    let sealed = seal_secret(&bench.feature_key, COUNTED, SLOT, b"secret", &mut OsEntropy).unwrap();
    let client = bench.client().unwrap();
    let unlock = |feature| client.login(feature)?.unlock_slot(SLOT, &sealed).map(|_| ());
    assert!(unlock(COUNTED).is_ok());
    refused(on, "feature-not-found", || unlock(FeatureId(12_345)));
    refused(on, "key-not-found", || unlock(TIMED));
    let check_only = bench.app_with(PRODUCT, Rights::CHECK).unwrap();
    let client = bench.open(&check_only, TODAY).unwrap();
    refused(on, "not-permitted", || client.login(COUNTED)?.unlock_slot(SLOT, &sealed).map(|_| ()));
    let elsewhere = bench.app_with(keyfob::ProductId(7), Rights::ALL).unwrap();
    let client = bench.open(&elsewhere, TODAY).unwrap();
    refused(on, "product-not-permitted", || client.login(COUNTED)?.unlock_slot(SLOT, &sealed).map(|_| ()));
}

#[test]
fn fobs_of_others_and_emulated_ones() {
    let (bench, desk) = stand(3);
    let on = (&bench, &desk);
    let open = |credential: &[u8], accept: bool| {
        let builder = Client::builder(credential).transport("the desk", desk.clone());
        if accept { builder.accept_emulated().open() } else { builder.open() }.map(|_| ())
    };
    let of = |vendor: &Vendor| vendor.app(CREDENTIAL_SUBJECT, PRODUCT, Rights::ALL, &mut OsEntropy).unwrap();
    refused(on, "unknown-vendor", || open(&of(&bench.stranger), true));
    let production = Vendor::create(VendorKind::Production, &mut OsEntropy);
    refused(on, "emulated-token", || open(&of(&production), false));
    refused(on, "unknown-vendor", || open(&of(&production), true));
    refused(on, "emulated-token", || open(&bench.app, false));
    // An app whose certificate isn't for its key.
    let (one, two) = (of(&bench.vendor), of(&bench.vendor));
    let (one, two) = (parse(&one), parse(&two));
    let mixed = keyfob_signed::AppCredential { certificate: two.certificate, ..one };
    let mut file = Vec::new();
    mixed.encode(&mut minicbor::Encoder::new(&mut file)).unwrap();
    refused(on, "session-refused", || open(&file, true));
    open(&bench.app, true).unwrap();
}

fn parse(credential: &[u8]) -> keyfob_signed::AppCredential<'_> {
    keyfob_signed::AppCredential::parse(credential).unwrap()
}

#[test]
fn enrolments_that_are_refused() {
    let (bench, desk) = stand(3);
    let on = (&bench, &desk);
    let mut guest = bench.guest().unwrap();
    let production = Vendor::create(VendorKind::Production, &mut OsEntropy);
    let enrolled = guest.enrol(production.root(), [1; 16]).unwrap();
    let answer = EnrolAnswer {
        request: &enrolled.request,
        device_signing: &enrolled.device_signing,
        batch: &enrolled.batch,
        maker_root: enrolled.maker_root.0.0,
    };
    let real = Maker::create(Levels::from_number(2).unwrap(), &mut OsEntropy).unwrap();
    let endorse = |vendor: &Vendor, trusted: MakerRoot| {
        vendor.endorse(guest.serial(), &[1; 16], &answer, &[trusted], &mut OsEntropy).map(|_| ())
    };
    assert_eq!(endorse(&production, TEST_MAKER_ROOT), Err(EndorseError::Emulated));
    assert_eq!(endorse(&production, real.root()), Err(EndorseError::Emulated));
    assert_eq!(endorse(&bench.vendor, real.root()), Err(EndorseError::UntrustedMaker));
    assert_eq!(endorse(&bench.stranger, TEST_MAKER_ROOT), Err(EndorseError::OtherVendor));
    refused(on, "already-enrolled", || bench.guest().unwrap().enrol(bench.vendor.root(), [1; 16]));
    refused(on, "certificate-refused", || guest.endorse(&bench.record.endorsement));
    refused(on, "not-permitted", || {
        // A guest's word for a check: there is no such call, so it says it by hand.
        let mut raw = bench.raw().unwrap();
        let session = raw.guest().unwrap();
        let answer = raw.say(session, &[&[0x10][..], &[0; 24]].concat()).unwrap();
        Err::<(), _>(Error::Refused(Status::from_number(u16::from_be_bytes([answer[0], answer[1]])).unwrap()))
    });
    // A born token takes no session at all.
    let blank = Direct::emulators().fob().unwrap();
    let opened = keyfob::Guest::open(&mut *blank.way(), "", &[TEST_MAKER_ROOT], bench.patience).map(|_| ());
    assert_eq!(opened.map_err(|error| error.code()), Err("not-ready"));
}

/// A man in the middle fools nobody: what is denied stays denied, and a spend is done once or not at all.
#[test]
fn a_man_in_the_middle() {
    let (bench, desk) = stand(100);
    let mut left = 100;
    for attack in
        [Attack::EditRequests, Attack::EditAnswers, Attack::RepeatRequests, Attack::RepeatAnswers, Attack::Reorder]
    {
        let way = Tapped::new(desk.clone());
        let client = Client::builder(&bench.app)
            .transport("the man in the middle", way.clone())
            .accept_emulated()
            .time(|| EXPIRY)
            .timeout(std::time::Duration::from_millis(450))
            .open()
            .unwrap();
        let (counted, timed) = (client.login(COUNTED).unwrap(), client.login(TIMED).unwrap());
        way.begin(attack);
        let (checked, spent) = (timed.check(), counted.spend(Units(1)));
        way.begin(Attack::None);
        // Handshakes that he has spoilt hold their places for two seconds, sessions for thirty.
        desk.with(|emulator| emulator.advance(30_000));

        if let Ok(verdict) = checked {
            assert_eq!(allowed(verdict).map_err(|error| error.code()), Err("expired"), "{attack:?}");
        }
        let now = bench.client().unwrap().login(COUNTED).unwrap().counter().unwrap();
        match &spent {
            Ok(spent) => {
                assert_eq!(*spent, now, "{attack:?}");
                assert_eq!(now.remaining, Units(left - 1), "{attack:?}");
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(now.remaining.0 == left || now.remaining.0 == left - 1, "{attack:?}: {now:?}");
            }
        }
        println!("{attack:?}: the spend ended as {:?}", spent.map(|_| ()).map_err(|error| error.code()));
        left = now.remaining.0;
        // Nobody's session has suffered for good.
        assert!(allowed(counted.check().unwrap()).is_ok(), "{attack:?}");
    }
}

/// ERROR is signed by nobody. Who believes it must not take the answer, which comes later, for that to another question.
#[test]
fn an_answer_that_was_held_back() {
    let (bench, desk) = stand(100);
    let way = Tapped::new(desk.clone());
    let client = Client::builder(&bench.app)
        .transport("the man in the middle", way.clone())
        .accept_emulated()
        .time(|| EXPIRY)
        .timeout(std::time::Duration::from_millis(450))
        .open()
        .unwrap();
    let (counted, timed) = (client.login(COUNTED).unwrap(), client.login(TIMED).unwrap());
    way.begin(Attack::HoldBack);
    let first = counted.check();
    assert_eq!(first.map_err(|error| error.code()).unwrap_err(), "bad-request");
    // What is allowed was held back; what is asked now is expired.
    if let Ok(verdict) = timed.check() {
        assert_eq!(allowed(verdict).map_err(|error| error.code()), Err("expired"));
    }
    way.begin(Attack::None);
    assert_eq!(allowed(timed.check().unwrap()).map_err(|error| error.code()), Err("expired"));
    assert!(allowed(counted.check().unwrap()).is_ok());
}

/// Two fobs on one wire: what one says is nothing to the other's session.
#[test]
fn another_fobs_handshake() {
    let (bench, _desk) = stand(3);
    let mut other = Direct::emulators();
    let other = other.fob().unwrap();
    certify(&bench.maker, &*other, bench.patience).unwrap();
    enrol(&bench.vendor, &*other, bench.patience).unwrap();
    // Message 2 of one fob on the channel of another: its endorsement names another serial.
    let mut raw = bench.raw_to(&*other).unwrap();
    let channel = raw.init().unwrap();
    let begun = raw.begin(&channel, keyfob_wire::VendorHint(bench.vendor.root().0.hint())).unwrap();
    let app = parse(&bench.app);
    let key = keyfob_crypto::AgreementKey::from_secret(&app.secret).unwrap();
    let request = keyfob_wire::body::Request::Login;
    let refused = begun.as_app(&app.vendor, bench.serial(), &key, app.certificate, &request);
    assert!(refused.is_err(), "an endorsement counts for another serial");
}
