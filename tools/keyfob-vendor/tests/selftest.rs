//! `keyfob firmware selftest` with a fob that is certified: the checks that need one.
#![cfg(target_os = "linux")]

mod support;

use serde_json::Value;
use support::{Bench, Fob, keyfob};

fn certified() -> (Bench, Fob) {
    let bench = Bench::new();
    let fob = bench.fob("fob.sock");
    let token = fob.uri();
    for line in [
        "maker certify --test --token",
        "init --test --token",
        "enrol --token",
        "app new CAD --rights check --out cad.app --token",
    ] {
        let words: Vec<_> = line.split(' ').chain([token.as_str()]).collect();
        bench.done(&words);
    }
    (bench, fob)
}

fn selftest(bench: &Bench, more: &[&str]) -> Value {
    let words = [&["firmware", "selftest", "--json", "--rounds", "20"], more].concat();
    let output = bench.run_program(&keyfob(), &words, &[("KEYFOB_TOKEN", "unix:fob.sock")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()
}

#[test]
fn a_certified_fob_is_asked_more_and_stays_what_it_is() {
    let (bench, fob) = certified();
    let before = (fob.guest().info().unwrap().partitions, fob.guest().health().unwrap().free);
    let report = selftest(&bench, &["--app", "cad.app"]);
    for name in ["init", "framing", "long-message", "keepalive", "info", "health", "random"] {
        assert_eq!(check(&report, name)["outcome"], "passed", "{name}: {report}");
    }
    for name in ["usb", "identify", "replug", "button"] {
        assert_eq!(check(&report, name)["outcome"], "not-checked", "{name}: {report}");
    }
    assert_eq!((&report["fob"]["state"], &report["fob"]["emulated"]), (&"certified".into(), &true.into()));
    assert_eq!(report["fob"]["board_name"], "emulator");
    assert_eq!(report["fob"]["serial"], fob.guest().serial().to_string());
    assert!(check(&report, "keepalive")["measured"]["answer_bytes"].as_u64() > Some(300));
    assert!(check(&report, "random")["measured"]["monobit"].is_f64());
    let after = (fob.guest().info().unwrap().partitions, fob.guest().health().unwrap().free);
    assert_eq!(before, after);
    let report = selftest(&bench, &[]);
    assert_eq!(check(&report, "random")["outcome"], "not-checked");
}
