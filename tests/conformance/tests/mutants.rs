//! The suite finds what is wrong: transports and tokens that do something else than they must.

mod support;

use std::time::Duration;

use keyfob_conformance::{Bench, CASES, Case, Desk, Direct, Summary, run};
use keyfob_emulator::{Clock, Emulator};
use support::token::{Fault, Mutant};
use support::wire::{Disturbance, Tapped};

fn cases(names: &[&str]) -> Vec<Case> {
    let found: Vec<Case> = CASES.iter().copied().filter(|case| names.contains(&case.name)).collect();
    assert_eq!(found.len(), names.len(), "no such cases: {names:?}");
    found
}

/// Runs cases over a transport that is disturbed once the bench stands.
fn disturbed(disturbance: Disturbance, names: &[&str]) -> Summary {
    let emulator = Emulator::builder().clock(Clock::scripted()).start().unwrap();
    let tapped = Tapped::new(Desk::new(emulator));
    let mut bench = Bench::new(tapped.clone()).unwrap();
    bench.patience = Duration::from_millis(300);
    tapped.begin(disturbance);
    let summary = run(&mut bench, &cases(names));
    println!("{disturbance:?}:\n{summary}");
    summary
}

#[test]
fn the_same_bench_undisturbed_passes() {
    let names = ["the_longest_message_is_taken_in", "an_app_opens_a_session", "a_spend_takes_its_units"];
    assert_eq!(disturbed(Disturbance::None, &names).passed(), names);
}

#[test]
fn dropped_reports_are_found() {
    let names = ["the_longest_message_is_taken_in", "an_app_opens_a_session", "a_hundred_requests_in_a_row"];
    assert_eq!(disturbed(Disturbance::DropEveryThird, &names).failed(), names);
}

#[test]
fn flipped_bits_are_found() {
    let names =
        ["init_is_answered_as_specified", "an_app_opens_a_session", "an_identical_record_is_answered_identically"];
    assert_eq!(disturbed(Disturbance::FlipAnswers, &names).failed(), names);
}

#[test]
fn swapped_answers_are_found() {
    let names = ["a_guest_opens_a_session", "a_long_list_comes_in_parts"];
    assert_eq!(disturbed(Disturbance::SwapAnswers, &names).failed(), names);
}

/// Runs all cases from one on, on tokens with a fault; the failed ones are exactly these.
fn finds(fault: Fault, first: &str, expected: &[&str]) {
    let mut bench = Bench::new(Direct::new(move || Mutant::new(fault))).unwrap();
    bench.patience = Duration::from_millis(300);
    let cases: Vec<Case> = CASES.iter().copied().skip_while(|case| case.name != first).collect();
    let summary = run(&mut bench, &cases);
    println!("{fault:?}:\n{summary}");
    assert_eq!(summary.failed(), expected, "{fault:?}");
    assert_eq!(summary.skipped(), [""; 0], "{fault:?}");
}

#[test]
fn a_sound_stand_in_passes() {
    finds(Fault::None, CASES[0].name, &[]);
}

/// The stand-in says "ok" to every check, under genuine keys.
#[test]
fn a_token_that_always_allows_is_found() {
    finds(
        Fault::AlwaysAllows,
        "guests_may_not_use_features",
        &[
            "a_check_of_what_isnt_sold_is_refused",
            "a_feature_that_is_switched_off_is_refused",
            "before_the_start_it_is_not_yet_valid",
            "from_the_expiry_on_it_is_expired",
            "without_any_time_a_time_limit_is_refused",
            "modules_that_arent_granted_are_missing",
            "an_exhausted_counter_is_refused",
            "an_app_is_for_its_product_only",
            "rights_that_an_app_lacks_are_not_permitted",
            "the_greater_time_counts",
            "a_wipe_takes_a_partition_away",
        ],
    );
}

/// Runs single cases, each on a token of its own with a fault; all of them fail.
fn fail(fault: Fault, names: &[&str]) {
    for case in cases(names) {
        let mut bench = Bench::new(Direct::new(move || Mutant::new(fault))).unwrap();
        bench.patience = Duration::from_millis(300);
        let summary = run(&mut bench, &[case]);
        println!("{fault:?}:\n{summary}");
        assert_eq!(summary.failed(), [case.name], "{fault:?}");
    }
}

/// The stand-in takes what it decrypts without looking at the tag.
#[test]
fn a_token_that_takes_altered_records_is_found() {
    let names = [
        "altered_third_messages_are_refused",
        "altered_records_are_refused_and_change_nothing",
        "records_of_another_session_are_refused",
        "unlock_refuses_what_was_sealed_otherwise",
        "an_altered_message_is_refused",
        "a_message_is_for_its_feature_and_slot",
    ];
    fail(Fault::IgnoresTags, &names);
}

/// The stand-in's clock stands still.
#[test]
fn a_token_without_a_clock_is_found() {
    let names = [
        "a_message_that_stops_times_out_after_half_a_second",
        "a_third_half_open_handshake_waits_two_seconds",
        "an_idle_session_gives_way_after_thirty_seconds",
        "identify_shows_the_fob_for_five_seconds",
        "the_tokens_time_passes",
    ];
    fail(Fault::ClockStands, &names);
}

/// The stand-in's flash is only memory.
#[test]
fn a_token_that_forgets_is_found() {
    let names = [
        "birth_and_installation_outlive_the_power",
        "a_spend_outlives_the_power",
        "a_write_outlives_the_power",
        "an_update_outlives_the_power",
        "the_mark_outlives_the_power",
    ];
    fail(Fault::Forgets, &names);
}

/// The stand-in's randomness is the same at each power-up.
#[test]
fn a_token_without_randomness_is_found() {
    fail(Fault::SameRandomness, &["a_boot_id_is_of_one_power_up", "another_tokens_certificates_are_refused"]);
}
