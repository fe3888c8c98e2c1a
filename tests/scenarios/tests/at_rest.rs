//! What is stored on a board with a chip secret: nothing of it is in the flash, and nothing of it can be written there.

mod support;

use std::io;
use std::time::Duration;

use keyfob_conformance::{Bench, CASES, Device, Direct, run};
use keyfob_crypto::{P256Signing, Secret, SigningKey};
use keyfob_issuing::{Issued, OsEntropy, Step, TokenRecord, UpdatePlan, Vendor, VendorKind, seal_secret};
use keyfob_scenarios::{COUNTED, PRODUCT, SLOT, TODAY};
use keyfob_store::Key;
use keyfob_token::Token;
use keyfob_wire::body::{CipherRequest, EnrolRequest, FilesRequest, ReadRequest, Request};
use keyfob_wire::{FileId, FileKind, Instant, Report, Status};
use support::cast::{Cast, apply, spend, state};
use support::silicon::AnchoredPlatform;
use support::{APP, Fob, GUEST, NONCE, Sim};

const FILE: FileId = FileId(4);
const TEXT: &[u8] = b"what only apps with the right may read";

/// A fob with everything that is kept: two hundred bytes of a file, a spend, signed mark and recovery key included.
fn furnished() -> (Cast, TokenRecord) {
    let cast = Cast::new();
    let recovery = P256Signing::generate(&mut OsEntropy).public();
    let steps = vec![
        Step::CreateFile { product: PRODUCT, file: FILE, kind: FileKind::ReadWrite, size: 300 },
        Step::WriteFile { product: PRODUCT, file: FILE, offset: 0, bytes: TEXT.to_vec() },
        Step::WriteFile { product: PRODUCT, file: FILE, offset: 280, bytes: b"twenty more bytes...".to_vec() },
        Step::SetRecoveryKey { key: recovery },
        Step::SetMark { mark: TODAY },
    ];
    let plan = UpdatePlan { issued: TODAY, grants: vec![], steps };
    let Issued { file, record } = cast.vendor.issue(&cast.record, &plan, &mut OsEntropy).unwrap();
    let mut fob = Fob::start(&cast.flash).unwrap();
    apply(&mut fob, &file).unwrap();
    assert_eq!(spend(&mut fob, 0, 2), 2);
    drop(fob);
    cast.flash.restart();
    (cast, record)
}

/// What an app sees of it all.
fn seen(fob: &mut Fob, sealed: &[u8]) -> Vec<Result<Vec<u8>, Status>> {
    let mut seen = state(fob, &[sealed]);
    let label = CipherRequest { feature: COUNTED, slot: SLOT, time: TODAY, input: b"label" };
    seen.push(fob.ask(APP, &Request::Derive(label)));
    for offset in [0, 256] {
        let read = ReadRequest { product: PRODUCT, file: FILE, offset, length: 44 };
        seen.push(fob.ask(APP, &Request::Read(read)));
    }
    seen.push(fob.ask(APP, &Request::Files(FilesRequest { hint: None, product: PRODUCT, start: FileId(0) })));
    seen
}

/// The secret ones and all others: on a plain board each of these is found.
#[test]
fn nothing_of_what_is_stored_is_in_the_flash() {
    let furnish = |blank: Sim| {
        let cast = Cast::on(blank);
        let steps = vec![
            Step::CreateFile { product: PRODUCT, file: FILE, kind: FileKind::ReadWrite, size: 64 },
            Step::WriteFile { product: PRODUCT, file: FILE, offset: 0, bytes: TEXT.to_vec() },
        ];
        let plan = UpdatePlan { issued: TODAY, grants: vec![], steps };
        let file = cast.vendor.issue(&cast.record, &plan, &mut OsEntropy).unwrap().file;
        let mut fob = Fob::start(&cast.flash).unwrap();
        apply(&mut fob, &file).unwrap();
        spend(&mut fob, 0, 3);
        let serial = fob.serial();
        let texts: [(&str, Vec<u8>); 6] = [
            ("the feature's key", cast.key.expose().to_vec()),
            ("the file", TEXT.to_vec()),
            ("the vendor's root", cast.vendor.root().0.0.to_vec()),
            ("the serial", serial.0.to_vec()),
            ("the product's name", b"Scenario".to_vec()),
            ("a spend's id", b"spen\0\0\0\x01".to_vec()),
        ];
        texts.map(|(name, bytes)| (name, cast.flash.holds(&bytes)))
    };
    for (name, is_there) in furnish(Sim::new().on(None)) {
        assert!(is_there, "{name} isn't found on a plain board either");
    }
    for (name, is_there) in furnish(Sim::new()) {
        assert!(!is_there, "{name} is in the flash");
    }
}

