//! The host library against devices that do everything wrong: whatever comes, each call ends within eight time-outs
//! with a documented error or a true result, nothing panics, and with a proper token the same client goes on.
//!
//! `KEYFOB_HOSTILE_STRIDE` is at every how many reports a case is tried, 4 otherwise; each case begins with another one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keyfob::{Client, Error, Guest, Kind, Status, Units, Verdict, text};
use keyfob_conformance::{Bench, Desk, Fob};
use keyfob_emulator::Emulator;
use keyfob_issuing::{OsEntropy, seal_secret};
use keyfob_scenarios::{COUNTED, SLOT, TODAY, stand};
use keyfob_signed::TEST_MAKER_ROOT;

mod hostile;

use hostile::cases::{CASES, says};
use hostile::liar::{Liar, Lie};
use hostile::{Device, Heard, Wrong};

/// How long an answer may take. A proper token takes a hundredth of it.
const TIMEOUT: Duration = Duration::from_millis(300);
/// What all that is done for a request may take.
const LIMIT: Duration = TIMEOUT.saturating_mul(8);
/// What a loaded machine, and waiting for a device that went away, may take besides.
const GRACE: Duration = Duration::from_secs(5);
const SOLD: u32 = 1_000_000;
/// As many wait at once; few of them compute.
const THREADS: usize = 24;

/// A licensed fob, a device that stands before it, and what an app of the vendor's has.
struct Stage {
    bench: Bench,
    desk: Desk<Emulator>,
    device: Device,
    sealed: Vec<u8>,
}

impl Stage {
    fn new() -> Self {
        let (bench, desk) = stand(SOLD);
        let (_, other) = stand(1);
        let device = Device::new(desk.way(), other.way(), TIMEOUT);
        let sealed = seal_secret(&bench.feature_key, COUNTED, SLOT, &[0x5e; 64], &mut OsEntropy).unwrap();
        Self { bench, desk, device, sealed }
    }

    fn open(&self) -> Result<Client, Error> {
        self.open_within(TIMEOUT)
    }

    fn open_within(&self, timeout: Duration) -> Result<Client, Error> {
        let builder = Client::builder(&self.bench.app).transport("the device", self.device.clone());
        builder.accept_emulated().time(|| TODAY).timeout(timeout).open()
    }

    /// What an app does, until something fails.
    fn app(&self) -> (Option<Client>, Result<(), Error>) {
        let client = match timed(1, || self.open()) {
            Ok(client) => client,
            Err(error) => return (None, Err(error)),
        };
        let ended = self.use_feature(&client);
        (Some(client), ended)
    }

    fn use_feature(&self, client: &Client) -> Result<(), Error> {
        let session = client.login(COUNTED)?;
        assert!(matches!(timed(1, || session.check())?, Verdict::Full(_)), "nobody but the fob says no");
        timed(4, || session.spend(Units(1)))?;
        let secret = timed(1, || session.unlock_slot(SLOT, &self.sealed))?;
        assert_eq!(secret.expose(), [0x5e; 64]);
        Ok(())
    }

    /// What a tool does, until something fails.
    fn guest(&self) -> Result<(), Error> {
        let vendor = self.bench.vendor.root();
        let open = || Guest::open(&mut self.device.clone(), "the device", &[TEST_MAKER_ROOT], TIMEOUT);
        let mut guest = timed(1, open)?;
        timed(1, || guest.info())?;
        timed(1, || guest.list(vendor))?;
        timed(1, || guest.receipt(vendor, &[7; 16]))?;
        timed(1, || guest.snapshot(vendor, &[7; 16]))?;
        timed(1, || drop(guest));
        Ok(())
    }

    /// Lets the fob forget who is working with it.
    fn rest(&self) {
        self.desk.with(|fob| fob.advance(60_000));
    }

