//! How many reports each command takes. Who counts them comes from outside: a transport, or a bus.

use std::fmt;

use keyfob::{Challenge, Client, FileId, FileKind, Guest, Signed, Units};
use keyfob_conformance::{Bench, certify};
use keyfob_crypto::Entropy;
use keyfob_issuing::{OsEntropy, Predecessor, Step, TokenRecord, UpdatePlan, Vendor, VendorKind, seal_secret};
use keyfob_signed::TEST_MAKER_ROOT;
use keyfob_wire::body::EnrolAnswer;

use crate::{COUNTED, PRODUCT, SLOT, TODAY, licence};

/// Tells how many reports went out and came in so far.
pub type Counter = Box<dyn FnMut() -> (u64, u64)>;

/// What was counted: command, what of it, reports out and in.
pub struct Rows {
    counter: Counter,
    rows: Vec<(&'static str, &'static str, (u64, u64))>,
}

impl Rows {
    /// Does everything that a token can be asked, and counts.
    ///
    /// # Panics
    /// If the token doesn't do it.
    #[must_use]
    pub fn of(bench: &mut Bench, counter: Counter) -> Self {
        let mut rows = Self { counter, rows: Vec::new() };
        bench.apply(licence(1_000, &bench.feature_key.clone())).unwrap();
        let file = Step::CreateFile { product: PRODUCT, file: FileId(1), kind: FileKind::ReadWrite, size: 2_048 };
        bench.apply(UpdatePlan { issued: TODAY, grants: Vec::new(), steps: vec![file] }).unwrap();
        before_sessions(&mut rows, bench);
        guests(&mut rows, bench);
        apps(&mut rows, bench);
        rows
    }

    /// What a command took, the first time.
    ///
    /// # Panics
    /// If it wasn't asked for.
    #[must_use]
    pub fn find(&self, command: &str) -> (u64, u64) {
        self.rows.iter().find(|row| row.0 == command).unwrap().2
    }

    /// What was counted, in its order: command, of what, out and in.
    #[must_use]
    pub fn all(&self) -> &[(&'static str, &'static str, (u64, u64))] {
        &self.rows
    }

    fn total(&mut self) -> (u64, u64) {
        (self.counter)()
    }

    fn count<T>(&mut self, command: &'static str, what: &'static str, operate: impl FnOnce() -> T) -> T {
        let before = self.total();
        let result = operate();
        let after = self.total();
        self.rows.push((command, what, (after.0 - before.0, after.1 - before.1)));
        result
    }
}

impl fmt::Display for Rows {
    /// The table as the specification has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("| command | of what | out | in |\n|---|---|---|---|\n")?;
        self.rows.iter().try_for_each(|(command, what, (sent, received))| {
            writeln!(f, "| {command} | {what} | {sent} | {received} |")
        })
    }
}

fn before_sessions(rows: &mut Rows, bench: &mut Bench) {
    let fob = bench.blank().unwrap();
    let mut raw = bench.raw_to(&*fob).unwrap();
    rows.count("INIT", "", || raw.init().unwrap());
    drop(raw);
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let channel = |bench: &Bench| {
        let mut raw = bench.raw_to(&*fob).unwrap();
        let channel = raw.init().unwrap().id;
        (raw, channel)
    };
    let (mut raw, id) = channel(bench);
    let (_, request) = rows.count("BIRTH", "", || raw.call(id, keyfob_wire::Command::Birth, &nonce).unwrap());
    let install = bench.maker.certify(&request, &nonce, &mut OsEntropy).unwrap().install;
    let (command, _) = rows.count("INSTALL", "", || raw.call(id, keyfob_wire::Command::Install, &install).unwrap());
    assert_eq!(command, 0x91);
    drop(raw);
    assert!(certify(&bench.maker, &*fob, bench.patience).is_err(), "it is installed");
}

