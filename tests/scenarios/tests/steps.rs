//! A token computes handshakes in steps, and everybody else has their turn in between. `docs/spec.md`, §2 and §5.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyfob_conformance::{Begun, Bench, Desk, Device, Raw, SessionId, message_reports};
use keyfob_crypto::{AgreementKey, P256Agreement};
use keyfob_emulator::{Clock, Emulator};
use keyfob_issuing::OsEntropy;
use keyfob_signed::AppCredential;
use keyfob_wire::body::Request;
use keyfob_wire::{ChannelId, Command, Report, Status, VendorHint};

/// A token that computes only when it is told to, once `by_hand` is set.
struct Stepper {
    emulator: Emulator,
    by_hand: Arc<AtomicBool>,
}

impl Device for Stepper {
    fn take(&mut self, report: &Report) {
        self.emulator.on_report(report);
    }

    fn give(&mut self) -> Option<Report> {
        if self.by_hand.load(Ordering::Relaxed) { self.emulator.ready_report() } else { self.emulator.next_report() }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.emulator.power_cycle().map_err(io::Error::other)
    }

    fn advance(&mut self, milliseconds: u64) {
        self.emulator.advance(milliseconds);
    }

    fn light(&self) -> bool {
        false
    }
}

/// A token that works by hand, and an app that has a session with it.
struct Stand {
    desk: Desk<Stepper>,
    bench: Bench,
    /// For handshakes.
    raw: Raw,
    /// For the open session.
    app: Raw,
    session: SessionId,
}

fn stand() -> Stand {
    let by_hand = Arc::new(AtomicBool::new(false));
    let emulator = Emulator::builder().clock(Clock::scripted()).start().unwrap();
    let desk = Desk::new(Stepper { emulator, by_hand: Arc::clone(&by_hand) });
    let bench = Bench::new(desk.clone()).unwrap();
    let (raw, mut app) = (bench.raw().unwrap(), bench.raw().unwrap());
    let session = app.app(&bench.app).unwrap();
    by_hand.store(true, Ordering::Relaxed);
    Stand { desk, bench, raw, app, session }
}

impl Stand {
    fn work(&self) -> bool {
        self.desk.with(|stepper| stepper.emulator.work())
    }

    fn pass(&self, milliseconds: u64) {
        self.desk.with(|stepper| stepper.emulator.advance(milliseconds));
    }

    /// A check in the open session is answered now.
    fn check(&mut self) {
        let answer = self.app.say(self.session, &[&[0x10][..], &[0; 24]].concat()).unwrap();
        assert_eq!(answer.len(), 37);
    }

    /// Works until there is nothing to do, with a check before and after each step; returns the number of steps.
    fn work_and_check(&mut self) -> usize {
        self.check();
        let mut steps = 0;
        while self.work() {
            steps += 1;
            self.check();
        }
        steps
    }

    fn send(&mut self, channel: ChannelId, command: Command, message: &[u8]) {
        self.raw.send_message(channel, command, message).unwrap();
    }

    fn hears(&mut self, channel: ChannelId, command: Command) -> Vec<u8> {
        let (found, message) = self.raw.receive(channel).unwrap();
        assert_eq!(Command::from_byte(found), Some(command), "{message:?}");
        message
    }

    fn hears_error(&mut self, channel: ChannelId, status: Status) {
        assert_eq!(self.hears(channel, Command::Error), status.number().to_be_bytes());
    }

    fn credential(&self) -> AppCredential<'_> {
        AppCredential::parse(&self.bench.app).unwrap()
    }

    fn hint(&self) -> VendorHint {
        VendorHint(self.credential().vendor.0.hint())
    }
}

#[test]
fn checks_go_on_while_handshakes_are_computed() {
    let mut stand = stand();
    let channel = stand.raw.init().unwrap();
    let hint = stand.hint();

    let (initiator, message) = channel.start(hint);
    stand.send(channel.id, Command::Open, &message);
    assert_eq!(stand.work_and_check(), 3, "OPEN: a key and two agreements");
    let message = stand.hears(channel.id, Command::Open);

    let begun = Begun { initiator, message };
    let credential = stand.credential();
    let key = P256Agreement::from_secret(&credential.secret).unwrap();
    let serial = channel.answer.serial;
    let (message, secured) =
        begun.as_app(&credential.vendor, serial, &key, credential.certificate, &Request::Login).unwrap();
    stand.send(channel.id, Command::Finish, &message);
    assert_eq!(stand.work_and_check(), 2, "FINISH: an agreement and a certificate");
    let answer = (Command::Finish.byte(), stand.hears(channel.id, Command::Finish));
    let session = stand.raw.opened(channel.id, secured, answer).unwrap();

    let (resuming, request) = stand.raw.resuming(session, &channel).unwrap();
    stand.send(channel.id, Command::Resume, &request);
    assert_eq!(stand.work_and_check(), 2, "RESUME: a key and an agreement");
    let answer = (Command::Resume.byte(), stand.hears(channel.id, Command::Resume));
    stand.raw.resumed(session, &channel, resuming, answer).unwrap();
    assert_eq!(stand.raw.ask(session, &Request::Login).unwrap().0, Status::Ok);
}

