use std::num::{NonZeroU8, NonZeroU32};

use keyfob_wire::{Instant, Report};
use proptest::prelude::*;

use super::plan::{
    Corruption, Direction, Fault, FlashOperation, Interruption, Offset, ReportAction, ReportPoint, Script, When,
};
use super::{Faults, Line, TooManyFaults};

fn number() -> impl Strategy<Value = NonZeroU32> {
    prop_oneof![1..=3_u32, 1..=u32::MAX].prop_map(|number| NonZeroU32::new(number).unwrap())
}

fn milliseconds() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..100_000_u64, (0..50_u64).prop_map(|days| days * 86_400_000), any::<u64>()]
}

fn interruption() -> impl Strategy<Value = Interruption> {
    prop_oneof![
        proptest::option::of(milliseconds()).prop_map(|back| Interruption::Unplug { back }),
        proptest::option::of(milliseconds()).prop_map(|back| Interruption::Kill { back }),
        milliseconds().prop_map(Interruption::Advance),
    ]
}

fn report_fault() -> impl Strategy<Value = Fault> {
    let mask = (0..64_u8, 1..=255_u8).prop_map(|(offset, mask)| {
        ReportAction::Corrupt(Corruption::Mask {
            offset: Offset::new(offset).unwrap(),
            mask: NonZeroU8::new(mask).unwrap(),
        })
    });
    let action = prop_oneof![
        Just(ReportAction::Drop),
        (1..=255_u8).prop_map(|times| ReportAction::Repeat(NonZeroU8::new(times).unwrap())),
        Just(ReportAction::Reorder),
        Just(ReportAction::Corrupt(Corruption::Seeded)),
        mask,
        milliseconds().prop_map(ReportAction::Delay),
        interruption().prop_map(ReportAction::Interrupt),
    ];
    let when =
        prop_oneof![number().prop_map(When::Nth), number().prop_map(When::Every), number().prop_map(When::OneOf)];
    let direction = prop_oneof![Just(Direction::In), Just(Direction::Out)];
    (direction, any::<Option<u8>>(), when, action).prop_map(|(direction, command, when, action)| Fault::Report {
        point: ReportPoint { direction, command, when },
        action,
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    let operation =
        prop_oneof![Just(FlashOperation::Program), Just(FlashOperation::Erase), Just(FlashOperation::Barrier)];
    let flash = (operation, number(), proptest::option::of(milliseconds()))
        .prop_map(|(operation, number, back)| Fault::Flash { operation, number, back });
    let time = (milliseconds(), interruption()).prop_map(|(after, action)| Fault::Time { after, action });
    prop_oneof![report_fault(), flash, time]
}

proptest! {
    #[test]
    fn every_fault_is_read_as_it_is_written(faults in proptest::collection::vec(fault(), 0..6)) {
        for fault in &faults {
            prop_assert_eq!(fault.to_string().parse(), Ok(*fault), "{}", fault);
        }
        let script = Script(faults);
        prop_assert_eq!(script.to_string().parse(), Ok(script));
    }

    /// Whatever the text, it is a fault that is written so that it is read again, or an error of one short line.
    #[test]
    fn any_text_is_a_fault_or_an_error(words in proptest::collection::vec(word(), 0..8)) {
        match words.join(" ").parse::<Fault>() {
            Ok(fault) => prop_assert_eq!(fault.to_string().parse(), Ok(fault)),
            Err(error) => prop_assert!(error.to_string().chars().count() < 250),
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "drop",
        "repeat",
        "corrupt",
        "kill",
        "for",
        "in",
        "out",
        "command",
        "every",
        "one-of",
        "program",
        "after",
        "0",
        "3",
        "0x94",
        "0x100",
        "5s",
        "-1",
        "+1",
        "1.5s",
        "99999999999999999999",
        "s",
        "0x",
        "µs",
    ];
    prop_oneof![4 => proptest::sample::select(KNOWN).prop_map(str::to_owned), 1 => "\\PC{0,12}"]
}

#[test]
fn what_is_left_out_is_the_next_and_every_one() {
    for (short, long) in [
        ("drop in", "drop in 1"),
        ("repeat 1 out", "repeat out 1"),
        ("  drop   out\tevery 1 ", "drop out every"),
        ("kill program", "kill program 1"),
        ("delay 60s in command 0xBF", "delay 1m in command 0xbf 1"),
        ("corrupt 007 0x1 in 02", "corrupt 7 0x01 in 2"),
    ] {
        assert_eq!(short.parse::<Fault>().unwrap().to_string(), long);
    }
    let script = "# two\ndrop in 3; kill for 0ms barrier 2 # and\n\n ;repeat 2 out every;".parse::<Script>().unwrap();
    assert_eq!(script.to_string(), "drop in 3; kill for 0ms barrier 2; repeat 2 out every");
}

/// The examples of the page are faults, as they are written there.
#[test]
fn the_pages_examples_are_faults() {
    let page = include_str!("../../../../docs/emulator.md");
    let line = page.lines().find(|line| line.starts_with("For example `")).unwrap();
    let examples: Vec<_> = line.split('`').skip(1).step_by(2).collect();
    assert!(examples.len() >= 5, "{examples:?}");
    for example in examples {
        assert_eq!(example.parse::<Fault>().unwrap().to_string(), example);
    }
}

#[test]
fn what_is_no_fault_says_why() {
    for (text, problem) in [
        ("", "begins with"),
        ("explode in 3", "begins with"),
        ("drop", "its point"),
        ("drop it", "its point"),
        ("drop in 0", "a number"),
        ("drop in -1", "a number"),
        ("drop in 4294967296", "a number"),
        ("drop in every 0", "a number"),
        ("drop in one-of", "a number"),
        ("drop in 3 4", "more than"),
        ("drop in command 94 1", "a command"),
        ("drop in command 0x100 1", "a command"),
        ("drop in command 0x+1", "a command"),
        ("repeat 0 in", "repeated"),
        ("repeat 256 in", "repeated"),
        ("corrupt 64 0x01 in", "an offset"),
        ("corrupt 3 in", "an offset"),
        ("corrupt 3 0x00 in", "an offset"),
        ("delay in 3", "a time"),
        ("delay 5 in 3", "a time"),
        ("delay 1.5s in 3", "a time"),
        ("delay 213503982335d in", "a time"),
        ("kill for program", "a time"),
        ("drop program 3", "only kill"),
        ("unplug program 3", "only kill"),
        ("drop after 5s", "at a time"),
    ] {
        let error = text.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}

/// The numbers of the reports, sent one each millisecond, in the order and at the times in which they arrive.
fn journey(script: &str, reports: u8) -> Vec<(u64, u8)> {
    let mut faults = armed(script, 0);
    let (mut line, mut arrived) = (Line::default(), Vec::new());
    for time in 0..1_000 {
        let now = Instant(time);
        if let Some(number) = u8::try_from(time + 1).ok().filter(|number| *number <= reports) {
            line.send(now, &faults.at_report(Direction::In, &[number; 64]));
        }
        arrived.extend(std::iter::from_fn(|| line.take(now)).map(|report: Report| (time, report[0])));
    }
    arrived
}

fn armed(script: &str, seed: u64) -> Faults {
    let mut faults = Faults::new(seed);
    for fault in script.parse::<Script>().unwrap().0 {
        faults.arm(Instant(0), fault).unwrap();
    }
    faults
}

fn order(script: &str, reports: u8) -> Vec<u8> {
    journey(script, reports).into_iter().map(|(_, number)| number).collect()
}

#[test]
fn reports_are_lost_repeated_and_overtaken() {
    assert_eq!(order("", 4), [1, 2, 3, 4]);
    assert_eq!(order("drop out every", 3), [1, 2, 3], "the other direction");
    assert_eq!(order("drop in 3", 4), [1, 2, 4]);
    assert_eq!(order("drop in every 2", 5), [1, 3, 5]);
    assert_eq!(order("drop in command 0x02 1", 4), [1, 3, 4]);
    assert_eq!(order("drop in command 0x02 2", 4), [1, 2, 3, 4]);
    assert_eq!(order("repeat 2 in 2", 3), [1, 2, 2, 2, 3]);
    assert_eq!(order("reorder in 2", 4), [1, 3, 2, 4]);
    assert_eq!(order("reorder in every", 5), [2, 1, 4, 3], "each other one is overtaken; the last waits");
    assert_eq!(order("reorder in 2; drop in 3", 4), [1, 2, 4]);
    assert_eq!(order("repeat in 1; drop in 2; drop in 2", 4), [1, 1, 3, 4], "each counts what was sent");
    assert_eq!(order("corrupt 0 0x80 in 2", 3), [1, 0x82, 3]);
}

#[test]
fn who_is_late_makes_those_behind_wait() {
    assert_eq!(journey("delay 10ms in 2", 4), [(0, 1), (11, 2), (11, 3), (11, 4)]);
    assert_eq!(journey("delay 10ms in every", 3), [(10, 1), (11, 2), (12, 3)]);
    assert_eq!(journey("delay 10ms in 1; delay 5ms in 1", 1), [(15, 1)]);
}

#[test]
fn chance_follows_from_the_seed() {
    let fates = |script, seed| {
        let mut faults = armed(script, seed);
        (0..400).map(|_| faults.at_report(Direction::In, &[0; 64]).arriving).collect::<Vec<_>>()
    };
    for script in ["drop in one-of 4", "corrupt in every"] {
        assert_eq!(fates(script, 1), fates(script, 1));
        assert_ne!(fates(script, 1), fates(script, 2));
    }
    let lost = fates("drop in one-of 4", 1).iter().filter(|arriving| arriving.is_empty()).count();
    assert!((60..140).contains(&lost), "{lost} of 400");
    for arriving in fates("corrupt in every", 3) {
        assert_eq!(arriving[0].iter().filter(|byte| **byte != 0).count(), 1);
    }
}

#[test]
fn faults_are_counted_and_cleared() {
    let mut faults = armed("drop in 2; drop in command 0x07 every; kill barrier 1; advance 1s after 5s", 0);
    for _ in 0..3 {
        faults.at_report(Direction::In, &[0; 64]);
    }
    assert_eq!(faults.take_due(Instant(4_999)), None);
    assert_eq!(faults.due_at(), Some(Instant(5_000)));
    assert_eq!(faults.take_due(Instant(5_000)), Some(Interruption::Advance(1_000)));
    assert_eq!(faults.take_due(Instant(6_000)), None);
    let counts: Vec<_> = faults.list().iter().map(|status| (status.id.0, status.seen, status.fired)).collect();
    assert_eq!(counts, [(1, 3, 1), (2, 0, 0), (3, 0, 0), (4, 1, 1)]);
    faults.clear();
    assert_eq!(faults.list(), []);
    let fault = "drop in".parse().unwrap();
    assert_eq!(faults.arm(Instant(0), fault).unwrap().0, 5, "names aren't given again");
    while faults.arm(Instant(0), fault).is_ok() {}
    assert_eq!(faults.list().len(), 256);
    assert_eq!(faults.arm(Instant(0), fault), Err(TooManyFaults));
}
