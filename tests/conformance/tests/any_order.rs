//! Cases stand for themselves: they pass in any order.

use keyfob_conformance::{Bench, CASES, Direct, run};

/// Another order for each run of the tests' choice of seeds.
#[test]
fn cases_pass_in_any_order() {
    let seeds: Vec<u64> = std::env::var("KEYFOB_ORDERS").map_or(vec![1], |n| (1..=n.parse().unwrap()).collect());
    for seed in seeds {
        let mut cases = CASES.to_vec();
        let mut state = seed;
        for end in (1..cases.len()).rev() {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            cases.swap(end, usize::try_from(state >> 33).unwrap() % (end + 1));
        }
        let summary = run(&mut Bench::new(Direct::emulators()).unwrap(), &cases);
        assert_eq!(summary.failed(), [""; 0], "in the order of seed {seed}:\n{summary}");
    }
}
