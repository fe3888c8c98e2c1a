//! Every case, over every transport that there is.

use keyfob_conformance::{Bench, CASES, Direct, Rig, run};

/// Runs all cases and prints how each ended; `skipped` are those that the rig can't run.
fn passes(name: &str, rig: impl Rig + 'static, skipped: &[&str]) {
    let mut bench = Bench::new(rig).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
    let summary = run(&mut bench, CASES);
    println!("{name}:\n{summary}");
    assert_eq!(summary.failed(), [""; 0], "{name}");
    assert_eq!(summary.skipped(), skipped, "{name}");
    assert_eq!(summary.passed().len(), CASES.len() - skipped.len(), "{name}");
}

#[test]
fn in_this_process() {
    passes("in this process", Direct::emulators(), &[]);
}

#[cfg(unix)]
#[test]
fn over_a_unix_socket() {
    passes("over a Unix socket", keyfob_conformance::Served::unix().unwrap(), &[]);
}

/// As over a network: nobody can pull the token out, move its clock or look at it.
#[cfg(unix)]
#[test]
fn over_tcp() {
    let skipped = [
        "a_boot_id_is_of_one_power_up",
        "channels_end_with_the_power",
        "birth_and_installation_outlive_the_power",
        "a_third_half_open_handshake_waits_two_seconds",
        "a_session_that_lost_its_place_is_resumed",
        "tickets_end_after_ten_minutes",
        "tickets_end_with_the_power",
        "an_idle_session_gives_way_after_thirty_seconds",
        "a_used_session_does_not_give_way",
        "sessions_end_with_the_power",
        "a_spend_outlives_the_power",
        "a_write_outlives_the_power",
        "identify_shows_the_fob_for_five_seconds",
        "an_update_outlives_the_power",
        "a_times_nonce_ends_with_the_power",
        "the_tokens_time_passes",
        "the_mark_outlives_the_power",
        "an_enrolment_ends_with_the_power",
        "a_wipe_outlives_the_power",
        "a_new_root_takes_over",
    ];
    passes("over TCP", keyfob_conformance::Served::tcp(), &skipped);
}

#[test]
fn the_cases_have_names_of_their_own() {
    let mut names: Vec<_> = CASES.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CASES.len());
    assert!(CASES.len() >= 45, "only {} cases", CASES.len());
}
