//! What apps do: check, spend, unlock, counter. `docs/spec.md`, §8.1 to §8.3.

use keyfob::{Error, FeatureId, Session, UnixTime, Verdict};
use keyfob_crypto::Secret;
use keyfob_issuing::{OsEntropy, Step, seal_secret};
use keyfob_signed::Rights;
use keyfob_wire::body::{CheckAnswer, CheckRequest, Request};
use keyfob_wire::{Modules, Operation, OperationId, Slot, Status, Units};

use crate::bench::steps;
use crate::case::{ensure, same};
use crate::licence::{
    COUNTED, DISABLED, EXPIRY, HIDDEN, MODULAR, MODULES, PLAIN, PRIVATE, PUBLIC, START, TIMED, TODAY, UNSOLD,
};
use crate::other::Other;
use crate::{Bench, Failure};

super::cases! {
    guests_may_not_use_features
    a_check_of_what_is_sold_is_allowed
    a_check_tells_the_terms
    a_check_of_what_isnt_sold_is_refused
    a_feature_that_is_switched_off_is_refused
    before_the_start_it_is_not_yet_valid
    from_the_expiry_on_it_is_expired
    without_any_time_a_time_limit_is_refused
    modules_that_arent_granted_are_missing
    a_check_takes_nothing
    an_exhausted_counter_is_refused
    capacity_must_be_zero
    an_app_is_for_its_product_only
    rights_that_an_app_lacks_are_not_permitted
    a_spend_takes_its_units
    a_spend_of_nothing_is_a_bad_request
    a_spend_of_too_much_takes_nothing
    what_isnt_counted_cannot_be_spent
    a_spend_asked_again_has_its_first_outcome
    an_operation_id_is_for_its_units
    a_serial_from_the_future_is_a_bad_request
    after_sixteen_spends_an_outcome_is_forgotten
    a_refused_spend_isnt_remembered
    a_spend_outlives_the_power
    a_counter_set_anew_keeps_its_spends
    unlock_opens_what_was_sealed
    unlock_asks_for_the_licence
    unlock_needs_a_key_in_the_slot
    unlock_refuses_what_was_sealed_otherwise
    unlock_takes_one_to_sixty_four_bytes
}

/// What a check says.
fn verdict(bench: &Bench, feature: FeatureId, time: UnixTime, modules: Modules) -> Result<Status, Failure> {
    match bench.open(&bench.app, time)?.login(feature)?.check_modules(modules)? {
        Verdict::Full(_) => Ok(Status::Ok),
        Verdict::Denied(refusal) => Ok(refusal.status),
    }
}

pub(super) fn is_refused<T: std::fmt::Debug>(
    what: &str,
    found: Result<T, Error>,
    expected: Status,
) -> Result<(), Failure> {
    match found {
        Err(Error::Refused(status)) => same(what, &status, &expected),
        other => Err(Failure::Broken(format!("{what}: {other:?} instead of {}", expected.slug()))),
    }
}

/// Does something with the counted feature, of which so much is left.
fn counted<T>(
    bench: &mut Bench,
    units: u32,
    operate: impl FnOnce(&Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    bench.set_counter(units)?;
    let client = bench.client()?;
    operate(&client.login(COUNTED)?)
}

fn guests_may_not_use_features(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let requests: [(Operation, usize); 4] =
        [(Operation::Check, 24), (Operation::Spend, 28), (Operation::Unlock, 13 + 40), (Operation::Counter, 4)];
    for (operation, length) in requests {
        let answer = raw.say(session, &[vec![operation.byte()], vec![1; length - 4], vec![0; 4]].concat())?;
        same(operation.word(), &answer, &vec![0, 9])?;
    }
    Ok(())
}

fn a_check_of_what_is_sold_is_allowed(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(1)?;
    for feature in [PLAIN, COUNTED, TIMED, MODULAR, HIDDEN] {
        same(&format!("feature {feature}"), &verdict(bench, feature, TODAY, Modules(0))?, &Status::Ok)?;
    }
    Ok(())
}

fn a_check_tells_the_terms(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(2)?;
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let mut check = |feature| {
        let request = Request::Check(CheckRequest { feature, time: TODAY, modules: Modules(0) });
        let answer = raw.say(session, &crate::raw::plaintext(&request)?)?;
        same("the answer's length", &answer.len(), &37)?;
        Ok::<_, Failure>(CheckAnswer::parse(&answer)?)
    };
    let nothing = CheckAnswer::new(Status::Ok);
    same("without terms", &check(PLAIN)?, &nothing)?;
    same("counted", &check(COUNTED)?, &CheckAnswer { limiting_term: 4, remaining: Some(Units(2)), ..nothing })?;
    let timed = CheckAnswer { limiting_term: 3, next_change: Some(EXPIRY), expiry: Some(EXPIRY), ..nothing };
    same("timed", &check(TIMED)?, &timed)?;
    same("modular", &check(MODULAR)?, &CheckAnswer { modules: Some(MODULES), ..nothing })
}

fn a_check_of_what_isnt_sold_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    for feature in [UNSOLD, FeatureId(0), FeatureId(u32::MAX)] {
        same("the verdict", &verdict(bench, feature, TODAY, Modules(0))?, &Status::FeatureNotFound)?;
    }
    Ok(())
}

