//! Names for fobs: given, used, taken away.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SERIAL: &str = "KF-40E2-91AC-0B7D-22F3";
const OTHER: &str = "KF-0000-0000-0000-0001";

fn keyfob(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.env_remove("KEYFOB_TOKEN").env_remove("XDG_CONFIG_HOME").env("HOME", home);
    command.env("XDG_RUNTIME_DIR", home).args(arguments).output().unwrap()
}

fn labels(output: &Output) -> Vec<(String, String)> {
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], "keyfob.label.v1");
    let word = |label: &Value, name: &str| label[name].as_str().unwrap().to_owned();
    document["labels"].as_array().unwrap().iter().map(|one| (word(one, "label"), word(one, "serial"))).collect()
}

#[test]
fn a_name_stands_for_its_fob() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| keyfob(home.path(), arguments);
    let pair = |label: &str, serial: &str| (label.to_owned(), serial.to_owned());
    assert_eq!(labels(&run(&["--json", "label", "list"])), []);
    assert_eq!(labels(&run(&["--json", "label", "set", "bench", SERIAL])), [pair("bench", SERIAL)]);
    assert!(home.path().join(".config/keyfob/labels.toml").is_file());
    let both = [pair("bench", SERIAL), pair("the lab's", OTHER)];
    assert_eq!(labels(&run(&["--json", "label", "set", "the lab's", OTHER])), both);
    let status = run(&["status", "--token", "label:the lab's"]);
    let said = String::from_utf8(status.stderr).unwrap();
    assert!(said.contains("[token-unreachable]") && said.contains(OTHER), "{said}");
    assert_eq!(labels(&run(&["--json", "label", "remove", "bench"])), [pair("the lab's", OTHER)]);
    let again = run(&["label", "remove", "bench"]);
    assert_eq!(again.status.code(), Some(3));
    assert!(String::from_utf8(again.stderr).unwrap().contains("[label-unknown]"));
    assert_eq!(
        String::from_utf8(run(&["label", "list"]).stdout).unwrap(),
        format!("LABEL      FOB\nthe lab's  {OTHER}\n")
    );
}
