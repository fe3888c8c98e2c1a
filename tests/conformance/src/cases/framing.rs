//! Reports and messages. `docs/spec.md`, §2.

use keyfob_wire::{ChannelId, Command, REPORT_SIZE, Status};

use crate::case::{ensure, same};
use crate::raw::{error, message_reports};
use crate::{Bench, Failure};

super::cases! {
    an_unknown_channel_is_told_so
    an_unknown_command_is_told_so
    hosts_never_send_error
    a_message_of_nothing_is_taken_in
    unused_bytes_are_ignored_and_sent_as_zero
    the_longest_message_is_taken_in
    a_longer_message_is_refused_at_once
    a_report_left_out_is_a_bad_sequence
    a_report_repeated_is_a_bad_sequence
    what_follows_a_dropped_message_is_ignored
    a_stray_following_report_is_ignored
    another_channels_following_report_is_ignored
    a_second_long_message_is_told_to_wait_and_spoils_nothing
    short_messages_pass_a_long_one
    a_first_report_begins_anew
    a_short_message_drops_the_long_one_of_its_channel
    a_message_that_stops_times_out_after_half_a_second
    each_report_has_half_a_second
    two_programs_dont_disturb_each_other
}

/// A message of three reports whose answer says that it was whole: the token has certificates.
const LONG: [u8; 150] = [7; 150];
const TAKEN: Status = Status::AlreadyInstalled;

fn an_unknown_channel_is_told_so(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    for (channel, length) in [(0, 20), (0x7fff_ffff, 20), (0xffff_fffe, 41), (0x7fff_ffff, 100)] {
        let answer = raw.call(ChannelId(channel), Command::Record, &vec![0; length])?;
        same(&format!("the answer on {channel:#x}"), &answer, &error(Status::UnknownChannel))?;
    }
    Ok(())
}

fn an_unknown_command_is_told_so(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    for command in (0x80..=0xff).filter(|command| Command::from_byte(*command).is_none()) {
        let mut report = message_reports(id, Command::Record, &[1, 2, 3])[0];
        report[4] = command;
        raw.send(&report)?;
        same(&format!("the answer to {command:#x}"), &raw.receive(id)?, &error(Status::UnknownCommand))?;
    }
    Ok(())
}

fn hosts_never_send_error(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    same("the answer", &raw.call(id, Command::Error, &[0, 3])?, &error(Status::UnknownCommand))
}

fn a_message_of_nothing_is_taken_in(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    same("the answer to RECORD", &raw.call(id, Command::Record, &[])?, &error(Status::SessionRefused))?;
    same("the answer to INSTALL", &raw.call(id, Command::Install, &[])?, &error(TAKEN))
}

fn unused_bytes_are_ignored_and_sent_as_zero(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let mut report = message_reports(ChannelId::BROADCAST, Command::Init, b"8 bytes!")[0];
    report[15..].fill(0xa5);
    raw.send(&report)?;
    let answer = raw.report(ChannelId::BROADCAST)?;
    ensure!(answer[7..15] == *b"8 bytes!", "INIT is answered {answer:?}");
    ensure!(answer[7 + 36..].iter().all(|byte| *byte == 0), "unused bytes are sent: {answer:?}");
    let id = raw.init()?.id;
    let mut reports = message_reports(id, Command::Install, &LONG);
    if let Some(last) = reports.last_mut() {
        last[5 + (150 - 57 - 59)..].fill(0xa5);
    }
    reports.iter().try_for_each(|report| raw.send(report))?;
    let answer = raw.report(id)?;
    ensure!(answer[4..9] == [0xbf, 0, 2, 0, 21] && answer[9..] == [0; REPORT_SIZE - 9], "the answer is {answer:?}");
    Ok(())
}

fn the_longest_message_is_taken_in(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    for length in [57, 58, 57 + 59, 57 + 60, 4095, 4096] {
        let answer = raw.call(id, Command::Install, &vec![7; length])?;
        same(&format!("the answer to {length} bytes"), &answer, &error(TAKEN))?;
    }
    Ok(())
}

fn a_longer_message_is_refused_at_once(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    for length in [4097_u16, 0x8000, 0xffff] {
        let mut reports = message_reports(id, Command::Install, &LONG);
        reports[0][5..7].copy_from_slice(&length.to_be_bytes());
        raw.send(&reports[0])?;
        same(&format!("the answer to {length} bytes"), &raw.receive(id)?, &error(Status::TooLong))?;
        reports[1..].iter().try_for_each(|report| raw.send(report))?;
        raw.hears_nothing(id)?;
    }
    same("the answer to what fits", &raw.call(id, Command::Install, &LONG)?, &error(TAKEN))
}

fn a_report_left_out_is_a_bad_sequence(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    let reports = message_reports(id, Command::Install, &LONG);
    raw.send(&reports[0])?;
    raw.send(&reports[2])?;
    same("the answer", &raw.receive(id)?, &error(Status::BadSequence))
}

fn a_report_repeated_is_a_bad_sequence(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    let reports = message_reports(id, Command::Install, &LONG);
    [0, 1, 1].iter().try_for_each(|number| raw.send(&reports[*number]))?;
    same("the answer", &raw.receive(id)?, &error(Status::BadSequence))
}