fn a_feature_that_is_switched_off_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    same("the verdict", &verdict(bench, DISABLED, TODAY, Modules(0))?, &Status::FeatureDisabled)
}

fn before_the_start_it_is_not_yet_valid(bench: &mut Bench) -> Result<(), Failure> {
    // What the token has seen of the time before would count for more than such claims.
    bench.apply(steps(vec![Step::SetMark { mark: UnixTime(0) }]))?;
    for (time, expected) in [(1, Status::NotYetValid), (START.0 - 1, Status::NotYetValid), (START.0, Status::Ok)] {
        same(&format!("at {time}"), &verdict(bench, TIMED, UnixTime(time), Modules(0))?, &expected)?;
    }
    Ok(())
}

fn from_the_expiry_on_it_is_expired(bench: &mut Bench) -> Result<(), Failure> {
    for (time, expected) in [(EXPIRY.0 - 1, Status::Ok), (EXPIRY.0, Status::Expired), (u64::MAX, Status::Expired)] {
        same(&format!("at {time}"), &verdict(bench, TIMED, UnixTime(time), Modules(0))?, &expected)?;
    }
    Ok(())
}

fn without_any_time_a_time_limit_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    // What other cases have claimed or signed would count.
    let other = Other::new(bench)?;
    same("with a limit", &other.check(bench, TIMED, UnixTime::UNKNOWN)?, &Status::TimeUnknown)?;
    same("without", &other.check(bench, PLAIN, UnixTime::UNKNOWN)?, &Status::Ok)
}

fn modules_that_arent_granted_are_missing(bench: &mut Bench) -> Result<(), Failure> {
    for bit in 0..64 {
        let granted = MODULES.0 >> bit & 1 == 1;
        let expected = if granted { Status::Ok } else { Status::ModuleMissing };
        if bit < 5 || bit == 63 {
            same(&format!("module {bit}"), &verdict(bench, MODULAR, TODAY, Modules(1 << bit))?, &expected)?;
        }
    }
    same("all that are granted", &verdict(bench, MODULAR, TODAY, MODULES)?, &Status::Ok)?;
    same("all of them", &verdict(bench, MODULAR, TODAY, Modules(u64::MAX))?, &Status::ModuleMissing)?;
    same("where none are limited", &verdict(bench, PLAIN, TODAY, Modules(u64::MAX))?, &Status::Ok)
}

fn a_check_takes_nothing(bench: &mut Bench) -> Result<(), Failure> {
    counted(bench, 3, |session| {
        let before = session.counter()?;
        for _ in 0..10 {
            ensure!(matches!(session.check()?, Verdict::Full(_)), "not allowed");
        }
        same("the counter", &session.counter()?, &before)
    })
}

fn an_exhausted_counter_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(0)?;
    same("the verdict", &verdict(bench, COUNTED, TODAY, Modules(0))?, &Status::CounterExhausted)?;
    let client = bench.client()?;
    is_refused("a spend", client.login(COUNTED)?.spend(Units(1)), Status::CounterExhausted)
}

