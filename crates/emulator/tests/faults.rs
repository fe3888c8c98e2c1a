//! Faults in a program: what the token and who carries its reports see of them.

mod support;

use keyfob_emulator::{Clock, Emulator, Fault, Script, Seed};
use keyfob_wire::init::TokenState;
use keyfob_wire::{BootId, ChannelId, Command, Instant, Report, Serial};
use support::{Random, birth, init, reports};

fn emulator(script: &str) -> Emulator {
    let builder = Emulator::builder().clock(Clock::scripted()).seed(Seed(1));
    builder.faults(script.parse::<Script>().unwrap()).start().unwrap()
}

fn arm(emulator: &mut Emulator, fault: &str) {
    emulator.arm(fault.parse::<Fault>().unwrap()).unwrap();
}

fn init_report(nonce: u8) -> Report {
    reports(ChannelId::BROADCAST, Command::Init, &[nonce; 8])[0]
}

/// The nonces of the answers to INIT.
fn nonces(answers: &[Report]) -> Vec<u8> {
    answers.iter().map(|report| report[7]).collect()
}

fn fired(emulator: &Emulator) -> Vec<u64> {
    emulator.faults().iter().map(|status| status.fired).collect()
}

#[test]
fn reports_suffer_in_both_directions() {
    let answers = |script: &str| {
        let mut emulator = emulator(script);
        let said: Vec<_> = (1..=4).flat_map(|nonce| emulator.exchange(&init_report(nonce))).collect();
        nonces(&said)
    };
    assert_eq!(answers(""), [1, 2, 3, 4]);
    for direction in ["in", "out"] {
        assert_eq!(answers(&format!("drop {direction} 2")), [1, 3, 4]);
        assert_eq!(answers(&format!("repeat {direction} 2")), [1, 2, 2, 3, 4]);
        assert_eq!(answers(&format!("reorder {direction} 2")), [1, 3, 2, 4]);
        assert_eq!(answers(&format!("corrupt 7 0x40 {direction} 2")), [1, 0x42, 3, 4]);
    }
}

#[test]
fn late_reports_come_when_their_time_has_come() {
    for script in ["delay 10ms out 1", "delay 10ms in 1"] {
        let mut emulator = emulator(script);
        assert!(emulator.exchange(&init_report(1)).is_empty());
        assert_eq!(emulator.poll_at(), Some(Instant(10)));
        assert!(emulator.exchange(&init_report(2)).is_empty(), "it waits behind");
        emulator.advance(9);
        assert_eq!(emulator.next_report(), None);
        emulator.advance(1);
        let said: Vec<_> = std::iter::from_fn(|| emulator.next_report()).collect();
        assert_eq!(nonces(&said), [1, 2]);
        assert_eq!(emulator.poll_at(), None);
    }
}

#[test]
fn unplugging_keeps_the_power_and_killing_does_not() {
    for (word, keeps_power) in [("unplug", true), ("kill", false)] {
        for (direction, reached) in [("out", false), ("in", true)] {
            let mut emulator = emulator("");
            let before = init(&mut emulator, [1; 8]);
            arm(&mut emulator, &format!("{word} {direction} 1"));
            assert!(emulator.exchange(&reports(before.channel, Command::Birth, &[7; 16])[0]).is_empty());
            assert_eq!((emulator.is_plugged(), emulator.times_unplugged()), (false, 1));
            assert_eq!(emulator.is_powered(), keeps_power);
            assert!(emulator.exchange(&init_report(2)).is_empty(), "nobody hears it");
            emulator.plug().unwrap();
            let after = init(&mut emulator, [3; 8]);
            assert_eq!(after.boot == before.boot, keeps_power, "{word}");
            // What the token was asked before its answer was lost, it has done.
            assert_eq!(after.state, if reached { TokenState::Born } else { TokenState::Blank });
            assert_eq!(fired(&emulator), [1]);
        }
    }
}

#[test]
fn it_is_plugged_in_again_at_its_time() {
    let mut emulator = emulator("kill for 2s out 2");
    let boot = init(&mut emulator, [1; 8]).boot;
    assert!(emulator.exchange(&init_report(2)).is_empty());
    assert_eq!(emulator.poll_at(), Some(Instant(2_000)));
    emulator.advance(1_999);
    assert!(emulator.exchange(&init_report(3)).is_empty());
    emulator.advance(1);
    assert_ne!(init(&mut emulator, [4; 8]).boot, boot);
    assert_eq!(emulator.times_unplugged(), 1);
}

#[test]
fn the_clock_is_put_forwards() {
    let mut emulator = emulator("advance 31d out 2; unplug after 40d; advance 9d after 5s");
    init(&mut emulator, [1; 8]);
    assert_eq!(emulator.now(), Instant(0));
    // The report brings 31 days with it, so that five seconds are over, then 40 days.
    assert!(emulator.exchange(&init_report(2)).is_empty());
    assert_eq!(emulator.now(), Instant(40 * 86_400_000));
    assert!(!emulator.is_plugged());
    assert_eq!(fired(&emulator), [1, 1, 1]);
}

