//! Whoever has recorded every report of a fob's life gains nothing by sending them again: to the same fob at once,
//! later, after it was unplugged, on other channels, in parts, or to a copy of its flash. `docs/spec.md`, §5 and §6.
//!
//! `KEYFOB_REPLAYS` says how many sessions are recorded (200).

use std::time::Duration;

use keyfob::{Client, Connect};
use keyfob_conformance::{Bench, Desk, Device, Raw, certify, enrol};
use keyfob_crypto::Entropy;
use keyfob_emulator::{Clock, EmulatedEntropy, Emulator, Seed};
use keyfob_issuing::{Maker, OsEntropy, Step, UpdatePlan, Vendor, VendorKind, seal_secret};
use keyfob_scenarios::{COUNTED, Recorder, Recording, SLOT, State, TIMED, TODAY, stand};
use keyfob_wire::body::{CheckRequest, Request, SpendRequest, UnlockRequest};
use keyfob_wire::{ChannelId, Command, Frame, Modules, OperationId, Report, Status, Units};

const PATIENCE: Duration = Duration::from_secs(5);
/// How many sessions are recorded before they are replayed together.
const BATCH: usize = 50;

/// What a replay led to.
#[derive(Debug, Default)]
struct Outcome {
    /// Messages that were sent.
    reports: u64,
    /// Refusals.
    refused: u64,
    /// Answers that were given before, to the same message.
    known: u64,
    /// Handshakes that were completed, sessions resumed, records executed.
    accepted: u64,
}

impl Outcome {
    fn add(&mut self, other: &Self) {
        self.reports += other.reports;
        self.refused += other.refused;
        self.known += other.known;
        self.accepted += other.accepted;
    }
}

/// How reports are changed before they are sent again.
#[derive(Clone, Copy)]
enum Way {
    /// As they were.
    AsTheyWere,
    /// On this channel.
    On(ChannelId),
    /// On a channel that is asked for first.
    OnANewChannel,
    /// Without some of them, on the channel where they were.
    InParts(u64),
}

/// Sends a recording to a fob.
fn replay(desk: &Desk<Emulator>, recording: &Recording, way: Way) -> Outcome {
    let mut outcome = Outcome::default();
    let mut dice = EmulatedEntropy::seeded(Seed(if let Way::InParts(seed) = way { seed } else { 0 }), 0);
    let mut channel = if let Way::On(channel) = way { Some(channel) } else { None };
    desk.with(|emulator| {
        // No handshake before holds a place any more, so that each is looked at.
        Device::advance(emulator, 2_000);
        for report in &recording.sent {
            let mut report = *report;
            let is_init = Frame::parse(&report).channel() == ChannelId::BROADCAST;
            let mut byte = [0];
            dice.fill(&mut byte);
            if matches!(way, Way::InParts(_)) && byte[0] < 80 {
                continue;
            }
            if let Some(ChannelId(number)) = channel.filter(|_| !is_init) {
                report[..4].copy_from_slice(&number.to_be_bytes());
            }
            outcome.reports += 1;
            Device::take(emulator, &report);
            while let Some(answer) = Device::give(emulator) {
                if is_init && matches!(way, Way::OnANewChannel) && answer[4] == Command::Init.byte() {
                    channel = Some(ChannelId(u32::from_be_bytes(answer[15..19].try_into().unwrap())));
                }
                outcome.judge(&answer, recording);
            }
        }
    });
    outcome
}

impl Outcome {
    fn judge(&mut self, answer: &Report, recording: &Recording) {
        match Command::from_byte(answer[4]) {
            Some(Command::Error) => self.refused += 1,
            Some(Command::Finish | Command::Resume | Command::Record | Command::Birth | Command::Install) => {
                if recording.heard.contains(answer) {
                    self.known += 1;
                } else {
                    self.accepted += 1;
                }
            }
            _ => {}
        }
    }
}