/// Every bit of every value, with all checksums made right again: the token doesn't start, or refuses what needs the
/// value; nothing is ever answered otherwise than before.
#[test]
fn every_flipped_bit_is_found() {
    let (cast, _) = furnished();
    let sealed = seal_secret(&cast.key, COUNTED, SLOT, b"secret", &mut OsEntropy).unwrap();
    let before = seen(&mut Fob::start(&cast.flash.copy()).unwrap(), &sealed);
    assert!(before.iter().filter(|answer| answer.is_ok()).count() >= 8, "{before:?}");
    let stranger = Vendor::create(VendorKind::Test, &mut OsEntropy).root().0.0;
    let (mut flips, mut refused) = (0, 0);
    for (key, value) in cast.flash.raw() {
        for bit in 0..value.len() * 8 {
            // All bits of nonces and tags, one of each byte before.
            if bit / 8 + 28 < value.len() && bit % 8 != bit / 8 % 8 {
                continue;
            }
            let mut forged = value.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let trial = cast.flash.copy();
            trial.forge(key, Some(&forged));
            flips += 1;
            let Ok(mut fob) = Fob::start(&trial) else {
                refused += 1;
                continue;
            };
            if key == Key(2 << 56) {
                let asked = fob.ask(GUEST, &Request::Enrol(EnrolRequest { vendor_root: stranger, nonce: NONCE }));
                assert_eq!(asked, Err(Status::OtherChip), "bit {bit} of the certificates");
                continue;
            }
            let after = seen(&mut fob, &sealed);
            let differs = before.iter().zip(&after).filter(|(before, after)| before != after);
            let mut found = differs.map(|(_, after)| after).peekable();
            assert!(found.peek().is_some(), "bit {bit} of {key:?} isn't missed");
            assert!(found.all(|after| *after == Err(Status::OtherChip)), "bit {bit} of {key:?}: {after:?}");
        }
    }
    println!("{flips} bits flipped, {refused} times the token doesn't start");
    assert!(flips > 4_000 && refused > flips / 2 && refused < flips, "{refused} of {flips}");
}

/// A value in another's place, of the same length, is none.
#[test]
fn values_are_bound_to_their_keys() {
    let (cast, record) = furnished();
    let other = Secret::random(&mut OsEntropy);
    let step = Step::InstallKey { feature: COUNTED, slot: keyfob_wire::Slot(SLOT.0 + 1), key: other };
    let plan = UpdatePlan { issued: TODAY, grants: vec![], steps: vec![step] };
    let file = cast.vendor.issue(&record, &plan, &mut OsEntropy).unwrap().file;
    apply(&mut Fob::start(&cast.flash).unwrap(), &file).unwrap();
    cast.flash.restart();
    let raw = cast.flash.raw();
    let keys: Vec<_> = raw.iter().filter(|(_, value)| value.len() == 32 + 28).collect();
    let [(first, _), (_, second)] = keys.as_slice() else { panic!("two keys: {keys:?}") };
    cast.flash.forge(**first, Some(second));
    assert!(Fob::start(&cast.flash).is_err(), "the anchor's account");
}

/// A token of that board as any other device.
struct Machine {
    token: Option<Box<Token<AnchoredPlatform>>>,
    flash: Sim,
    now: Instant,
}

impl Machine {
    fn new() -> io::Result<Self> {
        let mut machine = Self { token: None, flash: Sim::new(), now: Instant(0) };
        machine.restart()?;
        Ok(machine)
    }

    fn token(&mut self) -> &mut Token<AnchoredPlatform> {
        self.token.as_mut().unwrap()
    }
}

impl Device for Machine {
    fn take(&mut self, report: &Report) {
        let now = self.now;
        self.token().on_report(now, report);
    }

    fn give(&mut self) -> Option<Report> {
        loop {
            let now = self.now;
            let report = self.token().poll(now);
            if report.is_some() || !self.token().work(now) {
                return report;
            }
            self.now = now.plus(1);
        }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.token = None;
        self.flash.restart();
        let token = Token::start(AnchoredPlatform::new(&self.flash), self.flash.clone()).map_err(io::Error::other)?;
        self.token = Some(Box::new(token));
        Ok(())
    }

    fn advance(&mut self, milliseconds: u64) {
        self.now = self.now.plus(milliseconds);
    }

    fn light(&self) -> bool {
        self.flash.silicon(|silicon| silicon.light)
    }
}

#[test]
fn the_conformance_suite_passes() {
    let mut bench = Bench::new(Direct::new(Machine::new)).unwrap();
    bench.patience = Duration::from_secs(5);
    let summary = run(&mut bench, CASES);
    println!("{summary}");
    assert_eq!(summary.failed(), [""; 0]);
    assert_eq!(summary.skipped(), [""; 0]);
    assert_eq!(summary.passed().len(), CASES.len());
}
