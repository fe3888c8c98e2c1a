//! The PC's clock, power-up by power-up: what moves the token's estimate, what doesn't, and what follows.

use keyfob::{Client, FeatureId, Status, UnixTime, Verdict, Warning};
use keyfob_conformance::{Bench, Desk, enrol};
use keyfob_emulator::Emulator;
use keyfob_issuing::{OsEntropy, Step, TokenRecord, UpdatePlan, Vendor, VendorKind};
use keyfob_scenarios::{COUNTED, CREDENTIAL_SUBJECT, EXPIRY, TIMED, TODAY, licence, stand};
use keyfob_signed::Rights;
use keyfob_wire::ProductId;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// 2099, 1 January.
const FAR: u64 = 4_070_908_800;
const NOW: u64 = TODAY.0;

/// What a check of the feature with a time limit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Yes,
    /// Allowed by a grace start: the estimate is the time.
    Grace,
    /// Refused by the licence, without any warning.
    Expired,
    /// The clock was set back, and no grace start is left.
    SetBack,
}
use Says::{Expired, Grace, SetBack, Yes};

fn says(verdict: Verdict) -> Says {
    match verdict {
        Verdict::Full(details) if details.warning == Some(Warning::ClockBehind) => Grace,
        Verdict::Full(_) => Yes,
        Verdict::Denied(refusal) if refusal.status == Status::ClockSetBack => {
            assert_eq!(refusal.details.warning, Some(Warning::ClockBehind));
            assert_eq!(refusal.details.next_change, None);
            SetBack
        }
        Verdict::Denied(refusal) => {
            assert_eq!((refusal.status, refusal.details.warning), (Status::Expired, None));
            Expired
        }
    }
}

fn power_cycle(desk: &Desk<Emulator>) {
    desk.with(|emulator| emulator.power_cycle().unwrap());
}

fn check(client: &Client, feature: FeatureId) -> Verdict {
    client.login(feature).unwrap().check().unwrap()
}

/// A power-up for each row: what the PC's clock says then, and what comes of it. A feature without a time limit may
/// always be used.
fn story(name: &str, rows: &[(u64, Says)]) -> (Bench, Desk<Emulator>) {
    let (bench, desk) = stand(10);
    tell(name, &bench, &desk, rows);
    (bench, desk)
}

fn tell(name: &str, bench: &Bench, desk: &Desk<Emulator>, rows: &[(u64, Says)]) {
    for (number, (clock, expected)) in rows.iter().enumerate() {
        power_cycle(desk);
        let client = bench.open(&bench.app, UnixTime(*clock)).unwrap();
        for again in 0..2 {
            assert_eq!(says(check(&client, TIMED)), *expected, "{name}: power-up {number}, check {again}");
            assert!(matches!(check(&client, COUNTED), Verdict::Full(_)), "{name}: power-up {number}");
        }
    }
}

const fn days(rows: u64) -> u64 {
    NOW + rows * DAY
}

#[test]
fn a_clock_that_is_right() {
    story("right", &[(NOW, Yes), (days(1), Yes), (days(2), Yes), (days(9), Yes), (EXPIRY.0, Expired)]);
}

#[test]
fn one_wrong_power_up_in_2099_moves_nothing() {
    story("2099", &[(NOW, Yes), (days(1), Yes), (FAR, Expired), (days(2), Yes), (days(3), Yes), (days(4), Yes)]);
    // The very first one.
    story("2099 at first", &[(FAR, Expired), (NOW, Yes), (days(1), Yes), (days(2), Yes), (days(3), Yes)]);
}

#[test]
fn a_dead_battery_at_1970_holds_nothing_back() {
    let dead = 86_400;
    let (bench, desk) = story("1970", &[(NOW, Yes), (days(5), Yes), (days(6), Yes), (dead, Grace), (days(7), Yes)]);
    // Although there are two of them among the five, the estimate is what it was, and goes on.
    tell("1970", &bench, &desk, &[(dead, Grace), (days(20), Yes), (days(21), Yes), (days(18), Grace)]);
}

#[test]
fn set_back_by_25_hours_and_by_27() {
    let before = [(NOW, Yes), (NOW + 100 * HOUR, Yes), (NOW + 100 * HOUR, Yes)];
    for (back, expected) in [(25 * HOUR, Yes), (26 * HOUR, Yes), (26 * HOUR + 60, Grace), (27 * HOUR, Grace)] {
        let (bench, desk) = story("set back", &before);
        tell("set back", &bench, &desk, &[(NOW + 100 * HOUR - back, expected)]);
    }
}

