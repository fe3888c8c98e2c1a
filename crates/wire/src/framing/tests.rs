use super::*;
use crate::{ChannelId, Command, Frame, Instant, MAX_MESSAGE, Report, Status, TooLong};

const A: ChannelId = ChannelId(1);
const B: ChannelId = ChannelId(2);
const COMPLETE: Assembly = Assembly::Complete { channel: A, command: 0x94 };

fn message(seed: usize) -> [u8; MAX_MESSAGE] {
    core::array::from_fn(|i| u8::try_from((i * 31 + seed * 7 + i / 251) % 256).unwrap())
}

fn fragments(channel: ChannelId, message: &[u8]) -> Fragments<'_> {
    Fragments::new(channel, Command::Record, message).unwrap()
}

fn refused(channel: ChannelId, status: Status) -> Assembly {
    Assembly::Refused { channel, status }
}

type Assembler4096 = Assembler<MAX_MESSAGE>;

fn feed(assembler: &mut Assembler4096, now: u64, report: &Report) -> Assembly {
    assembler.on_frame(Instant(now), &Frame::parse(report))
}

#[test]
fn every_length_arrives_as_it_was_sent() {
    let mut assembler = Assembler4096::new();
    for length in 0..=MAX_MESSAGE {
        let sent = message(length);
        let sent = &sent[..length];
        let count = if length <= 57 { 1 } else { 1 + (length - 57).div_ceil(59) };
        assert_eq!(fragments(A, sent).count(), count);
        for (i, report) in fragments(A, sent).enumerate() {
            let outcome = feed(&mut assembler, 0, &report);
            assert_eq!(outcome, if i + 1 == count { COMPLETE } else { Assembly::Incomplete });
        }
        assert_eq!(assembler.message(), sent);
        assert_eq!(assembler.message_mut(), sent);
        assembler.release();
        assert_eq!(assembler.message(), []);
    }
}

#[test]
fn unused_bytes_are_zero() {
    let sent = [0xff; 58];
    let last = fragments(A, &sent).last().unwrap();
    assert_eq!(last[5], 0xff);
    assert_eq!(last[6..], [0; 58]);
}

#[test]
fn a_longer_message_is_neither_sent_nor_taken_in() {
    let long = [0; MAX_MESSAGE + 1];
    assert_eq!(Fragments::new(A, Command::Record, &long).err(), Some(TooLong));
    assert_eq!(Sender::new(A, Command::Record, 65_536 + 1).err(), Some(TooLong));
    for length in [4097, 0x8000, 0xffff_u16] {
        let mut report = fragments(A, &long[..4096]).next().unwrap();
        report[5..7].copy_from_slice(&length.to_be_bytes());
        let mut assembler = Assembler4096::new();
        assert_eq!(feed(&mut assembler, 0, &report), refused(A, Status::TooLong));
        assert_eq!(assembler.deadline(), None);
    }
    let mut small = Assembler::<100>::new();
    let report = fragments(A, &long[..101]).next().unwrap();
    assert_eq!(small.on_frame(Instant(0), &Frame::parse(&report)), refused(A, Status::TooLong));
    let report = fragments(A, &long[..100]).next().unwrap();
    assert_eq!(small.on_frame(Instant(0), &Frame::parse(&report)), Assembly::Incomplete);
}

#[test]
fn a_message_of_another_length_ends_the_sending() {
    let mut sender = Sender::new(A, Command::Record, 100).unwrap();
    assert!(sender.next(&[0; 100]).is_some());
    assert!(!sender.is_done());
    assert_eq!(sender.next(&[0; 99]), None);
    assert!(sender.is_done());
    assert_eq!(sender.next(&[0; 100]), None);
}

/// At every place of a message of 70 reports, every sequence number but the right one drops it.
#[test]
fn a_report_out_of_sequence_drops_the_message() {
    let sent = message(0);
    for place in 1..fragments(A, &sent).count() {
        for sequence in 0..128_u8 {
            let right = usize::from(sequence) + 1 == place;
            let mut assembler = Assembler4096::new();
            for report in fragments(A, &sent).take(place) {
                assert_eq!(feed(&mut assembler, 0, &report), Assembly::Incomplete);
            }
            let mut report = fragments(A, &sent).nth(place).unwrap();
            report[4] = sequence;
            let outcome = feed(&mut assembler, 0, &report);
            if right {
                assert_ne!(outcome, refused(A, Status::BadSequence));
            } else {
                assert_eq!(outcome, refused(A, Status::BadSequence));
                assert_eq!(assembler.deadline(), None);
                assert_eq!(assembler.message(), []);
                let next = fragments(A, &sent).nth(place).unwrap();
                assert_eq!(feed(&mut assembler, 0, &next), Assembly::Ignored);
            }
        }
    }
}

#[test]
fn other_channels_wait_and_do_no_harm() {
    let (mine, other) = (message(1), message(2));
    let mut assembler = Assembler4096::new();
    for (report, foreign) in fragments(A, &mine).zip(fragments(B, &other)) {
        let outcome = feed(&mut assembler, 0, &report);
        let is_first = matches!(Frame::parse(&foreign), Frame::First { .. });
        let expected = if is_first { refused(B, Status::Busy) } else { Assembly::Ignored };
        assert_eq!(feed(&mut assembler, 0, &foreign), expected);
        if outcome == COMPLETE {
            assert_eq!(assembler.message(), mine);
        }
    }
    assert_eq!(assembler.message(), mine);
}

