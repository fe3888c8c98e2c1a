//! A program comes through every fault of the emulator, at every report of a session and at every operation of the
//! flash: what it is told is what holds, and a spend happens exactly once.
//!
//! `KEYFOB_FAULT_SEED` is what chance follows from, 1 otherwise.

#![cfg(unix)]

use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use keyfob::{Client, Counter, Error, Session, Status, TokenUri, Units, Verdict};
use keyfob_conformance::{Bench, Desk};
use keyfob_emulator::{
    Control, ControlRequest, ControlState, Emulator, FlashImage, Handle, Listen, Server, ServerError, control_path,
};
use keyfob_scenarios::{COUNTED, TODAY, licence};
use keyfob_wire::OperationId;
use tempfile::TempDir;

const SOLD: u32 = 100;
const SPENT: u32 = 3;
/// How long an answer may take; the host asks a third time after two thirds of it.
const TIMEOUT: Duration = Duration::from_millis(300);

/// What happens to a report. Each comes at every report of a session.
const REPORT_FAULTS: &[&str] = &[
    "drop",
    "repeat",
    "repeat 3",
    "reorder",
    "delay 40ms",
    "delay 150ms",
    "corrupt",
    // The channel, the command or sequence, the length, the data.
    "corrupt 3 0x01",
    "corrupt 4 0x02",
    "corrupt 6 0x01",
    "corrupt 20 0x80",
];
/// What happens to the token.
const INTERRUPTIONS: &[&str] = &["unplug for 0ms", "unplug for 30ms", "kill for 0ms", "kill for 30ms", "advance 31d"];

/// A licensed fob's flash, and the credential of an app.
struct Cast {
    flash: FlashImage,
    app: Vec<u8>,
}

impl Cast {
    fn new() -> Self {
        let desk = Desk::new(Emulator::builder().start().unwrap());
        let mut bench = Bench::new(desk.clone()).unwrap();
        bench.apply(licence(SOLD, &bench.feature_key.clone())).unwrap();
        Self { flash: desk.with(|emulator| emulator.flash_snapshot()), app: bench.app.clone() }
    }
}

/// An emulator behind a socket.
struct Fob {
    uri: TokenUri,
    control: Control,
    handle: Handle,
    thread: Option<JoinHandle<Result<Emulator, ServerError>>>,
    app: Vec<u8>,
    _folder: TempDir,
}

impl Fob {
    fn new(cast: &Cast, faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = Listen::Unix(folder.path().join("fob.sock"));
        let seed = std::env::var("KEYFOB_FAULT_SEED").map_or(1, |text| text.parse().unwrap());
        let builder = Emulator::builder().flash(cast.flash.snapshot()).fault_seed(seed);
        let emulator = builder.faults(faults.parse().unwrap()).start().unwrap();
        let path = control_path(&listen).unwrap();
        let server = Server::bind(&listen, emulator).unwrap().with_control(&path).unwrap();
        let control = Control::connect(&path, Duration::from_secs(30)).unwrap();
        Self {
            uri: server.local_address().to_string().parse().unwrap(),
            control,
            handle: server.handle(),
            thread: Some(thread::spawn(|| server.run())),
            app: cast.app.clone(),
            _folder: folder,
        }
    }

    fn ask(&mut self, request: &ControlRequest) -> ControlState {
        self.control.ask(request).unwrap()
    }

    fn arm(&mut self, script: &str) {
        self.ask(&ControlRequest::Fault { script: script.to_owned() });
    }

    fn fired(&mut self) -> u64 {
        self.ask(&ControlRequest::Faults).faults.iter().map(|fault| fault.fired).sum()
    }

    fn open(&self) -> Result<Client, Error> {
        let builder = Client::builder(&self.app).transport("the emulator", self.uri.clone());
        builder.accept_emulated().time(|| TODAY).timeout(TIMEOUT).open()
    }

    /// What the counter says once nothing goes wrong any more, to a program that knows nothing of before.
    fn counter(&mut self) -> Counter {
        self.ask(&ControlRequest::Clear);
        self.ask(&ControlRequest::Plug);
        let client = eventually(&mut 0, || self.open());
        let session = eventually(&mut 0, || client.login(COUNTED));
        eventually(&mut 0, || session.counter())
    }
}