/// The power goes in each operation of the flash that a birth takes: afterwards the token is blank or born, and goes on.
#[test]
fn the_power_goes_in_the_middle_of_each_operation_of_the_flash() {
    let mut cuts = 0;
    for operation in ["program", "barrier", "erase"] {
        for number in 1.. {
            let mut emulator = emulator(&format!("kill {operation} {number}"));
            let mut answered = false;
            if emulator.is_powered() {
                let channel = init(&mut emulator, [1; 8]).channel;
                answered = !emulator.exchange(&reports(channel, Command::Birth, &[7; 16])[0]).is_empty();
            }
            assert_eq!(fired(&emulator), [u64::from(!emulator.is_powered())]);
            if emulator.is_powered() {
                assert!(answered);
                break;
            }
            assert!(!answered, "a token without power says nothing");
            emulator.plug().unwrap();
            let state = init(&mut emulator, [2; 8]).state;
            assert!(matches!(state, TokenState::Blank | TokenState::Born), "{state:?}");
            birth(&mut emulator);
            cuts += 1;
        }
    }
    assert!(cuts >= 4, "{cuts} cuts");
}

/// A torn program leaves other bytes than a whole one or none.
#[test]
fn a_torn_program_is_torn() {
    let whole = {
        let mut emulator = emulator("");
        birth(&mut emulator);
        emulator.into_flash().content().to_vec()
    };
    let torn = |seed| {
        let script = "kill program 3".parse::<Script>().unwrap();
        let builder = Emulator::builder().clock(Clock::scripted()).seed(Seed(1)).fault_seed(seed);
        let mut emulator = builder.faults(script).start().unwrap();
        let channel = init(&mut emulator, *b"birthday").channel;
        emulator.exchange(&reports(channel, Command::Birth, &[7; 16])[0]);
        assert!(!emulator.is_powered());
        emulator.into_flash().content().to_vec()
    };
    let contents: Vec<_> = (0..8).map(torn).collect();
    let written = |content: &[u8]| content.iter().filter(|byte| **byte != 0xff).count();
    for content in &contents {
        assert!(written(content) < written(&whole));
        assert!(content.iter().zip(&whole).all(|(torn, whole)| torn & whole == *whole), "no bit falls that shouldn't");
    }
    assert!(contents.windows(2).any(|pair| pair[0] != pair[1]), "the seed says where");
    assert_eq!(torn(5), contents[5]);
}

/// A play with all kinds of faults is the same each time.
#[test]
fn the_same_seeds_give_the_same_run() {
    let script = "drop in one-of 5; corrupt out one-of 4; reorder in one-of 6; repeat 2 out every 7; delay 30ms in \
                  every 9; kill for 100ms out 150; unplug for 10ms in one-of 40; kill for 1ms program 2";
    let play = |seed: u64| {
        let builder = Emulator::builder().clock(Clock::scripted()).seed(Seed(1)).fault_seed(seed);
        let mut emulator = builder.faults(script.parse::<Script>().unwrap()).start().unwrap();
        let (mut said, mut random) = (Vec::new(), Random(5));
        for number in 0..400_u16 {
            let nonce = [number.to_be_bytes(); 4].concat();
            said.extend(emulator.exchange(&reports(ChannelId::BROADCAST, Command::Init, &nonce)[0]));
            said.extend(emulator.exchange(&reports(ChannelId(1), Command::Birth, &[7; 16])[0]));
            said.extend(emulator.exchange(&random.report()));
            emulator.advance(random.number() % 15);
        }
        (said, emulator.faults(), emulator.times_unplugged())
    };
    let (said, faults, unplugged) = play(1);
    assert!(said.len() > 300 && unplugged >= 3, "{} and {unplugged}", said.len());
    assert!(faults.iter().all(|status| status.fired > 0), "{faults:?}");
    assert_eq!((said, faults, unplugged), play(1));
    assert_ne!(play(1).0, play(2).0);
}

#[test]
fn faults_can_be_forgotten() {
    let mut emulator = emulator("drop in every");
    assert!(emulator.exchange(&init_report(1)).is_empty());
    assert_eq!(emulator.faults()[0].fault.to_string(), "drop in every");
    emulator.clear_faults();
    assert!(emulator.faults().is_empty());
    let found = init(&mut emulator, [2; 8]);
    assert_eq!((found.serial, found.boot == BootId::default()), (Serial::default(), false));
}

/// A power cut while the token starts is no error: it has no power then, and starts when it is plugged in.
#[test]
fn the_power_may_go_at_power_up() {
    let mut cuts = 0;
    for number in 1.. {
        let mut emulator = emulator(&format!("kill program {number}"));
        if emulator.is_powered() {
            break;
        }
        assert!(!emulator.is_plugged());
        emulator.plug().unwrap();
        init(&mut emulator, [1; 8]);
        cuts += 1;
    }
    assert!(cuts > 0, "blank flash is formatted at power-up");
}