    /// One case at one report: an app, then the same app with a proper token, then a tool.
    fn run(&self, name: &str, wrong: Wrong, at: usize) {
        let before = self.counter();
        self.device.begin(Some((wrong, at)));
        let (client, ended) = self.app();
        documented(name, at, ended.as_ref().err());
        self.device.begin(None);
        self.rest();

        let client = client.unwrap_or_else(|| self.eventually(|| self.open()));
        let session = self.eventually(|| client.login(COUNTED));
        let counter = self.eventually(|| session.counter());
        let spent = before - counter.remaining.0;
        assert!(spent <= 1 && (ended.is_err() || spent == 1), "{name}, {at}: {spent} spent, {ended:?}");
        self.eventually(|| self.use_feature(&client));
        timed(1, || drop((session, client)));

        self.device.begin(Some((wrong, at)));
        documented(name, at, self.guest().err().as_ref());
        self.device.begin(None);
        self.rest();
    }

    fn counter(&self) -> u32 {
        self.eventually(|| self.open()?.login(COUNTED)?.counter()).remaining.0
    }

    /// What is done again and again with a proper token succeeds, as time passes.
    fn eventually<T>(&self, mut act: impl FnMut() -> Result<T, Error>) -> T {
        let mut last = None;
        for _ in 0..20 {
            match act() {
                Ok(done) => return done,
                Err(error) => last = Some(error),
            }
            self.rest();
        }
        panic!("with a proper token: {:?}", last.unwrap())
    }
}

/// Does it, and holds it to as many requests' time.
fn timed<T>(requests: u32, act: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = act();
    assert!(started.elapsed() < LIMIT * requests + GRACE, "took {:?}", started.elapsed());
    result
}

/// Holds an error to the documentation: its code has a text, and tells what it is about.
fn documented(name: &str, at: usize, error: Option<&Error>) {
    let Some(error) = error else { return };
    assert!(text(error.code()).is_some(), "{name}, {at}: {error:?}");
    // Nobody has signed an ERROR, so none says anything of a licence.
    assert!(error.kind() != Kind::Licence, "{name}, {at}: {error:?}");
}

/// How many reports go each way if nothing is wrong.
fn conversation(stage: &Stage) -> (usize, usize) {
    stage.device.begin(None);
    let (client, ended) = stage.app();
    ended.unwrap();
    drop(client);
    let (sent, heard) = stage.device.counts();
    stage.device.begin(None);
    stage.guest().unwrap();
    let as_guest = stage.device.counts();
    stage.rest();
    (sent.max(as_guest.0), heard.max(as_guest.1))
}

fn stride() -> usize {
    std::env::var("KEYFOB_HOSTILE_STRIDE").map_or(4, |text| text.parse().unwrap())
}

/// Many wait at once already.
static GATE: Mutex<()> = Mutex::new(());

/// Runs jobs of that number on several stages at once.
fn in_parallel(jobs: usize, run: impl Fn(&Stage, usize) + Sync) {
    let _one_at_a_time = GATE.lock();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS.min(jobs) {
            scope.spawn(|| {
                let stage = Stage::new();
                while let Some(job) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&job| job < jobs) {
                    run(&stage, job);
                }
            });
        }
    });
}

/// Each case at each report of an app's and a tool's conversations.
#[test]
fn nothing_that_a_device_does_hangs_or_crashes_a_program() {
    let (sent, heard) = conversation(&Stage::new());
    assert!(sent >= 12 && heard >= 12, "{sent} out, {heard} in");
    let steps = |wrong: &Wrong| {
        if matches!(wrong, Wrong::Answer(_) | Wrong::Late(_) | Wrong::Refused(_)) { heard } else { sent }
    };
    let jobs: Vec<_> = CASES
        .iter()
        .enumerate()
        .flat_map(|(case, (name, wrong))| {
            (case % stride()..steps(wrong)).step_by(stride()).map(move |at| (*name, *wrong, at))
        })
        .collect();
    assert!(CASES.len() >= 40);
    in_parallel(jobs.len(), |stage, job| {
        let (name, wrong, at) = jobs[job];
        stage.run(name, wrong, at);
    });
    println!("{} cases, {} conversations with something wrong: none hung", CASES.len(), jobs.len() * 2);
}

const STATUSES: &str = "ERROR with a status";