#[test]
fn a_complete_message_stays_until_it_is_released() {
    let mut assembler = Assembler4096::new();
    let sent = message(3);
    let sent = &sent[..60];
    assert_eq!(fragments(A, sent).map(|report| feed(&mut assembler, 0, &report)).last(), Some(COMPLETE));
    for channel in [A, B] {
        let mut reports = fragments(channel, &[9; 200]);
        assert_eq!(feed(&mut assembler, 1000, &reports.next().unwrap()), refused(channel, Status::Busy));
        assert_eq!(feed(&mut assembler, 1000, &reports.next().unwrap()), Assembly::Ignored);
        assembler.abandon(channel);
        assert_eq!(assembler.expire(Instant(9999)), None);
        assert_eq!(assembler.deadline(), None);
        assert_eq!(assembler.message(), sent);
    }
    assembler.release();
    assert_eq!(feed(&mut assembler, 1000, &fragments(B, &[9; 200]).next().unwrap()), Assembly::Incomplete);
    assembler.release();
    assert_eq!(assembler.deadline(), Some(Instant(1500)), "a message under way isn't released");
}

#[test]
fn a_first_report_on_the_same_channel_restarts() {
    let mut assembler = Assembler4096::new();
    let (old, new) = (message(4), message(5));
    for report in fragments(A, &old).take(5) {
        assert_eq!(feed(&mut assembler, 0, &report), Assembly::Incomplete);
    }
    let outcomes = fragments(A, &new[..150]).map(|report| feed(&mut assembler, 400, &report));
    assert!(outcomes.eq([Assembly::Incomplete, Assembly::Incomplete, COMPLETE]));
    assert_eq!(assembler.message(), &new[..150]);
}

#[test]
fn an_abandoned_message_does_not_go_on() {
    let mut assembler = Assembler4096::new();
    let mut reports = fragments(A, &[1; 300]);
    assert_eq!(feed(&mut assembler, 0, &reports.next().unwrap()), Assembly::Incomplete);
    assembler.abandon(B);
    assert_eq!(feed(&mut assembler, 0, &reports.next().unwrap()), Assembly::Incomplete);
    assembler.abandon(A);
    assert_eq!(feed(&mut assembler, 0, &reports.next().unwrap()), Assembly::Ignored);
    assert_eq!(assembler.deadline(), None);
}

#[test]
fn a_message_times_out_after_half_a_second() {
    let sent = [1; 300];
    for (late, timed_out) in [(0, false), (499, false), (500, true), (501, true), (u64::MAX - 1000, true)] {
        let mut assembler = Assembler4096::new();
        let mut reports = fragments(A, &sent);
        assert_eq!(feed(&mut assembler, 500, &reports.next().unwrap()), Assembly::Incomplete);
        assert_eq!(feed(&mut assembler, 1000 - 1, &reports.next().unwrap()), Assembly::Incomplete);
        assert_eq!(assembler.deadline(), Some(Instant(1499)), "each report starts the time anew");
        assert_eq!(assembler.expire(Instant(999 + late)), timed_out.then_some(A), "{late}");
        assert_eq!(assembler.deadline().is_none(), timed_out);
        let next = feed(&mut assembler, 999 + late, &reports.next().unwrap());
        assert_eq!(next, if timed_out { Assembly::Ignored } else { Assembly::Incomplete });
    }
}

#[test]
fn a_late_report_is_refused_even_if_nobody_looked_at_the_clock() {
    let mut assembler = Assembler4096::new();
    let mut reports = fragments(A, &[1; 300]);
    assert_eq!(feed(&mut assembler, 0, &reports.next().unwrap()), Assembly::Incomplete);
    assert_eq!(feed(&mut assembler, 500, &reports.next().unwrap()), refused(A, Status::TimedOut));
    assert_eq!(feed(&mut assembler, 500, &reports.next().unwrap()), Assembly::Ignored);
}

/// Pairs of reports of every kind, in every state of the assembler: it stays within its states.
#[test]
fn no_reports_upset_the_assembler() {
    let kinds = || [0, 1, 127, 0x80, 0x86, 0x94, 0xff].into_iter();
    let lengths = || [0, 1, 57, 58, 116, 117, 4096, 4097, 0xffff_u16].into_iter();
    let all = || kinds().flat_map(move |kind| lengths().map(move |length| (kind, length)));
    for (first, second) in all().flat_map(|first| all().map(move |second| (first, second))) {
        let mut assembler = Assembler4096::new();
        for (kind, length) in [first, second, second] {
            let mut report = [kind; 64];
            report[..4].copy_from_slice(&A.0.to_be_bytes());
            report[5..7].copy_from_slice(&length.to_be_bytes());
            match feed(&mut assembler, 0, &report) {
                Assembly::Complete { channel, .. } => {
                    assert_eq!(channel, A);
                    assert_eq!(assembler.deadline(), None);
                    assembler.release();
                }
                Assembly::Incomplete => assert_eq!(assembler.deadline(), Some(Instant(500))),
                Assembly::Refused { .. } => assert_eq!(assembler.deadline(), None),
                Assembly::Ignored => assert_eq!(assembler.message(), []),
            }
        }
    }
}