fn capacity_must_be_zero(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let request = Request::Check(CheckRequest { feature: PLAIN, time: TODAY, modules: Modules(0) });
    let mut request = crate::raw::plaintext(&request)?;
    request[24] = 1;
    same("the answer", &raw.say(session, &request)?, &vec![0, 1])
}

fn an_app_is_for_its_product_only(bench: &mut Bench) -> Result<(), Failure> {
    for (product, own, others) in [(PUBLIC, PLAIN, HIDDEN), (PRIVATE, HIDDEN, PLAIN)] {
        let client = bench.open(&bench.app_with(product, Rights::ALL)?, TODAY)?;
        ensure!(matches!(client.login(own)?.check()?, Verdict::Full(_)), "its own isn't allowed");
        match client.login(others)?.check()? {
            Verdict::Denied(refusal) => same("another's", &refusal.status, &Status::ProductNotPermitted)?,
            Verdict::Full(_) => return Err(Failure::Broken("another product's feature is allowed".to_owned())),
        }
    }
    Ok(())
}

fn rights_that_an_app_lacks_are_not_permitted(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(5)?;
    let sealed = seal_secret(&bench.feature_key, COUNTED, Slot(0), b"secret", &mut OsEntropy)?;
    for rights in 0..8 {
        let rights = Rights::from_number(rights).ok_or(Failure::Broken("no rights".to_owned()))?;
        let client = bench.open(&bench.app_with(PUBLIC, rights)?, TODAY)?;
        let session = client.login(COUNTED)?;
        let checked = match session.check()? {
            Verdict::Full(_) => Ok(()),
            Verdict::Denied(refusal) => Err(Error::Refused(refusal.status)),
        };
        let found = [
            (Rights::CHECK, checked),
            (Rights::SPEND, session.spend_as(OperationId([rights.number(); 8]), 0, Units(9)).map(|_| ())),
            (Rights::SPEND, session.counter().map(|_| ())),
            (Rights::UNLOCK, session.unlock(&sealed).map(|_| ())),
        ];
        for (right, outcome) in found {
            let may = !matches!(outcome, Err(Error::Refused(Status::NotPermitted)));
            same(&format!("right {} of {}", right.number(), rights.number()), &may, &rights.include(right))?;
        }
    }
    Ok(())
}

fn a_spend_takes_its_units(bench: &mut Bench) -> Result<(), Failure> {
    counted(bench, 10, |session| {
        let serial = session.counter()?.spend_serial;
        for (number, (units, left)) in (1..).zip([(1, 9), (4, 5), (5, 0)]) {
            let spent = session.spend(Units(units))?;
            same("remaining", &spent.remaining, &Units(left))?;
            same("the serial", &spent.spend_serial, &(serial + number))?;
            same("the counter", &session.counter()?, &spent)?;
        }
        Ok(())
    })
}

fn a_spend_of_nothing_is_a_bad_request(bench: &mut Bench) -> Result<(), Failure> {
    counted(bench, 10, |session| {
        let before = session.counter()?;
        is_refused("no units", session.spend(Units(0)), Status::BadRequest)?;
        same("the counter", &session.counter()?, &before)
    })
}

fn a_spend_of_too_much_takes_nothing(bench: &mut Bench) -> Result<(), Failure> {
    counted(bench, 10, |session| {
        let before = session.counter()?;
        for units in [11, u32::MAX] {
            is_refused("too much", session.spend(Units(units)), Status::CounterTooLow)?;
        }
        same("the counter", &session.counter()?, &before)
    })
}

fn what_isnt_counted_cannot_be_spent(bench: &mut Bench) -> Result<(), Failure> {
    let client = bench.client()?;
    for feature in [PLAIN, TIMED] {
        let session = client.login(feature)?;
        is_refused("a counter", session.counter(), Status::NoCounter)?;
        is_refused("a spend", session.spend_as(OperationId([1; 8]), 0, Units(1)), Status::NoCounter)?;
    }
    is_refused("what isn't sold", client.login(UNSOLD)?.counter(), Status::FeatureNotFound)
}

