//! The judge against an oracle written another way, over every combination of small domains, and properties at large.

use keyfob_licence::{
    Clock, Decision, Now, Outcome, Quality, Refusal, Request, Rule, State, Term, Terms, explain, judge,
};
use keyfob_wire::{Modules, Status, Units, UnixTime};
use proptest::prelude::*;

const NOW: u64 = 10;
const TIMES: [Option<u64>; 6] = [None, Some(1), Some(NOW - 1), Some(NOW), Some(NOW + 1), Some(u64::MAX)];
const CLOCKS: [(u64, Clock); 4] = [(0, Clock::Right), (NOW, Clock::Right), (NOW, Clock::Behind), (NOW, Clock::SetBack)];
const GRANTED: [Option<u64>; 5] = [None, Some(0), Some(0b01), Some(0b11), Some(u64::MAX)];

#[derive(Clone, Copy, Debug)]
struct Case {
    terms: Terms,
    state: State,
    now: UnixTime,
    clock: Clock,
    request: Request,
}

impl Case {
    fn now(&self) -> Now {
        Now { time: self.now, quality: Quality::Claimed, clock: self.clock }
    }

    fn judge(&self) -> Decision {
        judge(&self.terms, &self.state, self.now(), &self.request)
    }

    fn explain(&self) -> Vec<Rule> {
        explain(&self.terms, &self.state, self.now(), &self.request).collect()
    }

    /// The specification's table as a list: the first row that is true is the answer.
    fn oracle(&self) -> Status {
        let Self { terms, state, now, clock, request } = self;
        let (now, left, wanted) = (now.0, state.remaining.0, request.units.0);
        let starts = terms.starts.map_or(0, |time| time.0);
        let expires = terms.expires.map(|time| time.0);
        let in_time = terms.starts.is_some() || terms.expires.is_some();
        let missing = terms.modules.is_some_and(|granted| granted.0 | request.modules.0 != granted.0);
        let table = [
            (terms.unknown, Status::UnknownTerm),
            (!terms.enabled, Status::FeatureDisabled),
            (in_time && now == 0, Status::TimeUnknown),
            (in_time && *clock == Clock::SetBack, Status::ClockSetBack),
            (now < starts, Status::NotYetValid),
            (expires.is_some_and(|end| end <= now), Status::Expired),
            (terms.counted && left == 0, Status::CounterExhausted),
            (terms.counted && left < wanted, Status::CounterTooLow),
            (missing, Status::ModuleMissing),
            (true, Status::Ok),
        ];
        table.into_iter().find(|row| row.0).unwrap().1
    }
}

/// Every combination of the small domains.
fn cases() -> impl Iterator<Item = Case> {
    let switches = (0..8).map(|bits| (bits & 1 == 1, bits & 2 == 2, bits & 4 == 4));
    switches
        .flat_map(|switches| TIMES.map(|starts| (switches, starts)))
        .flat_map(|(switches, starts)| TIMES.map(|expires| (switches, starts, expires)))
        .flat_map(|(switches, starts, expires)| GRANTED.map(|granted| (switches, starts, expires, granted)))
        .flat_map(|((enabled, counted, unknown), starts, expires, granted)| {
            let terms = Terms {
                enabled,
                starts: starts.map(UnixTime),
                expires: expires.map(UnixTime),
                counted,
                modules: granted.map(Modules),
                unknown,
            };
            let amounts = [0, 1, 2, 5].into_iter().flat_map(|left| [0, 1, 3, 6].map(|wanted| (left, wanted)));
            let needs = amounts.flat_map(|(left, wanted)| [0, 1, 2, 3].map(|needed| (left, wanted, needed)));
            needs.flat_map(|(left, wanted, needed)| CLOCKS.map(|clock| (left, wanted, needed, clock))).map(
                move |(left, wanted, needed, (now, clock))| Case {
                    terms,
                    state: State { remaining: Units(left) },
                    now: UnixTime(now),
                    clock,
                    request: Request { units: Units(wanted), modules: Modules(needed) },
                },
            )
        })
}

#[test]
fn every_combination_is_judged_as_the_table_says() {
    let mut seen = [0_u32; 10];
    for case in cases() {
        let decision = case.judge();
        assert_eq!(decision.status(), case.oracle(), "{case:?}");
        assert_eq!(decision.is_allowed(), case.oracle() == Status::Ok, "{case:?}");
        assert_eq!(decision.remaining, case.terms.counted.then_some(case.state.remaining), "{case:?}");
        assert_eq!(decision.expiry, case.terms.expires, "{case:?}");
        assert_eq!(decision.modules, case.terms.modules, "{case:?}");
        assert_eq!(decision.clock_behind, case.clock != Clock::Right, "{case:?}");
        let refusals = [
            Status::Ok,
            Status::UnknownTerm,
            Status::FeatureDisabled,
            Status::TimeUnknown,
            Status::ClockSetBack,
            Status::NotYetValid,
            Status::Expired,
            Status::CounterExhausted,
            Status::CounterTooLow,
            Status::ModuleMissing,
        ];
        seen[refusals.iter().position(|status| *status == decision.status()).unwrap()] += 1;
    }
    assert_eq!(seen.iter().sum::<u32>(), 8 * 6 * 6 * 5 * 4 * 4 * 4 * 4);
    assert!(seen.iter().all(|&count| count > 0), "{seen:?}");
}

