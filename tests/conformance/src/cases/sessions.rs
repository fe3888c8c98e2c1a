//! Many sessions. `docs/spec.md`, §5 and §8.

use keyfob_crypto::{AgreementKey, P256Agreement};
use keyfob_signed::{AppCredential, Rights};
use keyfob_wire::body::Request;
use keyfob_wire::{ProductId, Status, VendorHint};

use crate::case::{ensure, same};
use crate::raw::error;
use crate::{Bench, Failure, Raw, SessionId};

super::cases! {
    eight_sessions_are_open_at_once
    a_ninth_session_is_told_to_wait
    logging_out_makes_room
    after_logging_out_a_session_is_over
    logging_out_at_once_opens_nothing
    an_idle_session_gives_way_after_thirty_seconds
    a_used_session_does_not_give_way
    who_holds_more_than_half_makes_room_for_others
    sessions_end_with_the_power
    info_counts_sessions
}

/// As many sessions as there can be.
fn eight(bench: &Bench, raw: &mut Raw) -> Result<Vec<SessionId>, Failure> {
    (0..8).map(|number| if number % 2 == 0 { raw.app(&bench.app) } else { raw.guest() }).collect()
}

fn eight_sessions_are_open_at_once(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let sessions = eight(bench, &mut raw)?;
    for session in sessions.iter().chain(sessions.iter().rev()) {
        same("its status", &raw.ask(*session, &Request::Login)?.0, &Status::Ok)?;
    }
    Ok(())
}

fn a_ninth_session_is_told_to_wait(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let sessions = eight(bench, &mut raw)?;
    let refused = raw.app(&bench.app);
    let busy = format!("{:?}", error(Status::Busy).1);
    ensure!(matches!(&refused, Err(Failure::Broken(why)) if why.contains(&busy)), "the ninth: {refused:?}");
    for session in sessions {
        same("another's status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)?;
    }
    Ok(())
}

fn logging_out_makes_room(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let sessions = eight(bench, &mut raw)?;
    for session in sessions {
        same("the status of logout", &raw.ask(session, &Request::Logout)?.0, &Status::Ok)?;
        raw.app(&bench.app)?;
    }
    Ok(())
}

fn after_logging_out_a_session_is_over(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    for session in [raw.app(&bench.app)?, raw.guest()?] {
        let (status, body) = raw.ask(session, &Request::Logout)?;
        same("the answer", &(status, body), &(Status::Ok, Vec::new()))?;
        let record = raw.seal(session, &[1])?;
        same("the answer after it", &raw.call_record(session, &record)?, &error(Status::SessionRefused))?;
    }
    Ok(())
}

fn logging_out_at_once_opens_nothing(bench: &mut Bench) -> Result<(), Failure> {
    let app = AppCredential::parse(&bench.app)?;
    let key = P256Agreement::from_secret(&app.secret)?;
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let begun = raw.begin(&channel, VendorHint(app.vendor.0.hint()))?;
    let (message, records) = begun.as_app(&app.vendor, bench.serial(), &key, app.certificate, &Request::Logout)?;
    let answer = raw.finish(channel.id, &message)?;
    let session = raw.opened(channel.id, records, answer)?;
    raw.forget(session);
    let record = raw.seal(session, &[1])?;
    same("the answer after it", &raw.call_record(session, &record)?, &error(Status::SessionRefused))
}

fn an_idle_session_gives_way_after_thirty_seconds(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let sessions = eight(bench, &mut raw)?;
    bench.pass(20_000)?;
    ensure!(raw.app(&bench.app).is_err(), "a ninth session after 20 s");
    for session in &sessions[1..] {
        same("its status", &raw.ask(*session, &Request::Login)?.0, &Status::Ok)?;
    }
    bench.pass(11_000)?;
    let ninth = raw.app(&bench.app)?;
    same("the ninth's status", &raw.ask(ninth, &Request::Login)?.0, &Status::Ok)?;
    raw.forget(sessions[0]);
    let record = raw.seal(sessions[0], &[1])?;
    same("the idle one's answer", &raw.call_record(sessions[0], &record)?, &error(Status::SessionRefused))
}

fn a_used_session_does_not_give_way(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    bench.pass(40_000)?;
    // Idle for long, but nobody has needed its place.
    same("its status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)?;
    for _ in 0..7 {
        raw.guest()?;
    }
    // Guests have more than their share already.
    ensure!(raw.guest().is_err(), "a ninth session");
    same("its status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)
}

fn who_holds_more_than_half_makes_room_for_others(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let sessions = (0..8).map(|_| raw.app(&bench.app)).collect::<Result<Vec<_>, _>>()?;
    ensure!(raw.app(&bench.app).is_err(), "a ninth session of the same certificate");
    let other = bench.app_with(ProductId(0), Rights::ALL)?;
    for (number, oldest) in sessions[..4].iter().enumerate() {
        let newcomer = if number % 2 == 0 { raw.app(&other)? } else { raw.guest()? };
        same("the newcomer's status", &raw.ask(newcomer, &Request::Login)?.0, &Status::Ok)?;
        raw.forget(*oldest);
        let record = raw.seal(*oldest, &[1])?;
        same("the oldest one's answer", &raw.call_record(*oldest, &record)?, &error(Status::SessionRefused))?;
    }
    ensure!(raw.guest().is_err(), "a ninth session while nobody holds more than half");
    for session in &sessions[4..] {
        same("another's status", &raw.ask(*session, &Request::Login)?.0, &Status::Ok)?;
    }
    Ok(())
}

fn sessions_end_with_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let client = bench.client()?;
    let session = client.login(crate::licence::PLAIN)?;
    ensure!(matches!(session.check()?, keyfob::Verdict::Full(_)), "not allowed");
    bench.restart()?;
    // The library notices and opens another.
    ensure!(matches!(session.check()?, keyfob::Verdict::Full(_)), "not allowed after a restart");
    Ok(())
}

fn info_counts_sessions(bench: &mut Bench) -> Result<(), Failure> {
    let mut guest = bench.guest()?;
    same("sessions", &guest.info()?.sessions, &1)?;
    let client = bench.client()?;
    same("sessions", &guest.info()?.sessions, &2)?;
    drop(client);
    same("sessions", &guest.info()?.sessions, &1)
}
