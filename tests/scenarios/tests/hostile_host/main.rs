//! Hosts that do on USB what no host should: whatever it was, the token answers afterwards as if nothing had been, and
//! neither a counter nor the flash has changed. `docs/threat-model.md`: whoever sits between app and token can keep it busy,
//! and corrupts nothing.

#![cfg(unix)]

mod cases;

use std::sync::Arc;
use std::time::Duration;

use keyfob::{Client, Verdict};
use keyfob_emulator::Emulator;
use keyfob_scenarios::usbredir::{Capabilities, Guest, Running, Way, Wire, status};
use keyfob_scenarios::{COUNTED, TODAY, stand};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{Frame, Report};

const UNITS: u32 = 5;

#[test]
fn the_token_is_unharmed_by_every_host() {
    assert!(cases::CASES.len() >= 40, "{}", cases::CASES.len());
    let (bench, desk) = stand(UNITS);
    let flash = desk.with(|emulator| emulator.flash_snapshot());
    let running = Running::start(Emulator::builder().flash(flash)).unwrap();
    let checked = || {
        let guest = Arc::new(Guest::start(running.path()).unwrap());
        let client = Client::builder(&bench.app).transport("", Way(Arc::clone(&guest))).accept_emulated();
        let client = client.timeout(Duration::from_secs(20)).time(|| TODAY).open().unwrap();
        let session = client.login(COUNTED).unwrap();
        let verdict = session.check().unwrap();
        let counter = session.counter().unwrap();
        drop((session, client, guest));
        running.wait(|usb| !usb.attached);
        assert!(matches!(verdict, Verdict::Full(_)), "{verdict:?}");
        let programmed = running.handle().with_emulator(|emulator| emulator.flash_statistics().programmed);
        (counter.remaining.0, counter.spend_serial, programmed)
    };
    // The first claim of the time in a power-up is noted.
    let before = checked();
    assert_eq!((before.0, before.1), (UNITS, 0));
    let boot = with_host(&running, |wire| ask(wire, 1).boot);
    for (number, (name, act)) in cases::CASES.iter().enumerate() {
        println!("{name}");
        with_host(&running, |wire| {
            act(wire);
            if !wire.is_over() {
                wire.drive();
                assert_eq!(ask(wire, 0x7000 + number as u64).boot, boot, "{name}");
            }
        });
        assert_eq!(with_host(&running, |wire| ask(wire, 2).boot), boot, "{name}");
        assert_eq!(checked(), before, "{name}");
    }
    let mut emulator = running.stop();
    assert!(emulator.exchange(&init(1)).iter().any(|report| report[7..15] == 1_u64.to_be_bytes()));
}

/// A host that has enumerated the device, for a while.
fn with_host<T>(running: &Running, act: impl FnOnce(&mut Wire) -> T) -> T {
    let mut wire = Wire::connect(running.path(), Capabilities::QEMU).unwrap();
    wire.enumerate();
    let result = act(&mut wire);
    drop(wire);
    running.wait(|usb| !usb.attached);
    result
}

/// INIT in a report.
fn init(nonce: u64) -> Report {
    let mut report = [0; 64];
    report[..7].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x86, 0, 8]);
    report[7..15].copy_from_slice(&nonce.to_be_bytes());
    report
}

/// Asks for a channel, passing over whatever else the token still says.
fn ask(wire: &mut Wire, nonce: u64) -> InitAnswer {
    assert_eq!(wire.write(&init(nonce)), status::SUCCESS);
    loop {
        let report = wire.read();
        let answer = Frame::parse(&report).whole_message().and_then(InitAnswer::parse);
        if let Some(answer) = answer.filter(|answer| answer.nonce == nonce.to_be_bytes()) {
            return answer;
        }
    }
}