/// A rule comes out as the judge would judge by its term alone.
#[test]
fn every_rule_is_explained_on_its_own() {
    for case in cases() {
        let rules = case.explain();
        let Case { terms, .. } = case;
        let plain = Terms::default();
        let alone = [
            (None, Terms { unknown: terms.unknown, ..plain }, true),
            (Some(Term::Enabled), Terms { enabled: terms.enabled, ..plain }, true),
            (Some(Term::Starts), Terms { starts: terms.starts, ..plain }, terms.starts.is_some()),
            (Some(Term::Expires), Terms { expires: terms.expires, ..plain }, terms.expires.is_some()),
            (Some(Term::Counter), Terms { counted: terms.counted, ..plain }, terms.counted),
            (Some(Term::Modules), Terms { modules: terms.modules, ..plain }, terms.modules.is_some()),
        ];
        assert_eq!(rules.len(), alone.len());
        for (rule, (term, terms, stated)) in rules.iter().zip(alone) {
            assert_eq!(rule.term, term);
            assert_eq!(rule.outcome != Outcome::NotStated, stated, "{rule:?} {case:?}");
            let status = rule.outcome.refusal().map_or(Status::Ok, Refusal::status);
            assert_eq!(status, Case { terms, ..case }.oracle(), "{rule:?} {case:?}");
        }
        let first = rules.iter().find_map(|rule| rule.outcome.refusal());
        assert_eq!(first.map_or(Status::Ok, Refusal::status), case.oracle(), "{case:?}");
    }
}

#[test]
fn the_limiting_term_is_the_one_that_refused_or_will_refuse_first() {
    for case in cases() {
        let Case { terms, state, request, .. } = case;
        let decision = case.judge();
        let expected = match case.oracle() {
            Status::UnknownTerm => None,
            Status::FeatureDisabled => Some(Term::Enabled),
            Status::TimeUnknown | Status::ClockSetBack if terms.starts.is_some() => Some(Term::Starts),
            Status::TimeUnknown | Status::ClockSetBack | Status::Expired => Some(Term::Expires),
            Status::NotYetValid => Some(Term::Starts),
            Status::CounterExhausted | Status::CounterTooLow => Some(Term::Counter),
            Status::ModuleMissing => Some(Term::Modules),
            _ => {
                let afterwards = Units(if terms.counted { state.remaining.0 - request.units.0 } else { 0 });
                let again = Case { state: State { remaining: afterwards }, ..case }.oracle();
                match (again, terms.expires) {
                    (Status::Ok, Some(_)) => Some(Term::Expires),
                    (Status::Ok, None) => terms.counted.then_some(Term::Counter),
                    _ => Some(Term::Counter),
                }
            }
        };
        assert_eq!(decision.limiting, expected, "{case:?}");
    }
}

/// Waiting second by second, with the oracle's eyes, sees the change exactly when it was announced.
#[test]
fn the_next_change_is_the_first_moment_with_another_outcome() {
    const END: u64 = 8;
    let times = || std::iter::once(None).chain((1..=END).map(Some));
    let mut changes = 0;
    for (starts, expires) in times().flat_map(|starts| times().map(move |expires| (starts, expires))) {
        for now in 1..=END + 1 {
            for bits in 0..8_u32 {
                let terms = Terms {
                    enabled: bits & 1 == 1,
                    starts: starts.map(UnixTime),
                    expires: expires.map(UnixTime),
                    counted: bits & 2 == 2,
                    modules: None,
                    unknown: bits & 4 == 4,
                };
                let (state, request) = (State::default(), Request::default());
                let at = |now| Case { terms, state, now: UnixTime(now), clock: Clock::Right, request };
                let set_back = Case { clock: Clock::SetBack, ..at(now) };
                assert_eq!(set_back.judge().next_change, None, "a clock that was set back announces nothing");
                let change = (now + 1..=END + 2).find(|&later| at(later).oracle() != at(now).oracle());
                assert_eq!(at(now).judge().next_change, change.map(UnixTime), "{terms:?} at {now}");
                assert_eq!(at(0).judge().next_change, None);
                changes += u32::from(change.is_some());
            }
        }
    }
    assert!(changes > 0);
}