impl Drop for Fob {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// What went through, and how often the program had to ask again by itself.
#[derive(Debug, PartialEq)]
struct Story {
    checked: Verdict,
    before: Counter,
    spent: Counter,
    checked_again: Verdict,
}

/// An app that must know: it keeps its operation id until it has the outcome.
fn program(fob: &Fob, retries: &mut u32) -> Story {
    let client = eventually(retries, || fob.open());
    let session = eventually(retries, || client.login(COUNTED));
    let checked = eventually(retries, || session.check());
    let before = eventually(retries, || session.counter());
    let spent = spend(&session, before.spend_serial, retries);
    let checked_again = eventually(retries, || session.check());
    Story { checked, before, spent, checked_again }
}

fn spend(session: &Session, seen: u32, retries: &mut u32) -> Counter {
    eventually(retries, || session.spend_as(OperationId(*b"a fault!"), seen, Units(SPENT)))
}

/// Tries until it works. Whatever no fault of the line explains is a failure.
fn eventually<T>(retries: &mut u32, operate: impl Fn() -> Result<T, Error>) -> T {
    let mut seen = Vec::new();
    for _ in 0..60 {
        match operate() {
            Ok(result) => return result,
            Err(error) => {
                assert!(is_weather(&error), "{error:?} after {seen:?}");
                seen.push(error.code());
            }
        }
        *retries += 1;
        thread::sleep(Duration::from_millis(5));
    }
    panic!("it never works: {seen:?}");
}

/// What a bad line or a token that comes and goes may lead to. That a feature isn't licensed is never among it.
fn is_weather(error: &Error) -> bool {
    matches!(
        error,
        Error::TimedOut
            | Error::Unplugged
            | Error::Unreachable { .. }
            | Error::SessionLost
            | Error::SessionRefused
            | Error::NotAToken
            | Error::NotGenuine
            | Error::OtherVendor
            | Error::Answer
            | Error::Version(_)
            | Error::Refused(
                Status::Busy
                    | Status::TimedOut
                    | Status::BadSequence
                    | Status::BadRequest
                    | Status::TooLong
                    | Status::UnknownCommand
                    // What OPEN is answered if its command is altered to BIRTH's.
                    | Status::AlreadyInstalled
            )
    )
}

fn whole() -> Counter {
    Counter { remaining: Units(SOLD - SPENT), spend_serial: 1 }
}

/// Shares work among as many threads as there are processors.
fn share<T: Send + Sync + Debug>(work: &[T], operate: impl Fn(&T) + Sync) {
    let threads = thread::available_parallelism().map_or(2, usize::from).min(4);
    thread::scope(|scope| {
        for first in 0..threads {
            let operate = &operate;
            scope.spawn(move || work.iter().skip(first).step_by(threads).for_each(operate));
        }
    });
}

/// Each fault at each report of a program, from its first to its last.
#[test]
fn a_program_comes_through_each_fault_at_each_report() {
    let cast = Cast::new();
    let mut fob = Fob::new(&cast, "drop in 4000000000; drop out 4000000000");
    let calm = program(&fob, &mut 0);
    assert_eq!((calm.before.remaining, calm.spent), (Units(SOLD), whole()));
    let reports = fob.ask(&ControlRequest::Faults).faults;
    drop(fob);

    let mut script = Vec::new();
    for (direction, counted) in ["in", "out"].into_iter().zip(&reports) {
        assert!(counted.seen >= 10, "{counted:?}");
        for number in 1..=counted.seen {
            let faults = REPORT_FAULTS.iter().chain(INTERRUPTIONS);
            script.extend(faults.map(|fault| format!("{fault} {direction} {number}")));
        }
    }
    let helped = AtomicUsize::new(0);
    share(&script, |fault| {
        let mut fob = Fob::new(&cast, fault);
        let mut retries = 0;
        let story = program(&fob, &mut retries);
        assert_eq!(story, calm, "{fault}");
        assert_eq!(fob.fired(), 1, "{fault} never happened");
        assert_eq!(fob.counter(), whole(), "{fault}");
        helped.fetch_add(usize::from(retries > 0), Ordering::Relaxed);
    });
    println!("{} runs; in {} the program had to ask again", script.len(), helped.into_inner());
}

/// In an open session the host needs no help of the program's: `check` and `spend` come through by themselves, be the
/// request or the answer lost, repeated, overtaken, altered or late, and the connection or the power lost.
#[test]
fn in_an_open_session_the_host_comes_through_alone() {
    let cast = Cast::new();
    let faults: Vec<_> = ["in 1", "out 1"]
        .into_iter()
        .flat_map(|point| REPORT_FAULTS.iter().chain(INTERRUPTIONS).map(move |fault| format!("{fault} {point}")))
        // Whoever is away for longer isn't waited for.
        .filter(|fault| !fault.contains("for 30ms"))
        .collect();
    let failed = Mutex::new(Vec::new());
    share(&faults, |fault| {
        for request in ["check", "counter", "spend", "spend again"] {
            let mut fob = Fob::new(&cast, "");
            let client = fob.open().unwrap();
            let session = client.login(COUNTED).unwrap();
            if request == "spend again" {
                // The serial seen is known then: nothing but the spend itself goes over the line.
                session.spend(Units(1)).unwrap();
            }
            let before = session.counter().unwrap();
            fob.arm(fault);
            let outcome = match request {
                "check" => session.check().map(|verdict| assert!(matches!(verdict, Verdict::Full(_)), "{verdict:?}")),
                "counter" => session.counter().map(|counter| assert_eq!(counter, before)),
                _ => session.spend(Units(SPENT)).map(|spent| assert_eq!(spent, after(before), "{fault}: {request}")),
            };
            assert_eq!(fob.fired(), 1, "{fault}: {request}");
            let left = fob.counter();
            match outcome {
                // ERROR says so, which nobody has signed: the host may end its attempt, and nothing was done.
                Err(Error::Refused(Status::UnknownCommand)) if fault == UNKNOWN_COMMAND => {
                    assert_eq!(left, before, "{fault}: {request}");
                }
                Err(error) => failed.lock().unwrap().push(format!("{fault}: {request}: {error:?}, {left:?}")),
                Ok(()) if request.starts_with("spend") => assert_eq!(left, after(before), "{fault}: {request}"),
                Ok(()) => assert_eq!(left, before, "{fault}: {request}"),
            }
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "the host needed help:\n{}", failed.join("\n"));
}

/// A request whose command becomes one that there isn't.
const UNKNOWN_COMMAND: &str = "corrupt 4 0x02 out 1";

/// What a spend makes of a counter.
fn after(counter: Counter) -> Counter {
    let Counter { remaining, spend_serial } = counter;
    Counter { remaining: Units(remaining.0 - SPENT), spend_serial: spend_serial + 1 }
}

/// The power goes at each operation of the flash that a spend takes, and within it.
#[test]
fn a_spend_survives_a_power_cut_at_each_operation_of_the_flash() {
    let cast = Cast::new();
    let mut cuts = 0;
    for operation in ["program", "barrier"] {
        for number in 1.. {
            let mut fob = Fob::new(&cast, "");
            let client = fob.open().unwrap();
            let session = client.login(COUNTED).unwrap();
            let seen = session.counter().unwrap().spend_serial;
            fob.arm(&format!("kill for 0ms {operation} {number}"));
            let spent = spend(&session, seen, &mut 0);
            let happened = fob.fired();
            assert_eq!((spent, fob.counter()), (whole(), whole()), "{operation} {number}");
            if happened == 0 {
                break;
            }
            cuts += 1;
        }
    }
    println!("{cuts} cuts");
    assert!(cuts >= 2, "a spend programs and waits");
}

/// A line on which much goes wrong by chance, for as long as a program runs.
#[test]
fn a_program_comes_through_bad_weather() {
    let cast = Cast::new();
    let weather = "drop in one-of 30; drop out one-of 30; repeat in one-of 25; repeat 2 out one-of 25; \
                   reorder in one-of 40; corrupt out one-of 30; corrupt in one-of 30; delay 5ms in one-of 20; \
                   unplug for 5ms in one-of 60; kill for 5ms out one-of 80";
    let mut fob = Fob::new(&cast, weather);
    let mut retries = 0;
    let client = eventually(&mut retries, || fob.open());
    let session = eventually(&mut retries, || client.login(COUNTED));
    for number in 0..20_u32 {
        let seen = eventually(&mut retries, || session.counter());
        assert_eq!((seen.spend_serial, seen.remaining), (number, Units(SOLD - number * SPENT)));
        let mut operation = OperationId(*b"weather!");
        operation.0[4..].copy_from_slice(&number.to_be_bytes());
        eventually(&mut retries, || session.spend_as(operation, seen.spend_serial, Units(SPENT)));
    }
    let happened = fob.fired();
    println!("{happened} faults, {retries} retries");
    assert!(happened >= 20, "the weather was too good: {happened}");
    assert_eq!(fob.counter(), Counter { remaining: Units(SOLD - 20 * SPENT), spend_serial: 20 });
}

/// Late answers over a line by which nothing is lost end where they belong.
#[test]
fn who_waits_longer_than_a_delay_gets_the_answer_at_once() {
    let cast = Cast::new();
    let fob = Fob::new(&cast, "delay 30ms in every");
    let mut retries = 0;
    let story = program(&fob, &mut retries);
    assert_eq!((story.spent, retries), (whole(), 0));
}