fn a_spend_asked_again_has_its_first_outcome(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(100)?;
    let seen = bench.client()?.login(COUNTED)?.counter()?.spend_serial;
    let first = bench.client()?.login(COUNTED)?.spend_as(OperationId(*b"in sum 1"), seen, Units(7))?;
    for others in 0..15 {
        // In another session, as after a crash.
        let client = bench.client()?;
        let session = client.login(COUNTED)?;
        let again = session.spend_as(OperationId(*b"in sum 1"), seen, Units(7))?;
        same(&format!("after {others} others"), &again, &first)?;
        session.spend(Units(1))?;
    }
    same("what is left", &bench.client()?.login(COUNTED)?.counter()?.remaining, &Units(100 - 7 - 15))
}

fn an_operation_id_is_for_its_units(bench: &mut Bench) -> Result<(), Failure> {
    counted(bench, 100, |session| {
        let seen = session.counter()?.spend_serial;
        let id = OperationId(*b"mismatch");
        let spent = session.spend_as(id, seen, Units(2))?;
        for units in [1, 3] {
            is_refused("other units", session.spend_as(id, seen, Units(units)), Status::OperationMismatch)?;
        }
        same("the counter", &session.counter()?, &spent)
    })
}

fn a_serial_from_the_future_is_a_bad_request(bench: &mut Bench) -> Result<(), Failure> {
    counted(bench, 100, |session| {
        let before = session.counter()?;
        for seen in [before.spend_serial + 1, u32::MAX] {
            let spent = session.spend_as(OperationId(*b"tomorrow"), seen, Units(2));
            is_refused("a serial ahead", spent, Status::BadRequest)?;
        }
        same("the counter", &session.counter()?, &before)
    })
}

fn after_sixteen_spends_an_outcome_is_forgotten(bench: &mut Bench) -> Result<(), Failure> {
    counted(bench, 100, |session| {
        let seen = session.counter()?.spend_serial;
        let id = OperationId(*b"by then ");
        session.spend_as(id, seen, Units(2))?;
        for _ in 0..16 {
            session.spend(Units(1))?;
        }
        let before = session.counter()?;
        is_refused("the first one", session.spend_as(id, seen, Units(2)), Status::OutcomeForgotten)?;
        let fresh = OperationId(*b"too late");
        is_refused("one never asked", session.spend_as(fresh, seen + 1, Units(2)), Status::OutcomeForgotten)?;
        same("the counter", &session.counter()?, &before)?;
        // One serial later than that it is sure that it never happened.
        session.spend_as(fresh, seen + 2, Units(2))?;
        same("what is left", &session.counter()?.remaining, &Units(before.remaining.0 - 2))
    })
}

fn a_refused_spend_isnt_remembered(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(1)?;
    let seen = bench.client()?.login(COUNTED)?.counter()?.spend_serial;
    let id = OperationId(*b"try more");
    let refused = bench.client()?.login(COUNTED)?.spend_as(id, seen, Units(3));
    is_refused("too much", refused, Status::CounterTooLow)?;
    bench.apply(steps(vec![Step::AddCounter { feature: COUNTED, units: Units(4) }]))?;
    let spent = bench.client()?.login(COUNTED)?.spend_as(id, seen, Units(3))?;
    same("what is left", &spent.remaining, &Units(2))
}

fn a_spend_outlives_the_power(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(10)?;
    let before = bench.client()?.login(COUNTED)?.counter()?;
    let id = OperationId(*b"power   ");
    let spent = bench.client()?.login(COUNTED)?.spend_as(id, before.spend_serial, Units(4))?;
    bench.restart()?;
    let client = bench.client()?;
    let session = client.login(COUNTED)?;
    same("the counter", &session.counter()?, &spent)?;
    same("the same asked again", &session.spend_as(id, before.spend_serial, Units(4))?, &spent)
}

fn a_counter_set_anew_keeps_its_spends(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(10)?;
    let seen = bench.client()?.login(COUNTED)?.counter()?.spend_serial;
    let id = OperationId(*b"kept    ");
    let spent = bench.client()?.login(COUNTED)?.spend_as(id, seen, Units(4))?;
    bench.set_counter(50)?;
    let client = bench.client()?;
    let session = client.login(COUNTED)?;
    same("the spend asked again", &session.spend_as(id, seen, Units(4))?, &spent)?;
    same("what is left", &session.counter()?.remaining, &Units(50))
}

