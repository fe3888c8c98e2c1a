//! `keyfob doctor` with a fob that is sold: the steps that need one, and the report for the vendor.
#![cfg(target_os = "linux")]

mod support;

use keyfob_emulator::{Clock, Emulator};
use serde_json::Value;
use support::{Bench, Fob, keyfob};

const LICENCE: &str = "[[product]]\nid = 7\nname = \"Secret Project\"\n[[product.feature]]\nid = 42\nname = \"Export\"\n\
    counter = 500\n[[product.feature]]\nid = 43\nname = \"Import\"\nexpires = 2026-02-01T00:00:00Z\n";

fn sold() -> (Bench, Fob) {
    let bench = Bench::new();
    let fob = bench.fob_as("fob.sock", Emulator::builder().clock(Clock::scripted()));
    bench.write("licence.toml", LICENCE);
    let token = fob.uri();
    for line in [
        "maker certify --test --token",
        "init --test --token",
        "enrol --token",
        "app new CAD --rights check --out cad.app --token",
        "issue licence.toml --out 1.kfu --token",
        "init --test --dir other --token",
        "app new CAD --rights check --dir other --out other.app --token",
    ] {
        let words: Vec<_> = line.split(' ').chain([token.as_str()]).collect();
        bench.done(&words);
    }
    let applied = bench.run_program(&keyfob(), &["apply", "1.kfu"], &[("KEYFOB_TOKEN", "unix:fob.sock")]);
    assert!(applied.status.success());
    (bench, fob)
}

/// The document, and the exit code.
fn doctor(bench: &Bench, line: &str) -> (Value, Option<i32>) {
    let words: Vec<_> = ["doctor", "--json"].into_iter().chain(line.split_whitespace()).collect();
    let output = bench.run_program(&keyfob(), &words, &[("KEYFOB_TOKEN", "unix:fob.sock")]);
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
}

fn outcomes(document: &Value) -> Vec<&str> {
    document["steps"].as_array().unwrap()[3..].iter().map(|step| step["outcome"].as_str().unwrap()).collect()
}

#[test]
fn each_step_that_needs_a_fob_can_fail() {
    let (bench, fob) = sold();
    let (document, exit) = doctor(&bench, "--accept-emulated --app cad.app --feature 42");
    assert_eq!(outcomes(&document), ["ok", "ok", "ok", "ok", "ok", "unknown"], "{document}");
    assert_eq!((exit, document["fob"]["serial"].as_str()), (Some(0), Some(&*fob.guest().serial().to_string())));
    for (line, step, code, exit) in [
        ("", "genuine", "emulated-token", 8),
        ("--app cad.app", "genuine", "emulated-token", 8),
        ("--accept-emulated --app other.app", "vendor", "unknown-vendor", 3),
        ("--accept-emulated --app cad.app --feature 99", "licence", "feature-not-found", 6),
        ("--accept-emulated --app cad.app --feature 43", "licence", "expired", 6),
        ("--accept-emulated --token unix:cad.app", "permission", "token-unreachable", 3),
        ("--accept-emulated --token unix:nowhere.sock", "permission", "token-unreachable", 3),
    ] {
        let (document, ended) = doctor(&bench, line);
        let found = (document["first"].as_str(), document["code"].as_str(), ended);
        assert_eq!(found, (Some(step), Some(code), Some(exit)), "{line}");
    }
    let blank = bench.fob("blank.sock");
    let (document, _) = doctor(&bench, &format!("--accept-emulated --token {}", blank.uri()));
    assert_eq!(document["code"], "not-ready");
    drop(fob);
    let (document, _) = doctor(&bench, "--accept-emulated");
    assert_eq!((&document["first"], &document["code"]), (&"permission".into(), &"token-unreachable".into()));
}

/// Looking changes nothing, neither in the flash nor the nonce that somebody is having signed. What was signed then is
/// what the computer's clock is held to.
#[test]
fn looking_changes_nothing_and_clocks_are_held_to_signed_time() {
    let (bench, fob) = sold();
    let (token, serial) = (fob.uri(), fob.guest().serial().to_string());
    let look = || doctor(&bench, "--accept-emulated --app cad.app --feature 42");
    // The fob notes the computer's clock once in a power-up.
    look();
    for (ahead, outcome) in [(0, "ok"), (20 * 60 * 60, "failed")] {
        let asked = bench.run_program(&keyfob(), &["time", "--json"], &[("KEYFOB_TOKEN", &token)]);
        let asked: Value = serde_json::from_slice(&asked.stdout).unwrap();
        let before = fob.flash();
        look();
        assert_eq!(fob.flash().content(), before.content());
        let (time, file) = ((jiff::Timestamp::now().as_second() + ahead).to_string(), format!("{outcome}.kft"));
        let nonce = asked["nonce"].as_str().unwrap();
        bench.done(&["time", "--fob", &serial, "--nonce", nonce, "--time", &time, "--out", &file]);
        let set = bench.run_program(&keyfob(), &["set-time", &file], &[("KEYFOB_TOKEN", &token)]);
        assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
        let (document, exit) = look();
        assert_eq!((outcomes(&document)[5], exit), (outcome, Some(i32::from(outcome == "failed"))), "{document}");
        assert_eq!(document["code"] == "clock-behind", outcome == "failed");
    }
}

/// With names all around, none gets into the report; the serial does.
#[test]
fn the_report_has_the_serial_and_no_names() {
    let (bench, fob) = sold();
    let serial = fob.guest().serial().to_string();
    let home = "/home/ann-of-green-gables";
    let variables = [
        ("KEYFOB_TOKEN", "unix:fob.sock"),
        ("HOME", home),
        ("USER", "ann-of-green-gables"),
        ("LOGNAME", "ann-of-green-gables"),
    ];
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let path = bench.path("").display().to_string();
    let absolute = format!("unix:{path}/nowhere.sock");
    for (at, line) in [
        "--accept-emulated --app cad.app --feature 42",
        "--accept-emulated --app other.app",
        "--accept-emulated --app cad.app --feature 43",
        "--token label:anns-fob",
        "--token unix:/home/ann-of-green-gables/fob.sock",
        "--token tcp:anns-laptop.example:7000 --timeout 1s",
        "--token hid:/home/ann-of-green-gables/fob",
        &format!("--token {absolute}"),
    ]
    .iter()
    .enumerate()
    {
        let bundle = format!("{at}.txt");
        let words: Vec<_> = ["doctor", "--bundle", &bundle].into_iter().chain(line.split_whitespace()).collect();
        bench.run_program(&keyfob(), &words, &variables);
        let written = String::from_utf8(bench.read(&bundle)).unwrap();
        let document: Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
        assert_eq!(written.contains(&serial), at < 3, "{line}");
        assert!(document["steps"].as_array().unwrap().iter().all(|step| step["message"].is_null()), "{line}");
        for word in
            ["ann-", "anns", "fob.sock", "nowhere", "/tmp", "/home", "Secret Project", "cad.app", &path, host.trim()]
        {
            assert!(!written.contains(word), "{line}: {word} in\n{written}");
        }
    }
}