/// ERROR of every status, in the place of each report of the token's: an error of this attempt and no more.
#[test]
fn errors_of_every_status_end_an_attempt_and_nothing_else() {
    let (_, heard) = conversation(&Stage::new());
    let statuses: Vec<_> = Status::ALL.iter().map(|status| status.number()).collect();
    in_parallel(statuses.len(), |stage, job| {
        let status = statuses[job].to_be_bytes();
        for at in (job % stride()..heard).step_by(stride()) {
            stage.device.begin(Some((Wrong::Refused(status), at)));
            documented(STATUSES, at, stage.app().1.as_ref().err());
            stage.device.begin(None);
            stage.eventually(|| stage.app().1);
            stage.rest();
        }
    });
}

/// Where a device says nothing at all, the code says what kind of thing is there.
#[test]
fn the_first_report_has_codes_of_its_own() {
    let stage = Stage::new();
    let ended = |wrong: Wrong| {
        stage.device.begin(Some((wrong, 0)));
        let code = stage.open().err().map(|error| error.code());
        stage.device.begin(None);
        code
    };
    assert_eq!(ended(Wrong::Instead(|_, _| Heard::Nothing)), Some("not-a-token"));
    assert_eq!(ended(Wrong::Instead(|_, _| Heard::Gone)), Some("unplugged"));
    assert_eq!(ended(Wrong::Instead(|last, _| Heard::Report(says(last, 0xbf, &[0, 3])))), Some("busy"));
    assert_eq!(ended(Wrong::Instead(|_, _| Heard::Report([0; 64]))), Some("not-a-token"));
    assert_eq!(
        ended(Wrong::Answer(|report, _| {
            let mut report = *report;
            report[7 + 12..][..2].copy_from_slice(&[2, 3]);
            vec![report]
        })),
        Some("protocol-version")
    );
}

/// A flood for seconds, beside a proper token, at a rate that no bus reaches.
#[test]
fn a_flood_for_seconds_keeps_nobody_from_a_proper_token() {
    let _one_at_a_time = GATE.lock();
    let stage = Stage::new();
    let client = stage.open_within(Duration::from_secs(5)).unwrap();
    let session = client.login(COUNTED).unwrap();
    stage.device.begin(Some((
        Wrong::Beside(|last, _| {
            let mut report = *last;
            report[3] ^= 1;
            report
        }),
        0,
    )));
    let (started, mut checks) = (Instant::now(), 0);
    while started.elapsed() < Duration::from_secs(3) {
        let checked = timed(1, || session.check());
        assert!(matches!(checked, Ok(Verdict::Full(_))), "{checks}: {checked:?}");
        checks += 1;
    }
    assert!(checks > 100, "{checks}");
}