fn unlock_opens_what_was_sealed(bench: &mut Bench) -> Result<(), Failure> {
    let sealed = seal_secret(&bench.feature_key, COUNTED, Slot(0), b"what it can't work without", &mut OsEntropy)?;
    counted(bench, 1, |session| {
        for _ in 0..3 {
            same("the secret", &session.unlock(&sealed)?.expose(), &&b"what it can't work without"[..])?;
        }
        same("what is left", &session.counter()?.remaining, &Units(1))
    })
}

fn unlock_asks_for_the_licence(bench: &mut Bench) -> Result<(), Failure> {
    let sealed = seal_secret(&bench.feature_key, COUNTED, Slot(0), b"secret", &mut OsEntropy)?;
    counted(bench, 0, |session| {
        is_refused("exhausted", session.unlock(&sealed).map(|_| ()), Status::CounterExhausted)
    })?;
    let client = bench.client()?;
    for (feature, expected) in [(DISABLED, Status::FeatureDisabled), (UNSOLD, Status::FeatureNotFound)] {
        is_refused("without a licence", client.login(feature)?.unlock(&sealed).map(|_| ()), expected)?;
    }
    let late = bench.open(&bench.app, EXPIRY)?;
    is_refused("expired", late.login(TIMED)?.unlock(&sealed).map(|_| ()), Status::Expired)
}

fn unlock_needs_a_key_in_the_slot(bench: &mut Bench) -> Result<(), Failure> {
    let sealed = seal_secret(&bench.feature_key, COUNTED, Slot(0), b"secret", &mut OsEntropy)?;
    counted(bench, 1, |session| {
        for slot in [1, 255] {
            is_refused("no key", session.unlock_slot(Slot(slot), &sealed).map(|_| ()), Status::KeyNotFound)?;
        }
        Ok(())
    })?;
    let client = bench.client()?;
    is_refused("no key", client.login(PLAIN)?.unlock_slot(Slot(1), &sealed).map(|_| ()), Status::KeyNotFound)
}

fn unlock_refuses_what_was_sealed_otherwise(bench: &mut Bench) -> Result<(), Failure> {
    let key = &bench.feature_key;
    let genuine = seal_secret(key, COUNTED, Slot(0), b"secret", &mut OsEntropy)?;
    let mut altered: Vec<Vec<u8>> = (0..genuine.len())
        .map(|place| {
            let mut sealed = genuine.clone();
            sealed[place] ^= 1;
            sealed
        })
        .collect();
    altered.push(seal_secret(key, PLAIN, Slot(0), b"secret", &mut OsEntropy)?);
    altered.push(seal_secret(key, COUNTED, Slot(1), b"secret", &mut OsEntropy)?);
    altered.push(seal_secret(&Secret::random(&mut OsEntropy), COUNTED, Slot(0), b"secret", &mut OsEntropy)?);
    counted(bench, 1, |session| {
        for sealed in &altered {
            is_refused("sealed otherwise", session.unlock(sealed).map(|_| ()), Status::UnlockFailed)?;
        }
        session.unlock(&genuine)?;
        Ok(())
    })
}

fn unlock_takes_one_to_sixty_four_bytes(bench: &mut Bench) -> Result<(), Failure> {
    let key = bench.feature_key.clone();
    counted(bench, 1, |session| {
        for length in [1, 22, 23, 63, 64] {
            let secret = vec![0x5a; length];
            let sealed = seal_secret(&key, COUNTED, Slot(0), &secret, &mut OsEntropy)?;
            same("the secret", &session.unlock(&sealed)?.expose(), &secret.as_slice())?;
        }
        for length in [0, 12, 27, 28, 12 + 65 + 16] {
            let unlocked = session.unlock(&vec![0; length]).map(|_| ());
            is_refused(&format!("{length} bytes"), unlocked, Status::BadRequest)?;
        }
        Ok(())
    })
}