#[test]
fn a_feature_without_limits_is_allowed_without_a_clock() {
    let decision = judge(&Terms::default(), &State::default(), UnixTime::UNKNOWN, &Request::default());
    let free = Decision {
        refusal: None,
        limiting: None,
        remaining: None,
        next_change: None,
        expiry: None,
        modules: None,
        clock_behind: false,
    };
    assert_eq!(decision, free);
}

#[test]
fn terms_are_numbered_as_specified() {
    assert_eq!(Term::ALL.map(Term::number), [1, 2, 3, 4, 5]);
    for number in 0..=u16::MAX {
        let known = (1..=5).contains(&number);
        assert_eq!(Term::from_number(number).map(|term| u16::from(term.number())), known.then_some(number));
    }
}

#[test]
fn a_token_can_keep_many_terms() {
    assert!(size_of::<Terms>() <= 56);
}

/// The judge runs where there is neither CBOR nor cryptography.
#[test]
fn the_judge_imports_identifiers_and_itself_only() {
    let allowed = [
        "use keyfob_wire::{Modules, Status, Units, UnixTime};",
        "use keyfob_wire::{Modules, Units, UnixTime};",
        "use keyfob_wire::UnixTime;",
        "use crate::{Clock, Now, Refusal, Request, State, Term, Terms, explain};",
        "use crate::{Clock, Now, Refusal, Request, State, Term, Terms};",
    ];
    let sources = [
        include_str!("../src/terms.rs"),
        include_str!("../src/clock.rs"),
        include_str!("../src/judge.rs"),
        include_str!("../src/explain.rs"),
    ];
    for source in sources {
        let imports: Vec<_> = source.lines().filter(|line| line.trim_start().starts_with("use ")).collect();
        assert!(!imports.is_empty() && imports.iter().all(|line| allowed.contains(line)), "{imports:?}");
        for other in ["minicbor", "keyfob_signed", "keyfob_crypto"] {
            assert!(!source.contains(other), "{other}");
        }
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    let time = || prop_oneof![Just(None), (1_u64..20).prop_map(Some), any::<u64>().prop_map(Some)];
    let amount = || prop_oneof![0_u32..8, any::<u32>()];
    let map = || prop_oneof![0_u64..8, any::<u64>()];
    let terms = (prop::bool::weighted(0.9), time(), time(), any::<bool>(), prop::option::of(map())).prop_map(
        |(enabled, starts, expires, counted, modules)| Terms {
            enabled,
            starts: starts.map(UnixTime),
            expires: expires.map(UnixTime),
            counted,
            modules: modules.map(Modules),
            unknown: false,
        },
    );
    let now = prop_oneof![0_u64..20, any::<u64>()];
    (terms, amount(), now, amount(), map()).prop_map(|(terms, left, now, units, modules)| Case {
        terms,
        state: State { remaining: Units(left) },
        now: UnixTime(now),
        clock: Clock::Right,
        request: Request { units: Units(units), modules: Modules(modules) },
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn large_numbers_are_judged_as_the_table_says(case in any_case()) {
        prop_assert_eq!(case.judge().status(), case.oracle());
    }

    #[test]
    fn what_has_expired_is_never_allowed_again(case in any_case(), later in any::<u64>()) {
        if case.judge().refusal == Some(Refusal::Expired) {
            let later = Case { now: UnixTime(case.now.0.saturating_add(later)), ..case };
            prop_assert_eq!(later.judge().refusal, Some(Refusal::Expired));
        }
    }

    #[test]
    fn nothing_changes_before_the_next_change(case in any_case(), share in 0.0..1.0_f64) {
        if let Some(change) = case.judge().next_change {
            let wait = change.0 - case.now.0;
            let before = case.now.0 + ((wait as f64 * share) as u64).min(wait - 1);
            prop_assert_eq!(Case { now: UnixTime(before), ..case }.judge().refusal, case.judge().refusal);
            prop_assert_ne!(Case { now: change, ..case }.judge().refusal, case.judge().refusal);
        }
    }

    #[test]
    fn asking_for_less_is_never_refused_where_more_is_allowed(case in any_case(), less in any::<u32>(), fewer in any::<u64>()) {
        if case.judge().is_allowed() {
            let request = Request {
                units: Units(less.min(case.request.units.0)),
                modules: Modules(case.request.modules.0 & fewer),
            };
            prop_assert_eq!(Case { request, ..case }.judge().refusal, None);
        }
    }

    #[test]
    fn having_more_left_never_refuses(case in any_case(), more in any::<u32>()) {
        if case.judge().is_allowed() {
            let state = State { remaining: Units(case.state.remaining.0.saturating_add(more)) };
            prop_assert_eq!(Case { state, ..case }.judge().refusal, None);
        }
    }

    #[test]
    fn a_term_that_is_not_known_always_refuses(mut case in any_case()) {
        case.terms.unknown = true;
        prop_assert_eq!(case.judge().refusal, Some(Refusal::UnknownTerm));
    }
}
