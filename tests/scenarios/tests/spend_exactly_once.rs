//! Programs that spend at the same time over connections that lose answers: each spend happens exactly once.
//!
//! `KEYFOB_SPENDS` is how many spends each program makes, 500 otherwise.

#![cfg(unix)]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use keyfob::{Client, Connect, Error, Session, Status, TokenUri, Transport, Units};
use keyfob_conformance::{Bench, Desk};
use keyfob_emulator::{Emulator, Handle, Listen, Server};
use keyfob_scenarios::{COUNTED, TODAY, licence};
use keyfob_wire::{OperationId, Report};

const SEED: u64 = 20_261_201;
const PROGRAMS: usize = 2;
/// One of so many answers is lost, and one of so many connections breaks right after a request was executed.
const LOST: u64 = 60;
const BROKEN: u64 = 40;
/// A spend's outcome is known for 16 spends: nobody runs further ahead of the others than this.
const LEAD: u32 = 7;

#[test]
fn each_spend_happens_exactly_once() {
    let spends: u32 = std::env::var("KEYFOB_SPENDS").map_or(500, |text| text.parse().unwrap());
    let sold = spends * PROGRAMS as u32 * 3 + 1_000;
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(Emulator::builder().start().unwrap());
    let mut bench = Bench::new(desk.clone()).unwrap();
    bench.apply(licence(sold, &bench.feature_key.clone())).unwrap();
    let flash = desk.with(|emulator| emulator.flash_snapshot());

    let listen = Listen::Unix(folder.path().join("fob.sock"));
    let server = Server::bind(&listen, Emulator::builder().flash(flash).start().unwrap()).unwrap();
    let (handle, uri) = (server.handle(), server.local_address().to_string().parse::<TokenUri>().unwrap());
    let server = thread::spawn(|| server.run());

    let weather = Arc::new(Weather::default());
    let done: Arc<[AtomicU32; PROGRAMS]> = Arc::default();
    let programs: Vec<_> = (0..PROGRAMS)
        .map(|number| {
            let way = Unreliable::new(&uri, &handle, &weather, number);
            let (app, done) = (bench.app.clone(), Arc::clone(&done));
            thread::spawn(move || program(number, spends, &app, way, &done))
        })
        .collect();
    let spent: u32 = programs.into_iter().map(|program| program.join().unwrap()).sum();

    let last = client(&bench.app, uri.clone()).unwrap();
    let counter = last.login(COUNTED).unwrap().counter().unwrap();
    drop(last);
    handle.stop();
    server.join().unwrap().unwrap();
    let [lost, broken, retried] = weather.counts();
    println!(
        "{spent} units in {} spends; {lost} answers lost, {broken} connections broken, {retried} opened",
        counter.spend_serial
    );
    assert_eq!(counter.remaining, Units(sold - spent));
    assert_eq!(counter.spend_serial, spends * PROGRAMS as u32);
    if spends >= 100 {
        assert!(lost > 2 && broken > 2, "the weather was too good");
    }
}

/// Spends, and says how much.
fn program(number: usize, spends: u32, app: &[u8], way: Unreliable, done: &[AtomicU32; PROGRAMS]) -> u32 {
    let _end = End(&done[number]);
    let client = eventually(|| client(app, way.clone()));
    let session = eventually(|| client.login(COUNTED));
    let mut spent = 0;
    for spend in 0..spends {
        while done.iter().any(|other| other.load(Ordering::SeqCst) + LEAD < spend) {
            thread::sleep(Duration::from_micros(100));
        }
        let units = 1 + (spend + number as u32) % 3;
        let mut operation = OperationId([number as u8; 8]);
        operation.0[4..].copy_from_slice(&spend.to_be_bytes());
        spend_once(&session, operation, Units(units));
        spent += units;
        done[number].fetch_add(1, Ordering::SeqCst);
    }
    spent
}

/// Lets the others go on when a program ends, in whatever way.
struct End<'a>(&'a AtomicU32);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(u32::MAX - LEAD, Ordering::SeqCst);
    }
}

/// What an app does that must know: the operation id and the serial seen stay the same at each try.
fn spend_once(session: &Session, operation: OperationId, units: Units) {
    let seen = eventually(|| session.counter()).spend_serial;
    let first = eventually(|| session.spend_as(operation, seen, units));
    // And once more, as after a crash.
    let again = eventually(|| session.spend_as(operation, seen, units));
    assert_eq!(first, again);
}

/// Tries until it works. Whatever isn't weather is a failure.
fn eventually<T>(operate: impl Fn() -> Result<T, Error>) -> T {
    for _ in 0..50 {
        match operate() {
            Ok(result) => return result,
            Err(
                Error::TimedOut
                | Error::Unplugged
                | Error::SessionLost
                | Error::SessionRefused
                | Error::NotAToken
                | Error::Refused(Status::Busy),
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it never works");
}

fn client(app: &[u8], way: impl Connect + 'static) -> Result<Client, Error> {
    let timeout = Duration::from_millis(150);
    Client::builder(app).transport("the server", way).accept_emulated().time(|| TODAY).timeout(timeout).open()
}

/// What has gone wrong so far.
#[derive(Default)]
struct Weather {
    lost: AtomicU64,
    broken: AtomicU64,
    opened: AtomicU64,
}

impl Weather {
    fn counts(&self) -> [u64; 3] {
        [&self.lost, &self.broken, &self.opened].map(|count| count.load(Ordering::SeqCst))
    }
}

/// A way on which answers are lost and connections break, as the seed says.
#[derive(Clone)]
struct Unreliable {
    uri: TokenUri,
    handle: Handle,
    weather: Arc<Weather>,
    random: Arc<AtomicU64>,
}

impl Unreliable {
    fn new(uri: &TokenUri, handle: &Handle, weather: &Arc<Weather>, number: usize) -> Self {
        let random = Arc::new(AtomicU64::new(SEED + number as u64));
        Self { uri: uri.clone(), handle: handle.clone(), weather: Arc::clone(weather), random }
    }

    /// SplitMix64.
    fn one_of(&self, number: u64) -> bool {
        let value = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ value >> 31).is_multiple_of(number)
    }
}

impl Connect for Unreliable {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        self.weather.opened.fetch_add(1, Ordering::SeqCst);
        // Sessions of broken connections give way to others after half a minute; nobody waits for it here.
        self.handle.with_emulator(|emulator| emulator.advance(30_000));
        Ok(Box::new(Stormy { inner: self.uri.connect()?, way: self.clone() }))
    }
}

struct Stormy {
    inner: Box<dyn Transport>,
    way: Unreliable,
}

impl Transport for Stormy {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.inner.send(report)
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let Some(report) = self.inner.receive(timeout)? else {
            return Ok(None);
        };
        // The request was executed, or there would be no answer.
        if self.way.one_of(LOST) {
            self.way.weather.lost.fetch_add(1, Ordering::SeqCst);
            return Ok(None);
        }
        if self.way.one_of(BROKEN) {
            self.way.weather.broken.fetch_add(1, Ordering::SeqCst);
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(report))
    }
}
