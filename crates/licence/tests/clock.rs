//! By which time is judged: the specification's sentences against the function, over every edge.

use keyfob_licence::{CLOCK_TOLERANCE, Clock, Now, Quality, Times};
use keyfob_wire::UnixTime;

const DAY: u64 = 86_400;
const CLAIMED: u64 = 20_000 * DAY;

fn now(claimed: u64, signed: u64, estimate: u64, grace: bool) -> Now {
    Times { claimed: UnixTime(claimed), signed: UnixTime(signed), estimate: UnixTime(estimate), grace }.now()
}

#[test]
fn twenty_six_hours_are_tolerated_to_the_second() {
    assert_eq!(CLOCK_TOLERANCE, 93_600);
    for (behind, clock) in [
        (0, Clock::Right),
        (25 * 3_600, Clock::Right),
        (93_600, Clock::Right),
        (93_601, Clock::SetBack),
        (27 * 3_600, Clock::SetBack),
    ] {
        assert_eq!(now(CLAIMED, 0, CLAIMED + behind, false).clock, clock, "{behind}");
    }
}

#[test]
fn every_combination_is_as_the_specification_says() {
    let times = [0, 1, CLAIMED, CLAIMED + 93_600, CLAIMED + 93_601, CLAIMED + 200_000, u64::MAX];
    let mut seen = Vec::new();
    for claimed in times {
        for signed in times {
            for estimate in times {
                for grace in [false, true] {
                    let found = now(claimed, signed, estimate, grace);
                    let known = std::cmp::max(claimed, signed);
                    let late = known != 0 && u128::from(estimate) > u128::from(known) + 93_600;
                    let clock = match (late, grace) {
                        (false, _) => Clock::Right,
                        (true, true) => Clock::Behind,
                        (true, false) => Clock::SetBack,
                    };
                    let (time, quality) = match clock {
                        Clock::Behind => (estimate, Quality::Estimated),
                        _ if known == 0 => (0, Quality::Unknown),
                        _ if claimed > signed => (claimed, Quality::Claimed),
                        _ => (signed, Quality::Signed),
                    };
                    assert_eq!(found, Now { time: UnixTime(time), quality, clock });
                    assert!(found.time.0 >= known, "the estimate never takes time back");
                    seen.push((clock, quality));
                }
            }
        }
    }
    for clock in [Clock::Right, Clock::Behind, Clock::SetBack] {
        assert!(seen.iter().any(|found| found.0 == clock), "{clock:?}");
    }
    for (number, quality) in (0..).zip([Quality::Unknown, Quality::Claimed, Quality::Estimated, Quality::Signed]) {
        assert!(seen.iter().any(|found| found.1 == quality), "{quality:?}");
        assert_eq!(quality as u8, number);
    }
}

#[test]
fn a_plain_time_is_taken_for_right() {
    for time in [0, 1, CLAIMED, u64::MAX] {
        assert_eq!(Now::from(UnixTime(time)), now(time, 0, 0, false));
    }
}
