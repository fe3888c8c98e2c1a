//! The token in a program: power, time, determinism, garbage.

mod support;

use keyfob_emulator::{Clock, Emulator, FlashImage, ImageError, Seed};
use keyfob_token::StartError;
use keyfob_wire::init::TokenState;
use keyfob_wire::{ChannelId, Command, Instant, Report, Serial, Status};
use support::{Random, birth, call, init, reports};

fn scripted() -> Emulator {
    Emulator::builder().clock(Clock::scripted()).seed(Seed(1)).start().unwrap()
}

/// The bytes of an ERROR.
fn error(status: Status) -> (u8, Vec<u8>) {
    (Command::Error.byte(), status.number().to_be_bytes().to_vec())
}

#[test]
fn a_birth_outlives_the_power() {
    let mut emulator = scripted();
    let blank = init(&mut emulator, [1; 8]);
    assert_eq!((blank.state, blank.serial), (TokenState::Blank, Serial::default()));
    let request = birth(&mut emulator);
    let born = init(&mut emulator, [2; 8]);
    assert_eq!((born.state, born.boot), (TokenState::Born, blank.boot));
    assert_ne!(born.serial, Serial::default());

    emulator.power_cycle().unwrap();
    let again = init(&mut emulator, [3; 8]);
    assert_eq!((again.state, again.serial), (TokenState::Born, born.serial));
    assert_ne!(again.boot, born.boot, "each power-up has an id of its own");
    // All but the signature, which is made anew: serial, keys, nonce.
    let signed = request.len() - 64;
    assert_eq!(birth(&mut emulator)[..signed], request[..signed]);

    let mut emulator = Emulator::builder().flash(emulator.into_flash()).start().unwrap();
    assert_eq!(init(&mut emulator, [4; 8]).serial, born.serial);
    assert_eq!(birth(&mut emulator)[..signed], request[..signed]);
}

#[test]
fn a_birth_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fob");
    let mut emulator = Emulator::builder().flash(FlashImage::create(&path).unwrap()).start().unwrap();
    let request = birth(&mut emulator);
    let statistics = emulator.flash_statistics();
    assert!(statistics.barriers > 0 && statistics.programmed > 0, "{statistics:?}");
    assert!(matches!(FlashImage::open(&path), Err(ImageError::Locked { .. })));
    drop(emulator);
    let mut emulator = Emulator::builder().flash(FlashImage::open(&path).unwrap()).start().unwrap();
    let signed = request.len() - 64;
    assert_eq!(birth(&mut emulator)[..signed], request[..signed]);
}

#[test]
fn two_blank_tokens_become_two() {
    let serial = |mut emulator: Emulator| {
        birth(&mut emulator);
        init(&mut emulator, [0; 8]).serial
    };
    let unseeded = || Emulator::builder().start().unwrap();
    assert_ne!(serial(unseeded()), serial(unseeded()));
}

#[test]
fn a_damaged_flash_is_not_a_blank_one() {
    let mut emulator = scripted();
    birth(&mut emulator);
    let mut content = emulator.into_flash().content().to_vec();
    content.iter_mut().filter(|byte| **byte != 0xff).for_each(|byte| *byte = 0);
    let start = || Emulator::builder().flash(FlashImage::from_content(content.clone()).unwrap()).start();
    assert_eq!(start().err(), Some(StartError::Corrupt));
}

#[test]
fn a_token_without_power_is_silent() {
    let mut emulator = scripted();
    emulator.power_off();
    assert!(!emulator.is_powered());
    assert!(emulator.exchange(&reports(ChannelId::BROADCAST, Command::Init, &[0; 8])[0]).is_empty());
    assert!(emulator.engine().is_none());
    emulator.power_on().unwrap();
    init(&mut emulator, [0; 8]);
}

/// Plays a script with all kinds of reports, some time and two power cycles.
fn play(seed: u64) -> Vec<Report> {
    let mut emulator = Emulator::builder().clock(Clock::scripted()).seed(Seed(seed)).start().unwrap();
    let mut random = Random(5);
    let mut said = Vec::new();
    for part in 0..3 {
        let channel = init(&mut emulator, [part; 8]).channel;
        for report in reports(channel, Command::Birth, &[part; 16]) {
            said.extend(emulator.exchange(&report));
        }
        for _ in 0..500 {
            said.extend(emulator.exchange(&random.report()));
            emulator.advance(random.number() % 40);
        }
        emulator.power_cycle().unwrap();
    }
    said
}

#[test]
fn the_same_seed_and_reports_give_the_same_answers() {
    let said = play(1);
    assert!(said.len() > 100, "{}", said.len());
    assert_eq!(said, play(1));
    assert_ne!(said, play(2));
}

#[test]
fn half_a_message_times_out_when_its_time_has_come() {
    let mut emulator = scripted();
    let (one, other) = (init(&mut emulator, [1; 8]).channel, init(&mut emulator, [2; 8]).channel);
    assert_eq!(emulator.poll_at(), None);
    assert!(emulator.exchange(&reports(one, Command::Install, &[0; 300])[0]).is_empty());
    assert_eq!(emulator.poll_at(), Some(Instant(500)));
    assert_eq!(call(&mut emulator, other, Command::Install, &[0; 300]), error(Status::Busy));
    emulator.advance(499);
    assert_eq!(emulator.next_report(), None);
    emulator.advance(1);
    let timed_out = reports(one, Command::Error, &Status::TimedOut.number().to_be_bytes())[0];
    assert_eq!(emulator.next_report(), Some(timed_out));
    assert_eq!(emulator.poll_at(), None);
    assert_eq!(call(&mut emulator, other, Command::Install, &[0; 300]), error(Status::NotReady));
}

/// Whatever comes, the token goes on: none of 100,000 reports, with power cycles and time between, stops it.
#[test]
fn garbage_does_no_harm() {
    let mut emulator = scripted();
    let mut random = Random(2026);
    let mut answers = 0;
    for number in 0..100_000_u32 {
        answers += emulator.exchange(&random.report()).len();
        if number % 1_000 == 0 {
            emulator.advance(random.number() % 1_000);
            emulator.exchange(&random.report());
        }
        if number % 25_000 == 24_999 {
            emulator.power_cycle().unwrap();
        }
    }
    assert!(answers > 10_000, "most of it must have been answered: {answers}");
    let state = init(&mut emulator, [9; 8]).state;
    assert_ne!(state, TokenState::Ready, "garbage installs nothing");
    emulator.advance(1_000);
    while emulator.next_report().is_some() {}
    birth(&mut emulator);
}