/// A session as apps and tools have them, which spends a unit.
fn session(bench: &mut Bench, recorder: &Recorder<Desk<Emulator>>, sealed: &[u8], number: u64) {
    if number % 50 == 49 {
        let plan = UpdatePlan {
            issued: TODAY,
            grants: Vec::new(),
            steps: vec![Step::AddCounter { feature: COUNTED, units: Units(3) }],
        };
        let issued = bench.issue(&plan).unwrap();
        let roots = [keyfob_signed::TEST_MAKER_ROOT];
        let mut guest = keyfob::Guest::open(&mut recorder.clone(), "the recorder", &roots, PATIENCE).unwrap();
        guest.apply(&issued.file).unwrap();
        bench.record = issued.record;
        return;
    }
    if number % 5 == 4 {
        // As the host library does it, to the letter.
        let client = Client::builder(&bench.app)
            .transport("the recorder", recorder.clone())
            .accept_emulated()
            .timeout(PATIENCE)
            .time(|| TODAY)
            .open()
            .unwrap();
        client.login(COUNTED).unwrap().spend(Units(1)).unwrap();
        return;
    }
    let mut raw = Raw::new(recorder.clone().connect().unwrap(), PATIENCE);
    let app = raw.app(&bench.app).unwrap();
    if number % 2 == 1 {
        let channel = raw.init().unwrap();
        raw.resume(app, &channel).unwrap();
    }
    let check = CheckRequest { feature: TIMED, time: TODAY, modules: Modules(0) };
    let spend = SpendRequest {
        feature: COUNTED,
        units: Units(1),
        operation: OperationId(number.to_be_bytes()),
        serial_seen: spends(&mut raw, app),
        time: TODAY,
    };
    let unlock = UnlockRequest { feature: COUNTED, slot: SLOT, time: TODAY, sealed };
    for request in [Request::Check(check), Request::Spend(spend), Request::Unlock(unlock)] {
        assert_eq!(raw.ask(app, &request).unwrap().0, Status::Ok);
    }
    if number.is_multiple_of(3) {
        // It isn't closed, and may be open still when its reports come again.
        raw.forget(app);
    }
}

fn spends(raw: &mut Raw, app: keyfob_conformance::SessionId) -> u32 {
    let (status, body) =
        raw.ask(app, &Request::Counter(keyfob_wire::body::CounterRequest { feature: COUNTED })).unwrap();
    assert_eq!(status, Status::Ok);
    u32::from_be_bytes(body[4..].try_into().unwrap())
}

/// The fob in its state is sent all of this in that way; nothing may come of it.
fn nothing_comes_of(desk: &Desk<Emulator>, recordings: &[Recording], way: impl Fn(u64) -> Way, what: &str) -> Outcome {
    let before = desk.with(|emulator| emulator.flash_statistics());
    let mut sum = Outcome::default();
    for (number, recording) in (0..).zip(recordings) {
        let outcome = replay(desk, recording, way(number));
        assert_eq!(outcome.accepted, 0, "{what}, session {number}: {outcome:?}");
        sum.add(&outcome);
    }
    let after = desk.with(|emulator| emulator.flash_statistics());
    assert_eq!((after.programmed, after.erases), (before.programmed, before.erases), "{what}: the flash was written");
    sum
}

