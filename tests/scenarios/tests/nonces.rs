//! Nothing is ever encrypted twice: every encryption of a token and of its apps is watched through mixed commands with
//! faults, and no nonce comes twice with a key. `docs/spec.md`, §5.1 and §6.
//!
//! `KEYFOB_COMMANDS` says how many commands (20,000), `KEYFOB_SEED` which ones.

mod nonces_host;

use keyfob_conformance::{Bench, Desk};
use keyfob_issuing::{FeatureTerms, ProductGrant, Step, UpdatePlan};
use keyfob_licence::Terms;
use keyfob_scenarios::watched::{Encryptions, TheTokens, Watched, encryptions};
use keyfob_scenarios::{Machine, TODAY};
use keyfob_signed::Rights;
use keyfob_wire::{ProductId, Slot, Units};
use nonces_host::{COUNTED, Host, Plan, Slip, Sums, TIMED};

/// The vendor sells something, and `plan` happens to the fob.
fn run(plan: Plan) -> (Encryptions, Sums) {
    let desk = Desk::new(Machine::<Watched<TheTokens>>::new(plan.seed));
    let mut bench = Bench::new(desk.clone()).expect("the fob is licensed");
    let feature = |feature, terms| FeatureTerms { feature, name: "Watched".to_owned(), terms };
    let counted = feature(COUNTED, Terms { counted: true, ..Terms::default() });
    let timed = feature(TIMED, Terms { expires: Some(keyfob::UnixTime(TODAY.0 + 9)), ..Terms::default() });
    let (product, key) = (ProductId(900), bench.feature_key.clone());
    bench
        .apply(UpdatePlan {
            issued: TODAY,
            grants: vec![ProductGrant {
                product,
                name: "Watched".to_owned(),
                public: true,
                features: vec![counted, timed],
            }],
            steps: vec![
                Step::SetCounter { feature: COUNTED, units: Units(u32::MAX) },
                Step::InstallKey { feature: COUNTED, slot: Slot(0), key },
            ],
        })
        .expect("the licence is applied");
    let sealed = keyfob_issuing::seal_secret(
        &bench.feature_key,
        COUNTED,
        Slot(0),
        b"what an app needs",
        &mut keyfob_issuing::OsEntropy,
    )
    .expect("it is short");
    let another = bench.app_with(product, Rights::ALL).expect("a credential");
    let before = encryptions();
    let credentials = [bench.app.clone(), another];
    let sums = desk.with(|machine| Host::new(machine, &plan, credentials, sealed).run(&plan));
    let after = encryptions();
    let seen = Encryptions {
        all: after.all - before.all,
        rekeys: after.rekeys - before.rekeys,
        repeated: after.repeated - before.repeated,
    };
    (seen, sums)
}

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => otherwise,
    }
}

/// Long enough for both ends to replace both keys.
const LONG_SESSION: u64 = (1 << 16) + 100;

#[test]
fn no_nonce_is_used_twice_with_a_key() {
    let (commands, seed) = (number("KEYFOB_COMMANDS", 20_000), number("KEYFOB_SEED", 1));
    let (seen, sums) = run(Plan { commands, long_session: 0, seed, slip: None });
    println!("seed {seed}: {seen:?}, {sums:?}");
    assert_eq!(seen.repeated, 0);
    assert!(sums.commands >= commands && seen.all >= commands, "{seen:?} {sums:?}");
    // A run in which nothing went wrong would show little.
    for (what, times) in sums.faults() {
        assert!(times > commands / 5_000, "{what} happened {times} times");
    }
}

#[test]
fn nor_in_a_session_that_outlives_its_first_keys() {
    let (seen, sums) =
        run(Plan { commands: 100, long_session: LONG_SESSION, seed: number("KEYFOB_SEED", 1), slip: None });
    println!("{seen:?}, {sums:?}");
    assert_eq!((seen.repeated, seen.rekeys), (0, 4), "two keys are replaced at two ends");
    assert!(sums.commands >= LONG_SESSION && sums.lost_answers > 100);
}

/// The test's own worth: tokens with a fault of this kind are found.
#[test]
fn tokens_that_encrypt_twice_are_found() {
    for slip in [Slip::ComposesAgain, Slip::CancelGivesBack, Slip::SameRandomness] {
        let (seen, _) = run(Plan { commands: 5_000, long_session: 0, seed: 7, slip: Some(slip) });
        assert!(seen.repeated > 0, "{slip:?}: {seen:?}");
    }
}