/// Answers of a token whose handshake is in order.
const LIES: &[(&str, Lie)] = &[
    ("nothing", |_, _| vec![]),
    ("half a status", |_, _| vec![0]),
    ("no body", |_, _| vec![0, 0]),
    ("an empty map", |_, _| vec![0, 0, 0xa0]),
    ("a status that nobody knows", |_, _| vec![0xff, 0xfe]),
    ("a refusal with a body", |_, _| vec![0, 43, 0xa0]),
    ("zeros", |_, _| vec![0; 4000]),
    ("ones", |_, _| [&[0, 0][..], &[0xff; 4000]].concat()),
    ("the question", |question, _| [&[0, 0], question].concat()),
    ("arrays in arrays", |_, _| [&[0, 0, 0xa1, 1][..], &[0x81; 4000]].concat()),
    ("maps in maps", |_, _| [&[0, 0][..], &[0xa1, 1].repeat(2000)].concat()),
    ("arrays without end", |_, _| [&[0, 0, 0xa1, 1][..], &[0x9f; 4000]].concat()),
    ("an array of 2^64 items", |_, _| vec![0, 0, 0xa1, 1, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255]),
    ("a map of 2^64 items", |_, _| vec![0, 0, 0xbb, 255, 255, 255, 255, 255, 255, 255, 255]),
    ("a byte string of 2^64 bytes", |_, _| vec![0, 0, 0xa1, 1, 0x5b, 255, 255, 255, 255, 255, 255, 255, 255]),
    ("a text that is none", |_, _| vec![0, 0, 0xa1, 1, 0x81, 0x84, 1, 1, 0x62, 0xff, 0xfe, 0x80]),
    ("keys twice", |_, _| vec![0, 0, 0xa2, 1, 0x80, 1, 0x80]),
    ("keys backwards", |_, _| vec![0, 0, 0xa2, 2, 1, 1, 0x80]),
    ("numbers beyond their range", |_, _| {
        [&[0, 0, 0xa3][..], &[1, 0x1b], &[255; 8], &[2, 0x1b], &[255; 8], &[3, 0x1b], &[255; 8]].concat()
    }),
    ("a list that begins again", |_, _| vec![0, 0, 0xa2, 1, 0x80, 2, 0]),
    ("an empty page with another behind it", |_, _| vec![0, 0, 0xa2, 1, 0x80, 2, 1]),
    ("a list without end", |_, asked| {
        let (product, next) = ((0x10000 + asked).to_be_bytes(), (0x10001 + asked).to_be_bytes());
        [&[0, 0, 0xa2, 1, 0x81, 0x84, 0x1a][..], &product, &[1, 0x61, b'x', 0x80, 2, 0x1a], &next].concat()
    }),
    ("a list without end, of files", |_, asked| {
        let (file, next) = ((0x100 + asked as u16).to_be_bytes(), (0x101 + asked as u16).to_be_bytes());
        [&[0, 0, 0xa2, 1, 0x81, 0x84, 0x19][..], &file, &[1, 1, 0xf6, 2, 0x19], &next].concat()
    }),
    ("a list whose end is beyond all", |_, _| vec![0, 0, 0xa2, 1, 0x80, 2, 0x1a, 255, 255, 255, 255]),
];

/// Whoever holds a key can do a guest's handshake and answer what he likes.
#[test]
fn lies_in_sessions_are_read_with_care() {
    let vendor = stand(1).0.vendor.root();
    let product = keyfob::ProductId(1);
    for (name, lie) in LIES {
        let ask = |ask: &dyn Fn(&mut Guest) -> Result<(), Error>| {
            let mut guest = Guest::open(&mut Liar(*lie), "a liar", &[TEST_MAKER_ROOT], Duration::from_secs(5)).unwrap();
            let asked = timed(1, || ask(&mut guest));
            assert!(asked.as_ref().err().is_none_or(|error| text(error.code()).is_some()), "{name}: {asked:?}");
            asked.is_ok()
        };
        let believed = [
            ask(&|guest| guest.info().map(drop)),
            ask(&|guest| guest.list(vendor).map(drop)),
            ask(&|guest| guest.grant(vendor, product).map(drop)),
            ask(&|guest| guest.receipt(vendor, &[7; 16]).map(drop)),
            ask(&|guest| guest.snapshot(vendor, &[7; 16]).map(drop)),
            ask(&|guest| guest.health().map(drop)),
            ask(&|guest| guest.files(vendor, product).map(drop)),
            ask(&|guest| guest.time(vendor).map(drop)),
            ask(&|guest| guest.enrol(vendor, [7; 16]).map(drop)),
        ];
        // What needs no body can't be wrong, and an empty list is one.
        assert_eq!(believed, [false; 9], "{name}");
    }
}

/// A list ends after as many pages as no token has room for, and so does what it takes of memory.
#[test]
fn lists_end() {
    let endless = LIES.iter().filter(|(name, _)| name.starts_with("a list without end"));
    let pages: Vec<_> = endless
        .map(|(_, lie)| {
            let mut guest = Guest::open(&mut Liar(*lie), "a liar", &[], Duration::from_secs(5)).unwrap();
            let before = guest.counts().sent;
            let vendor = stand(1).0.vendor.root();
            let listed = [guest.list(vendor).is_ok(), guest.files(vendor, keyfob::ProductId(1)).is_ok()];
            assert_eq!(listed, [false, false]);
            guest.counts().sent - before
        })
        .collect();
    assert_eq!(pages, [256 + 1, 256 + 1]);
}