#[test]
fn recorded_sessions_are_worth_nothing() {
    let sessions: usize = std::env::var("KEYFOB_REPLAYS").map_or(200, |text| text.parse().unwrap());
    let (mut bench, mut desk) = stand(u32::MAX / 2);
    let sealed = seal_secret(&bench.feature_key, COUNTED, SLOT, b"what the app needs", &mut OsEntropy).unwrap();
    let recorder = Recorder::new(desk.clone());
    let mut sum = Outcome::default();
    let mut number = 0;
    while number < sessions {
        let mut recordings = Vec::new();
        for _ in 0..BATCH.min(sessions - number) {
            session(&mut bench, &recorder, &sealed, number as u64);
            recordings.push(recorder.take());
            number += 1;
            let last = &recordings[recordings.len() - 1..];
            sum.add(&nothing_comes_of(&desk, last, |_| Way::AsTheyWere, "at once"));
            sum.add(&nothing_comes_of(&desk, last, |_| Way::InParts(number as u64), "in parts"));
            desk.with(|emulator| emulator.advance(31_000));
        }
        let before = State::of(&bench, &desk);
        // Somebody else's open session isn't disturbed by what comes on its channel.
        let mut raw = bench.raw().unwrap();
        let open = raw.app(&bench.app).unwrap();
        let channel = raw.channel(open);
        sum.add(&nothing_comes_of(&desk, &recordings[..5.min(recordings.len())], |_| Way::On(channel), "to a session"));
        assert_eq!(raw.ask(open, &Request::Login).unwrap().0, Status::Ok, "the session goes on");
        drop(raw);
        sum.add(&nothing_comes_of(&desk, &recordings, |_| Way::OnANewChannel, "later"));
        assert_eq!(State::of(&bench, &desk), before);

        keyfob_conformance::Fob::restart(&mut desk).unwrap().unwrap();
        sum.add(&nothing_comes_of(&desk, &recordings, |_| Way::AsTheyWere, "after power was cut"));
        sum.add(&nothing_comes_of(&desk, &recordings, |_| Way::OnANewChannel, "after power was cut, on a channel"));
        assert_eq!(State::of(&bench, &desk).without_flash(), before.without_flash());

        let flash = desk.with(|emulator| emulator.flash_snapshot());
        let twin = Desk::new(Emulator::builder().clock(Clock::scripted()).flash(flash).start().unwrap());
        sum.add(&nothing_comes_of(&twin, &recordings, |_| Way::OnANewChannel, "to a copy"));
    }
    println!("{sessions} sessions: {sum:?}");
    assert!(sum.refused > sessions as u64 * 10);
}

/// Birth, certificates, enrolment: everything that was sent to a fob until it was ready.
#[test]
fn a_recorded_youth_is_worth_nothing() {
    let desk = Desk::new(Emulator::builder().clock(Clock::scripted()).start().unwrap());
    let recorder = Recorder::new(desk.clone());
    let vendor = Vendor::create(VendorKind::Test, &mut OsEntropy);
    certify(&Maker::test().unwrap(), &recorder, PATIENCE).unwrap();
    enrol(&vendor, &recorder, PATIENCE).unwrap();
    let recording = [recorder.take()];
    assert!(recording[0].sent.len() > 15);
    for way in [Way::AsTheyWere, Way::OnANewChannel] {
        nothing_comes_of(&desk, &recording, |_| way, "its own youth");
    }
    for seed in 0..20 {
        nothing_comes_of(&desk, &recording, |_| Way::InParts(seed), "parts of its youth");
    }
    // Another one that is as blank: its keys aren't those that were certified.
    let other = Desk::new(Emulator::builder().clock(Clock::scripted()).start().unwrap());
    let outcome = replay(&other, &recording[0], Way::OnANewChannel);
    assert!(outcome.refused > 0);
    let state = Raw::new(other.clone().connect().unwrap(), PATIENCE).init().unwrap().answer.state;
    assert_ne!(state, keyfob_wire::init::TokenState::Ready);
}

/// The test's own worth: a fob that is put back to where it was before a session, with the randomness that it had
/// then, takes the session once more, and that is seen.
#[test]
fn a_fob_that_can_be_put_back_in_every_bit_is_found() {
    let fob = |flash| {
        let builder = Emulator::builder().clock(Clock::scripted()).seed(Seed(3));
        Desk::new(match flash {
            Some(flash) => builder.flash(flash).start().unwrap(),
            None => builder.start().unwrap(),
        })
    };
    let desk = fob(None);
    let mut bench = Bench::new(desk.clone()).unwrap();
    bench.apply(keyfob_scenarios::licence(9, &bench.feature_key.clone())).unwrap();
    let sealed = seal_secret(&bench.feature_key, COUNTED, SLOT, b"what the app needs", &mut OsEntropy).unwrap();
    let flash = desk.with(|emulator| emulator.flash_snapshot());
    let (first, second) = (fob(Some(desk.with(|emulator| emulator.flash_snapshot()))), fob(Some(flash)));
    let recorder = Recorder::new(first);
    session(&mut bench, &recorder, &sealed, 0);
    let recording = recorder.take();
    let outcome = replay(&second, &Recording { heard: Default::default(), ..recording }, Way::AsTheyWere);
    assert!(outcome.accepted > 3, "{outcome:?}");
}