fn what_follows_a_dropped_message_is_ignored(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    let reports = message_reports(id, Command::Install, &LONG);
    [0, 2].iter().try_for_each(|number| raw.send(&reports[*number]))?;
    same("the answer", &raw.receive(id)?, &error(Status::BadSequence))?;
    [1, 2].iter().try_for_each(|number| raw.send(&reports[*number]))?;
    raw.hears_nothing(id)?;
    same("the answer to the whole", &raw.call(id, Command::Install, &LONG)?, &error(TAKEN))
}

fn a_stray_following_report_is_ignored(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    let strays = [id, ChannelId(0), ChannelId(0x7fff_ffff), ChannelId::BROADCAST];
    for channel in strays {
        raw.send(&message_reports(channel, Command::Install, &LONG)[1])?;
    }
    raw.hears_nothing(id)?;
    raw.hears_nothing(ChannelId(0x7fff_ffff))
}

fn another_channels_following_report_is_ignored(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let (id, other) = (raw.init()?.id, raw.init()?.id);
    let reports = message_reports(id, Command::Install, &LONG);
    raw.send(&reports[0])?;
    raw.send(&message_reports(other, Command::Install, &LONG)[1])?;
    reports[1..].iter().try_for_each(|report| raw.send(report))?;
    same("the answer", &raw.receive(id)?, &error(TAKEN))?;
    raw.hears_nothing(other)
}

fn a_second_long_message_is_told_to_wait_and_spoils_nothing(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let (id, other) = (raw.init()?.id, raw.init()?.id);
    let reports = message_reports(id, Command::Install, &LONG);
    let others = message_reports(other, Command::Install, &[9; 150]);
    raw.send(&reports[0])?;
    raw.send(&others[0])?;
    same("the answer to the second", &raw.receive(other)?, &error(Status::Busy))?;
    raw.send(&reports[1])?;
    others[1..].iter().try_for_each(|report| raw.send(report))?;
    raw.send(&reports[2])?;
    same("the answer to the first", &raw.receive(id)?, &error(TAKEN))?;
    same("the answer to the second again", &raw.call(other, Command::Install, &[9; 150])?, &error(TAKEN))
}

fn short_messages_pass_a_long_one(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let app = bench.app.clone();
    let session = raw.app(&app)?;
    let id = raw.init()?.id;
    let reports = message_reports(id, Command::Install, &LONG);
    raw.send(&reports[0])?;
    let answer = raw.say(session, &[0x13, 0, 0, 0, 42])?;
    ensure!(answer.starts_with(&[0, 0]), "a counter in between is answered {answer:?}");
    raw.send(&reports[1])?;
    raw.init()?;
    raw.send(&reports[2])?;
    same("the answer to the long one", &raw.receive(id)?, &error(TAKEN))
}

fn a_first_report_begins_anew(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    let reports = message_reports(id, Command::Install, &LONG);
    [0, 1].iter().try_for_each(|number| raw.send(&reports[*number]))?;
    same("the answer", &raw.call(id, Command::Install, &LONG)?, &error(TAKEN))?;
    raw.hears_nothing(id)
}

fn a_short_message_drops_the_long_one_of_its_channel(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let (id, other) = (raw.init()?.id, raw.init()?.id);
    let reports = message_reports(id, Command::Install, &LONG);
    raw.send(&reports[0])?;
    same("the answer to the short one", &raw.call(id, Command::Record, &[0; 20])?, &error(Status::SessionRefused))?;
    same("the answer to another channel's", &raw.call(other, Command::Install, &LONG)?, &error(TAKEN))?;
    reports[1..].iter().try_for_each(|report| raw.send(report))?;
    raw.hears_nothing(id)
}

fn a_message_that_stops_times_out_after_half_a_second(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    let reports = message_reports(id, Command::Install, &LONG);
    raw.send(&reports[0])?;
    raw.init()?;
    bench.pass(100)?;
    raw.hears_nothing(id)?;
    bench.pass(400)?;
    same("the answer", &raw.receive(id)?, &error(Status::TimedOut))?;
    reports[1..].iter().try_for_each(|report| raw.send(report))?;
    raw.hears_nothing(id)?;
    same("the answer to the whole", &raw.call(id, Command::Install, &LONG)?, &error(TAKEN))
}

fn each_report_has_half_a_second(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    let reports = message_reports(id, Command::Install, &[7; 200]);
    raw.send(&reports[0])?;
    for report in &reports[1..] {
        // Once INIT is answered, what was sent before it has arrived.
        raw.init()?;
        bench.pass(200)?;
        raw.send(report)?;
    }
    same("the answer", &raw.receive(id)?, &error(TAKEN))
}

fn two_programs_dont_disturb_each_other(bench: &mut Bench) -> Result<(), Failure> {
    let (mut one, mut two) = (bench.raw()?, bench.raw()?);
    let app = bench.app.clone();
    let (first, second) = (one.app(&app)?, two.app(&app)?);
    for _ in 0..5 {
        ensure!(one.say(first, &[0x13, 0, 0, 0, 42])?.len() == 10, "an answer of another length");
        ensure!(two.say(second, &[0x13, 0, 0, 0, 42])?.len() == 10, "an answer of another length");
    }
    Ok(())
}