#[test]
fn whoever_waits_is_told_that_the_token_works() {
    let mut stand = stand();
    stand.raw.heed_working();
    let channel = stand.raw.init().unwrap().id;
    stand.send(channel, Command::Open, &[2; 41]);
    // An unknown vendor isn't computed for.
    stand.hears_error(channel, Status::UnknownVendor);

    let message = [&[2; 33][..], &stand.hint().0].concat();
    stand.send(channel, Command::Open, &message);
    for _ in 0..5 {
        stand.pass(99);
        stand.raw.hears_nothing(channel).unwrap();
        stand.pass(1);
        assert_eq!(stand.hears(channel, Command::KeepAlive), [1]);
    }
    // The key made of 33 twos may or may not be a point: an answer or a refusal ends it.
    while stand.work() {}
    assert!(stand.raw.receive(channel).is_ok());
    stand.pass(1_000);
    stand.raw.hears_nothing(channel).unwrap();
}

#[test]
fn one_handshake_at_a_time_and_cancel_ends_it() {
    let mut stand = stand();
    let (first, second) = (stand.raw.init().unwrap().id, stand.raw.init().unwrap().id);
    let message = [&P256Agreement::generate(&mut OsEntropy).public().0[..], &stand.hint().0].concat();

    stand.send(first, Command::Open, &message);
    assert!(stand.work());
    stand.send(second, Command::Open, &message);
    stand.hears_error(second, Status::Busy);
    // The same again is under way; anything else has to wait.
    stand.send(first, Command::Open, &message);
    stand.raw.hears_nothing(first).unwrap();
    stand.send(first, Command::Record, &[0; 20]);
    stand.hears_error(first, Status::Busy);

    stand.send(first, Command::Cancel, &[]);
    assert!(!stand.work(), "nothing is left to do");
    stand.raw.hears_nothing(first).unwrap();
    stand.check();
    stand.send(second, Command::Open, &message);
    assert_eq!(stand.work_and_check(), 3);
    stand.hears(second, Command::Open);

    // A half-open handshake is forgotten as well.
    stand.send(second, Command::Cancel, &[]);
    stand.send(second, Command::Finish, &[0; 300]);
    stand.hears_error(second, Status::SessionRefused);
    // A session isn't.
    let channel = stand.app.channel(stand.session);
    stand.send(channel, Command::Cancel, &[]);
    stand.check();
}

#[test]
fn cancel_drops_a_message_that_isnt_whole() {
    let mut stand = stand();
    let (first, second) = (stand.raw.init().unwrap().id, stand.raw.init().unwrap().id);
    let long = message_reports(first, Command::Record, &[0; 100]);
    stand.raw.send(&long[0]).unwrap();
    stand.send(second, Command::Record, &[0; 100]);
    stand.hears_error(second, Status::Busy);
    stand.send(first, Command::Cancel, &[]);
    stand.send(second, Command::Record, &[0; 100]);
    stand.hears_error(second, Status::SessionRefused);
}

/// Message 3 lies where long messages are put together: they wait for it, short ones don't.
#[test]
fn while_a_certificate_is_looked_at_long_messages_wait() {
    let mut stand = stand();
    let channel = stand.raw.init().unwrap();
    let hint = stand.hint();
    stand.send(channel.id, Command::Open, &channel.start(hint).1);
    while stand.work() {}
    stand.hears(channel.id, Command::Open);
    stand.send(channel.id, Command::Finish, &[7; 300]);
    let other = stand.raw.init().unwrap().id;
    stand.send(other, Command::Record, &[0; 100]);
    stand.hears_error(other, Status::Busy);
    stand.check();
    while stand.work() {}
    stand.hears_error(channel.id, Status::SessionRefused);
    stand.send(other, Command::Record, &[0; 100]);
    stand.hears_error(other, Status::SessionRefused);
}

#[test]
fn a_channel_that_leaves_messages_unfinished_backs_off() {
    let mut stand = stand();
    let (bad, good) = (stand.raw.init().unwrap().id, stand.raw.init().unwrap().id);
    let long = message_reports(bad, Command::Record, &[0; 100]);
    let leave_unfinished = |stand: &mut Stand| {
        stand.raw.send(&long[0]).unwrap();
        stand.pass(500);
        stand.hears_error(bad, Status::TimedOut);
    };
    leave_unfinished(&mut stand);
    for wait in [100, 200, 400, 800, 1_600, 3_200, 6_400, 6_400] {
        leave_unfinished(&mut stand);
        for moment in [0, wait - 1] {
            stand.pass(moment);
            stand.raw.send(&long[0]).unwrap();
            stand.hears_error(bad, Status::Busy);
        }
        // Nobody else waits for it, nor do its short messages. Those aren't known here, so they end nothing.
        stand.send(good, Command::Record, &[0; 100]);
        stand.hears_error(good, Status::SessionRefused);
        stand.pass(1);
    }
    // A whole message makes it as good as new.
    stand.send(bad, Command::Record, &[0; 100]);
    stand.hears_error(bad, Status::SessionRefused);
    leave_unfinished(&mut stand);
    stand.send(bad, Command::Record, &[0; 100]);
    stand.hears_error(bad, Status::SessionRefused);
}
