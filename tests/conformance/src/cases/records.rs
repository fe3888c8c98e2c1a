//! Records. `docs/spec.md`, §6, and what every request has in common, §8.

use keyfob_wire::body::{Request, SpendRequest};
use keyfob_wire::{Command, Operation, OperationId, Status, Units};

use crate::case::{ensure, same};
use crate::licence::{COUNTED, TODAY};
use crate::raw::{error, plaintext, status_and_body};
use crate::{Bench, Failure};

super::cases! {
    a_record_without_a_session_is_refused
    altered_records_are_refused_and_change_nothing
    records_of_another_number_are_refused
    a_record_from_before_is_refused
    an_identical_record_is_answered_identically
    a_repeated_spend_takes_once
    records_of_another_session_are_refused
    unknown_operations_are_told_so
    malformed_bodies_are_bad_requests
    unknown_keys_are_skipped
    a_hundred_requests_in_a_row
}

fn a_record_without_a_session_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    for length in [0, 1, 18, 43, 57, 300] {
        let answer = raw.call(id, Command::Record, &vec![0; length])?;
        same(&format!("the answer to {length} bytes"), &answer, &error(Status::SessionRefused))?;
    }
    Ok(())
}

fn altered_records_are_refused_and_change_nothing(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(10)?;
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let spend = Request::Spend(SpendRequest {
        feature: COUNTED,
        units: Units(1),
        operation: OperationId(*b"altered "),
        serial_seen: 0,
        time: TODAY,
    });
    let record = raw.seal(session, &plaintext(&spend)?)?;
    for place in 0..record.len() {
        let mut altered = record.clone();
        altered[place] ^= 1;
        let answer = raw.call_record(session, &altered)?;
        same(&format!("the answer with byte {place} altered"), &answer, &error(Status::SessionRefused))?;
    }
    for length in 0..record.len() {
        let answer = raw.call_record(session, &record[..length])?;
        same(&format!("the answer to {length} bytes"), &answer, &error(Status::SessionRefused))?;
    }
    let left = bench.client()?.login(COUNTED)?.counter()?.remaining;
    same("what is left", &left, &Units(10))?;
    // The genuine one still counts: it is the next.
    let answer = raw.call_record(session, &record)?;
    raw.open(session, answer).map(|_| ())
}

fn records_of_another_number_are_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let (first, second) = (raw.seal(session, &[1])?, raw.seal(session, &[1])?);
    same("the answer to a later one", &raw.call_record(session, &second)?, &error(Status::SessionRefused))?;
    let answer = raw.call_record(session, &first)?;
    raw.open(session, answer)?;
    let answer = raw.call_record(session, &second)?;
    raw.open(session, answer).map(|_| ())
}

fn a_record_from_before_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let (first, second) = (raw.seal(session, &[1])?, raw.seal(session, &[1])?);
    for record in [&first, &second] {
        let answer = raw.call_record(session, record)?;
        raw.open(session, answer)?;
    }
    same("the answer to the first again", &raw.call_record(session, &first)?, &error(Status::SessionRefused))
}

fn an_identical_record_is_answered_identically(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let record = raw.seal(session, &[Operation::Counter.byte(), 0, 0, 0, 42])?;
    let first = raw.call_record(session, &record)?;
    for _ in 0..3 {
        same("the answer again", &raw.call_record(session, &record)?, &first)?;
    }
    raw.open(session, first)?;
    same("the next one's status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)
}

fn a_repeated_spend_takes_once(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(10)?;
    let serial_seen = bench.client()?.login(COUNTED)?.counter()?.spend_serial;
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let operation = OperationId(*b"repeated");
    let spend = SpendRequest { feature: COUNTED, units: Units(3), operation, serial_seen, time: TODAY };
    let record = raw.seal(session, &plaintext(&Request::Spend(spend))?)?;
    let first = raw.call_record(session, &record)?;
    same("the answer again", &raw.call_record(session, &record)?, &first)?;
    let answer = raw.open(session, first)?;
    let expected = [&[0, 0, 0, 0, 0, 7][..], &(serial_seen + 1).to_be_bytes()].concat();
    same("the answer's plaintext", &answer, &expected)?;
    same("what is left", &bench.client()?.login(COUNTED)?.counter()?.remaining, &Units(7))
}

fn records_of_another_session_are_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let (one, two) = (raw.app(&bench.app)?, raw.app(&bench.app)?);
    let record = raw.seal(one, &[1])?;
    let id = raw.channel(two);
    same("the answer", &raw.call(id, Command::Record, &record)?, &error(Status::SessionRefused))?;
    let answer = raw.call_record(one, &record)?;
    raw.open(one, answer)?;
    same("the other's status", &raw.ask(two, &Request::Login)?.0, &Status::Ok)
}

fn unknown_operations_are_told_so(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    for session in [raw.app(&bench.app)?, raw.guest()?] {
        for operation in (0..=255_u8).filter(|operation| Operation::from_byte(*operation).is_none()) {
            let answer = raw.say(session, &[operation])?;
            same(&format!("the answer to {operation:#x}"), &answer, &vec![0, 2])?;
        }
    }
    Ok(())
}

fn malformed_bodies_are_bad_requests(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    same("the answer to nothing", &raw.say(session, &[])?, &vec![0, 1])?;
    for operation in Operation::ALL {
        // No map, an unfinished one, one with a key twice, keys out of order, an indefinite one, bytes after it.
        let bodies: [&[u8]; 7] =
            [&[0x80], &[0xa1, 0x01], &[0xa2, 1, 0, 1, 0], &[0xa2, 2, 0, 1, 0], &[0xbf, 0xff], &[0xa0, 0], &[0xff; 20]];
        // Of these the last field is any bytes.
        let open = matches!(operation, Operation::Write | Operation::Encrypt | Operation::Derive);
        for body in bodies.into_iter().filter(|body| !open || body.len() < 20) {
            let answer = raw.say(session, &[&[operation.byte()], body].concat())?;
            same(&format!("the answer to {} with {body:02x?}", operation.word()), &answer, &vec![0, 1])?;
        }
    }
    same("the session's status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)
}

fn unknown_keys_are_skipped(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    // {99: [1, {"a": h'00'}], 1000: null}
    let body = [0xa2, 0x18, 99, 0x82, 1, 0xa1, 0x61, b'a', 0x41, 0, 0x19, 0x03, 0xe8, 0xf6];
    for operation in [Operation::Login, Operation::Info, Operation::List] {
        let answer = raw.say(session, &[&[operation.byte()], &body[..]].concat())?;
        same(operation.word(), &status_and_body(&answer)?.0, &Status::Ok)?;
    }
    Ok(())
}

fn a_hundred_requests_in_a_row(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    for number in 0..100 {
        let answer = raw.say(session, &[Operation::Counter.byte(), 0, 0, 0, 42])?;
        ensure!(answer.len() == 10, "answer {number} has {} bytes", answer.len());
    }
    Ok(())
}
