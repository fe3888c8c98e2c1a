//! No secret of a session stays behind in memory once it is closed.
#![cfg(target_os = "linux")]

mod memory_scan;

use keyfob_channel::{Awake, Initiator, Prologue};
use keyfob_conformance::{Bench, Desk, Device, message_reports};
use keyfob_crypto::AgreementKey;
use keyfob_issuing::{OsEntropy, seal_secret};
use keyfob_scenarios::watched::{TheApps, TheTokens};
use keyfob_scenarios::{COUNTED, Machine, SLOT, TODAY, licence, stand};
use keyfob_signed::AppCredential;
use keyfob_wire::body::{CheckRequest, Request, UnlockRequest};
use keyfob_wire::framing::{Assembler, Assembly};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{ChannelId, Command, Frame, Instant, MAX_MESSAGE, Modules, VendorHint};
use memory_scan::{Found, Memory, Noted, forget, leak, note, noted, scan};

/// What the app of a test unlocks: each test has its own, since all are one process.
fn unlocked(test: u8) -> [u8; 32] {
    std::array::from_fn(|place| u8::try_from(place * 7 % 256).unwrap() ^ test)
}

/// Sends a message and takes the answer.
fn call(machine: &mut Machine<Noted<TheTokens>>, channel: ChannelId, command: Command, message: &[u8]) -> Vec<u8> {
    for report in message_reports(channel, command, message) {
        Device::take(machine, &report);
    }
    let mut assembler = Assembler::<MAX_MESSAGE>::new();
    while let Some(report) = Device::give(machine) {
        if let Assembly::Complete { command: answered, .. } = assembler.on_frame(Instant(0), &Frame::parse(&report)) {
            assert_eq!(answered, command.byte());
            return assembler.message().to_vec();
        }
    }
    panic!("no answer")
}

fn init(machine: &mut Machine<Noted<TheTokens>>) -> (ChannelId, [u8; 36]) {
    let answer = call(machine, ChannelId::BROADCAST, Command::Init, &[9; 8]);
    (InitAnswer::parse(&answer).unwrap().channel, answer.try_into().unwrap())
}

/// Opens a session, as the vendor's app.
fn open(machine: &mut Machine<Noted<TheTokens>>, app: &[u8]) -> (ChannelId, Awake<Noted<TheApps>>) {
    let (channel, answer) = init(machine);
    let serial = InitAnswer::parse(&answer).unwrap().serial;
    let credential = AppCredential::parse(app).unwrap();
    let prologue = Prologue { request: &[9; 8], answer: &answer };
    let (initiator, first) =
        Initiator::<Noted<TheApps>>::start(&prologue, VendorHint(credential.vendor.0.hint()), &mut OsEntropy);
    let mut second = call(machine, channel, Command::Open, &first);
    let (state, _) = initiator.read_answer(&mut second).unwrap().endorsed_by(&credential.vendor, serial, 0).unwrap();
    let key = AgreementKey::from_secret(&credential.secret).unwrap();
    let mut third = vec![0; MAX_MESSAGE];
    let (length, session) = state.finish(&key, credential.certificate, &[1], &mut third).unwrap();
    let mut login = call(machine, channel, Command::Finish, &third[..length]);
    let mut session = session.wake();
    session.records.open(&mut login).unwrap();
    (channel, session)
}

/// Asks, and overwrites the answer.
fn ask(
    machine: &mut Machine<Noted<TheTokens>>,
    channel: ChannelId,
    session: &mut Awake<Noted<TheApps>>,
    request: &Request<'_>,
) {
    let mut record = vec![0; 256];
    let length = request.write(&mut record[2..]).unwrap();
    let length = session.records.seal(&mut record, length).unwrap();
    let mut answer = call(machine, channel, Command::Record, &record[..length]);
    let plain = session.records.open(&mut answer).unwrap();
    assert_eq!(plain[..2], [0, 0]);
    plain.fill(0);
    std::hint::black_box(plain);
}

/// A session of an app, which is resumed once; then it is closed at both ends.
fn sessions(machine: &mut Machine<Noted<TheTokens>>, app: &[u8], sealed: &[u8]) {
    let (channel, mut session) = open(machine, app);
    let check = Request::Check(CheckRequest { feature: COUNTED, time: TODAY, modules: Modules(0) });
    let unlock = Request::Unlock(UnlockRequest { feature: COUNTED, slot: SLOT, time: TODAY, sealed });
    ask(machine, channel, &mut session, &check);
    ask(machine, channel, &mut session, &unlock);
    let (channel, answer) = init(machine);
    let prologue = Prologue { request: &[9; 8], answer: &answer };
    let (resuming, request) = session.ticket.resume::<Noted<TheApps>>(&prologue, &mut OsEntropy).unwrap();
    drop(session);
    let mut answer = call(machine, channel, Command::Resume, &request);
    let mut session = resuming.finish(&mut answer).unwrap().wake();
    ask(machine, channel, &mut session, &unlock);
    ask(machine, channel, &mut session, &Request::Logout);
}

/// What is found once everything is closed.
fn left_behind(test: u8) -> Vec<Found> {
    let desk = Desk::new(Machine::<Noted<TheTokens>>::new(test.into()));
    let mut bench = Bench::new(desk.clone()).unwrap();
    bench.apply(licence(9, &bench.feature_key.clone())).unwrap();
    let sealed = seal_secret(&bench.feature_key, COUNTED, SLOT, &unlocked(test), &mut OsEntropy).unwrap();
    let app = bench.app.clone();
    drop(bench);
    forget();
    note::<TheApps>("the unlocked secret", &unlocked(test));
    let before = noted();
    desk.with(|machine| sessions(machine, &app, &sealed));
    assert!(noted() > before + 20, "{} keys", noted());
    let (seen, found) = scan();
    println!("{} secrets looked for in {seen} bytes", noted());
    assert!(seen > 1_000_000);
    found
}

/// Stacks aren't looked at: what a function that has returned left there goes with the next deep call.
fn outside_stacks(found: Vec<Found>) -> Vec<Found> {
    found.into_iter().filter(|found| found.memory == Memory::Other).collect()
}

#[test]
fn a_closed_session_leaves_no_secret_behind() {
    let found = outside_stacks(left_behind(1));
    assert!(found.is_empty(), "{found:?}");
}

/// The test's own worth.
#[test]
fn a_key_that_is_left_behind_is_found() {
    leak();
    let found = outside_stacks(left_behind(2));
    assert!(found.len() > 30, "{}", found.len());
}

/// An app on the host library, with the emulator in the same process. The app's own key isn't looked for: it is
/// taken as known to everybody (`docs/spec.md`, §10).
#[test]
fn an_app_leaves_nothing_unlocked_behind() {
    let (bench, _desk) = stand(9);
    let sealed = seal_secret(&bench.feature_key, COUNTED, SLOT, &unlocked(3), &mut OsEntropy).unwrap();
    note::<TheApps>("the unlocked secret", &unlocked(3));
    let before = outside_stacks(scan().1).len();
    let client = bench.client().unwrap();
    let secret = client.login(COUNTED).unwrap().unlock_slot(SLOT, &sealed).unwrap();
    let meanwhile = outside_stacks(scan().1).len();
    assert!(meanwhile > before, "a secret that is used is there");
    drop((secret, client));
    let after = outside_stacks(scan().1);
    assert!(after.len() <= before, "{before} before, then {after:?}");
}