fn guests(rows: &mut Rows, bench: &mut Bench) {
    let root = bench.vendor.root();
    let open = |way: &mut dyn keyfob::Connect| Guest::open(way, "", &[TEST_MAKER_ROOT], bench.patience).unwrap();
    let mut way = bench.fob.way();
    let mut guest = rows.count("guest's INIT, OPEN, FINISH", "with login", || open(&mut *way));
    rows.count("info", "one vendor", || guest.info().unwrap());
    rows.count("health", "", || guest.health().unwrap());
    rows.count("identify", "", || guest.identify().unwrap());
    rows.count("list", "two products of 5 and 2 features", || assert_eq!(guest.list(root).unwrap().len(), 2));
    rows.count("grant", "a product of two features", || guest.grant(root, PRODUCT).unwrap());
    rows.count("receipt", "two counters", || guest.receipt(root, &[7; 16]).unwrap());
    rows.count("snapshot", "two products, two counters, a file", || guest.snapshot(root, &[7; 16]).unwrap());
    rows.count("files", "a file", || assert_eq!(guest.files(root, PRODUCT).unwrap().len(), 1));
    let asked = rows.count("time", "", || guest.time(root).unwrap());
    let time = bench.vendor.sign_time(guest.serial(), asked.partition, asked.nonce, TODAY, &mut OsEntropy).unwrap();
    let time = Signed { bytes: &time, certificate: None };
    rows.count("set-time", "signed by the root", || guest.set_time(root, &time).unwrap());
    let nothing = UpdatePlan { issued: TODAY, grants: Vec::new(), steps: Vec::new() };
    let issued = bench.issue(&nothing).unwrap();
    rows.count("apply", "nothing, signed by the root", || guest.apply(&issued.file).unwrap());
    bench.record = issued.record;
    let issued = bench.issue(&licence(1_000, &bench.feature_key)).unwrap();
    rows.count("apply", "a product of two features, a counter, a key", || guest.apply(&issued.file).unwrap());
    bench.record = issued.record;
    let enrolled = rows.count("enrol", "", || guest.enrol(bench.stranger.root(), [9; 16]).unwrap());
    let answer = EnrolAnswer {
        request: &enrolled.request,
        device_signing: &enrolled.device_signing,
        batch: &enrolled.batch,
        maker_root: enrolled.maker_root.0.0,
    };
    let endorsed =
        bench.stranger.endorse(guest.serial(), &[9; 16], &answer, &[TEST_MAKER_ROOT], &mut OsEntropy).unwrap();
    rows.count("endorse", "", || guest.endorse(&endorsed.bytes).unwrap());
    let (stranger, new) = (&bench.stranger, Vendor::create(VendorKind::Test, &mut OsEntropy));
    let record = TokenRecord::new(&endorsed);
    let taken = new.take_over(&Predecessor::Root(stranger), &record, &mut OsEntropy).unwrap();
    rows.count("change-root", "by the old root", || guest.change_root(&taken.file).unwrap());
    let wipe = new.wipe(&taken.record, 0, &mut OsEntropy).unwrap();
    rows.count("wipe", "", || guest.wipe(&wipe).unwrap());
    rows.count("logout", "", || drop(guest));
}

fn apps(rows: &mut Rows, bench: &mut Bench) {
    let open = || {
        let mut way = bench.fob.way();
        let mut transport = Some(way.connect().unwrap());
        let once = Once(move || transport.take().unwrap());
        let builder = Client::builder(&bench.app).transport("", once).accept_emulated().time(|| TODAY);
        // Who is impatient asks again, and that would count.
        builder.timeout(bench.patience).open().unwrap()
    };
    let before = rows.total();
    let client = open();
    let after = rows.total();
    // INIT has a row of its own.
    rows.rows.push(("OPEN, FINISH", "with login", (after.0 - before.0 - 1, after.1 - before.1 - 1)));
    let session = client.login(COUNTED).unwrap();
    rows.count("check", "", || assert!(matches!(session.check().unwrap(), keyfob::Verdict::Full(_))));
    let seen = rows.count("counter", "", || session.counter().unwrap().spend_serial);
    let id = keyfob_wire::OperationId([5; 8]);
    rows.count("spend", "", || session.spend_as(id, seen, Units(1)).unwrap());
    let sealed =
        |length: usize| seal_secret(&bench.feature_key, COUNTED, SLOT, &vec![1; length], &mut OsEntropy).unwrap();
    let (short, long) = (sealed(16), sealed(64));
    rows.count("unlock", "16 bytes", || session.unlock_slot(SLOT, &short).unwrap());
    rows.count("unlock", "64 bytes", || session.unlock_slot(SLOT, &long).unwrap());

    let file = FileId(1);
    rows.count("random", "16 bytes", || session.random(16).unwrap());
    rows.count("write", "28 bytes", || session.write(PRODUCT, file, 0, &[1; 28]).unwrap());
    rows.count("write", "2,048 bytes", || session.write(PRODUCT, file, 0, &[2; 2_048]).unwrap());
    rows.count("read", "37 bytes", || session.read(PRODUCT, file, 0, 37).unwrap());
    rows.count("read", "2,048 bytes", || session.read(PRODUCT, file, 0, 2_048).unwrap());
    let message = rows.count("encrypt", "16 bytes", || session.encrypt(SLOT, &[3; 16]).unwrap());
    rows.count("decrypt", "16 bytes", || session.decrypt(SLOT, &message).unwrap());
    rows.count("derive", "a label of 8 bytes", || session.derive(SLOT, b"database").unwrap());
    let challenge = Challenge { audience: "https://cad.example", nonce: &[7; 16], context: &[] };
    rows.count("prove", "to an audience of 19 bytes", || session.prove(&challenge).unwrap());

    // Others take the session's place, and one of them leaves it again.
    bench.pass(31_000).unwrap();
    let mut others = bench.raw().unwrap();
    let guests: Vec<_> = (0..8).map(|_| others.guest().unwrap()).collect();
    others.ask(guests[0], &keyfob_wire::body::Request::Logout).unwrap();
    others.forget(guests[0]);
    let before = rows.total().0;
    assert!(matches!(session.check().unwrap(), keyfob::Verdict::Full(_)));
    assert_eq!(rows.total().0 - before, 3, "a check in vain, RESUME, and the check again");
    drop(others);

    let mut raw = bench.raw().unwrap();
    let channel = raw.init().unwrap();
    let session = raw.app_on(&channel, &bench.app).unwrap();
    rows.count("RESUME", "", || raw.resume(session, &channel).unwrap());
}

/// A way that can be gone once.
struct Once<F>(F);

impl<F: FnMut() -> Box<dyn keyfob::Transport> + Send> keyfob::Connect for Once<F> {
    fn connect(&mut self) -> std::io::Result<Box<dyn keyfob::Transport>> {
        Ok((self.0)())
    }
}