#[test]
fn five_grace_starts_are_used_up_and_signed_time_gives_more() {
    let back = NOW - 30 * DAY;
    let used_up = [(back, Grace); 5];
    let (bench, desk) = story("used up", &[(NOW, Yes), (days(1), Yes)]);
    tell("used up", &bench, &desk, &used_up);
    tell("used up", &bench, &desk, &[(back, SetBack), (back, SetBack), (days(2), Yes), (back, SetBack)]);
    // A power-up without a check takes none, nor does one that asks for features without a limit only.
    let set_time = |time: u64| {
        let mut guest = bench.guest().unwrap();
        let asked = guest.time(bench.vendor.root()).unwrap();
        let time = UnixTime(time);
        let time = bench.vendor.sign_time(bench.serial(), asked.partition, asked.nonce, time, &mut OsEntropy).unwrap();
        guest.set_time(bench.vendor.root(), &keyfob::Signed { bytes: &time, certificate: None }).unwrap()
    };
    set_time(NOW - 29 * DAY);
    for _ in 0..7 {
        power_cycle(&desk);
        let client = bench.open(&bench.app, UnixTime(back)).unwrap();
        assert!(matches!(check(&client, COUNTED), Verdict::Full(_)));
    }
    tell("refilled", &bench, &desk, &used_up);
    tell("refilled", &bench, &desk, &[(back, SetBack)]);
}

#[test]
fn the_time_of_a_grace_start_is_the_estimate() {
    let (bench, desk) =
        story("expired", &[(EXPIRY.0 - DAY, Yes), (EXPIRY.0 + DAY, Expired), (EXPIRY.0 + DAY, Expired)]);
    // Setting the clock back doesn't bring an expired feature back, with a grace start or without.
    for _ in 0..8 {
        power_cycle(&desk);
        let client = bench.open(&bench.app, UnixTime(NOW)).unwrap();
        assert!(matches!(check(&client, TIMED), Verdict::Denied(_)));
    }
}

#[test]
fn the_roots_mark_sets_a_wrong_estimate_back() {
    let rows = [(FAR, Expired), (FAR, Expired), (NOW, Expired), (NOW, Expired), (NOW, Expired), (NOW, Expired)];
    let (mut bench, desk) = stand(10);
    for (clock, _) in rows {
        power_cycle(&desk);
        let client = bench.open(&bench.app, UnixTime(clock)).unwrap();
        assert!(matches!(check(&client, TIMED), Verdict::Denied(_)), "the estimate is in 2099");
    }
    let steps = vec![Step::SetMark { mark: UnixTime(NOW) }];
    bench.apply(UpdatePlan { issued: TODAY, grants: vec![], steps }).unwrap();
    let client = bench.open(&bench.app, UnixTime(NOW)).unwrap();
    assert_eq!(says(check(&client, TIMED)), Yes);
    drop(client);
    tell("after the mark", &bench, &desk, &[(days(1), Yes), (days(2), Yes), (NOW - 30 * DAY, Yes)]);
}

#[test]
fn one_vendors_time_never_moves_anothers() {
    let (bench, desk) = stand(10);
    let other = Vendor::create(VendorKind::Test, &mut OsEntropy);
    let record: TokenRecord = enrol(&other, &*bench.fob, bench.patience).unwrap();
    // Another vendor sells other numbers; a partition has its own.
    let plan = licence(10, &bench.feature_key.clone());
    bench.guest().unwrap().apply(&other.issue(&record, &plan, &mut OsEntropy).unwrap().file).unwrap();
    let app = other.app(CREDENTIAL_SUBJECT, ProductId(0), Rights::ALL, &mut OsEntropy).unwrap();
    for _ in 0..6 {
        power_cycle(&desk);
        let client = bench.open(&bench.app, UnixTime(FAR)).unwrap();
        assert_eq!(says(check(&client, TIMED)), Expired);
        drop(client);
        let client = bench.open(&app, UnixTime(NOW)).unwrap();
        assert_eq!(says(check(&client, TIMED)), Yes);
    }
}

#[test]
fn the_estimate_goes_on_with_the_power() {
    let (bench, desk) = story("uptime", &[(NOW, Yes), (NOW, Yes)]);
    let client = bench.open(&bench.app, UnixTime(NOW)).unwrap();
    let session = client.login(TIMED).unwrap();
    assert_eq!(says(session.check().unwrap()), Yes);
    drop((session, client));
    // The fob stays plugged in for 27 hours, and the PC's clock stands still.
    desk.with(|emulator| emulator.advance(27 * HOUR * 1_000));
    let client = bench.open(&bench.app, UnixTime(NOW)).unwrap();
    assert_eq!(says(check(&client, TIMED)), Grace);
}

#[test]
fn a_claim_of_nothing_is_no_clock_that_is_behind() {
    let (bench, desk) = story("nothing", &[(NOW, Yes), (NOW, Yes)]);
    power_cycle(&desk);
    let client = bench.open(&bench.app, UnixTime::UNKNOWN).unwrap();
    let Verdict::Denied(refusal) = check(&client, TIMED) else { panic!("allowed without any time") };
    assert_eq!((refusal.status, refusal.details.warning), (Status::TimeUnknown, None));
}
