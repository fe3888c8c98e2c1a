//! Resuming sessions. `docs/spec.md`, §5.1.

use keyfob_wire::body::Request;
use keyfob_wire::{Command, Status};

use crate::case::{ensure, same};
use crate::raw::{error, status_and_body};
use crate::{Bench, Failure, Raw, SessionId};

super::cases! {
    a_session_is_resumed_on_its_channel
    a_session_is_resumed_on_another_channel
    a_guests_session_is_resumed
    sessions_are_resumed_from_resumed_ones
    resuming_uses_the_ticket_up
    resuming_closes_the_earlier_session
    the_same_resume_is_answered_identically
    altered_resumes_are_refused_and_use_nothing_up
    a_resume_on_another_channel_than_it_was_made_for_is_refused
    an_unknown_ticket_is_refused
    after_logging_out_there_is_nothing_to_resume
    a_session_that_lost_its_place_is_resumed
    tickets_end_after_ten_minutes
    tickets_end_with_the_power
    a_long_answer_is_sent_again
}

/// The session is alive.
fn answers(raw: &mut Raw, session: SessionId) -> Result<(), Failure> {
    same("its status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)
}

fn a_session_is_resumed_on_its_channel(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    raw.resume(session, &channel)?;
    answers(&mut raw, session)
}

fn a_session_is_resumed_on_another_channel(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let channel = raw.init()?;
    raw.resume(session, &channel)?;
    answers(&mut raw, session)
}

fn a_guests_session_is_resumed(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let channel = raw.init()?;
    raw.resume(session, &channel)?;
    answers(&mut raw, session)?;
    let check = [&[0x10][..], &[0; 24]].concat();
    let answer = raw.say(session, &check)?;
    same("a guest's check", &status_and_body(&answer)?.0, &Status::NotPermitted)
}

fn sessions_are_resumed_from_resumed_ones(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    for _ in 0..20 {
        raw.resume(session, &channel)?;
        answers(&mut raw, session)?;
    }
    Ok(())
}

fn resuming_uses_the_ticket_up(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    let (_, replay) = raw.resuming(session, &channel)?;
    raw.resume(session, &channel)?;
    answers(&mut raw, session)?;
    same("the ticket again", &raw.call(channel.id, Command::Resume, &replay)?, &error(Status::SessionRefused))?;
    answers(&mut raw, session)
}

fn resuming_closes_the_earlier_session(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let (first, second) = (raw.init()?, raw.init()?);
    let session = raw.app_on(&first, &bench.app)?;
    let record = raw.seal(session, &[1])?;
    raw.resume(session, &second)?;
    let answer = raw.call(first.id, Command::Record, &record)?;
    same("the earlier session's answer", &answer, &error(Status::SessionRefused))?;
    answers(&mut raw, session)
}

fn the_same_resume_is_answered_identically(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    let (resuming, request) = raw.resuming(session, &channel)?;
    let answer = raw.call(channel.id, Command::Resume, &request)?;
    same("the second answer", &raw.call(channel.id, Command::Resume, &request)?, &answer)?;
    raw.resumed(session, &channel, resuming, answer)?;
    answers(&mut raw, session)?;
    let late = raw.call(channel.id, Command::Resume, &request)?;
    same("the answer after a record", &late, &error(Status::SessionRefused))?;
    answers(&mut raw, session)
}

fn altered_resumes_are_refused_and_use_nothing_up(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    let (resuming, request) = raw.resuming(session, &channel)?;
    for place in 0..request.len() {
        let mut altered = request.clone();
        altered[place] ^= 1;
        let answer = raw.call(channel.id, Command::Resume, &altered)?;
        same(&format!("the answer with byte {place} altered"), &answer, &error(Status::SessionRefused))?;
    }
    for length in (0..request.len()).chain([58, 100]) {
        let mut other = request.clone();
        other.resize(length, 0);
        let answer = raw.call(channel.id, Command::Resume, &other)?;
        same(&format!("the answer to {length} bytes"), &answer, &error(Status::SessionRefused))?;
    }
    let answer = raw.call(channel.id, Command::Resume, &request)?;
    raw.resumed(session, &channel, resuming, answer)?;
    answers(&mut raw, session)
}

fn a_resume_on_another_channel_than_it_was_made_for_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let (first, second) = (raw.init()?, raw.init()?);
    let session = raw.app_on(&first, &bench.app)?;
    let (_, request) = raw.resuming(session, &first)?;
    same("the answer", &raw.call(second.id, Command::Resume, &request)?, &error(Status::SessionRefused))?;
    answers(&mut raw, session)
}

fn an_unknown_ticket_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    same("the answer", &raw.call(channel.id, Command::Resume, &[7; 57])?, &error(Status::SessionRefused))
}

fn after_logging_out_there_is_nothing_to_resume(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    let (_, request) = raw.resuming(session, &channel)?;
    raw.ask(session, &Request::Logout)?;
    raw.forget(session);
    same("the answer", &raw.call(channel.id, Command::Resume, &request)?, &error(Status::SessionRefused))
}

fn a_session_that_lost_its_place_is_resumed(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let lost = raw.app(&bench.app)?;
    bench.pass(31_000)?;
    let mut others = Vec::new();
    for number in 0..8 {
        others.push(if number % 2 == 0 { raw.app(&bench.app)? } else { raw.guest()? });
    }
    let record = raw.seal(lost, &[1])?;
    same("the lost one's answer", &raw.call_record(lost, &record)?, &error(Status::SessionRefused))?;
    let channel = raw.init()?;
    let (_, request) = raw.resuming(lost, &channel)?;
    same("without a place", &raw.call(channel.id, Command::Resume, &request)?, &error(Status::Busy))?;
    raw.ask(others[0], &Request::Logout)?;
    raw.resume(lost, &channel)?;
    answers(&mut raw, lost)
}

fn tickets_end_after_ten_minutes(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    bench.pass(300_000)?;
    raw.resume(session, &channel)?;
    bench.pass(299_000)?;
    raw.resume(session, &channel)?;
    bench.pass(1_000)?;
    // Ten minutes from the handshake, however often it was resumed.
    let (_, request) = raw.resuming(session, &channel)?;
    same("the answer", &raw.call(channel.id, Command::Resume, &request)?, &error(Status::SessionRefused))?;
    answers(&mut raw, session)
}

fn tickets_end_with_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    bench.restart()?;
    let mut after = bench.raw()?;
    let channel = after.init()?;
    let (_, request) = raw.resuming(session, &channel)?;
    same("the answer", &after.call(channel.id, Command::Resume, &request)?, &error(Status::SessionRefused))
}

fn a_long_answer_is_sent_again(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let (session, other) = (raw.app(&bench.app)?, raw.app(&bench.app)?);
    let record = raw.seal(session, &[3])?;
    let answer = raw.call_record(session, &record)?;
    ensure!(answer.1.len() > 57, "info takes {} bytes", answer.1.len());
    same("the second answer", &raw.call_record(session, &record)?, &answer)?;
    // Short answers have a place of their own.
    let check = [&[0x10][..], &[0; 24]].concat();
    raw.say(other, &check)?;
    same("the answer after another's check", &raw.call_record(session, &record)?, &answer)?;
    raw.say(other, &[3])?;
    same("the answer once it is gone", &raw.call_record(session, &record)?, &error(Status::SessionRefused))?;
    raw.open(session, answer)?;
    answers(&mut raw, session)
}
