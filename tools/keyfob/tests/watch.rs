//! `keyfob watch` with emulators that start and end.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn keyfob(runtime: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.env_remove("KEYFOB_TOKEN").env("XDG_RUNTIME_DIR", runtime).env("XDG_CONFIG_HOME", runtime).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let out: ChildStdout = child.stdout.take().unwrap();
    BufReader::new(out).lines().map(Result::unwrap)
}

/// Sends a signal and waits.
fn end(mut child: Child, signal: &str) -> Option<i32> {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap().code()
}

/// An emulator that has said where it listens.
fn emulator(runtime: &Path) -> Child {
    let state = runtime.join("fob");
    let mut child = keyfob(runtime, &["emulator", "run", "--state", state.to_str().unwrap()]);
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    child
}

#[test]
fn what_comes_and_goes_is_told_at_once() {
    let runtime = tempfile::tempdir().unwrap();
    let first = emulator(runtime.path());
    let mut watch = keyfob(runtime.path(), &["watch", "--json"]);
    let mut told = lines(&mut watch).map(|line| {
        let document: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(document["schema"], "keyfob.watch.v1");
        assert!(document["time"].as_str().unwrap().ends_with('Z'));
        let uri = format!("unix:{}", runtime.path().join("keyfob/fob.sock").display());
        assert_eq!(document["uri"], uri);
        document["event"].as_str().unwrap().to_owned()
    });
    assert_eq!(told.next().as_deref(), Some("arrived"));
    assert_eq!(end(first, "-TERM"), Some(0));
    assert_eq!(told.next().as_deref(), Some("left"));
    let second = emulator(runtime.path());
    assert_eq!(told.next().as_deref(), Some("arrived"));
    assert_eq!(end(watch, "-INT"), Some(0), "Ctrl-C is how it ends");
    assert_eq!(told.next(), None);
    end(second, "-TERM");
}

#[test]
fn it_ends_after_a_time_or_a_number() {
    let runtime = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let mut watch = keyfob(runtime.path(), &["watch", "--for", "300ms"]);
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!(lines(&mut watch).count(), 0);

    let fob = emulator(runtime.path());
    let mut watch = keyfob(runtime.path(), &["watch", "--count", "1", "--for", "20s"]);
    let begin = Instant::now();
    let told: Vec<_> = lines(&mut watch).collect();
    assert!(told.len() == 1 && told[0].contains("  arrived  unix:"), "{told:?}");
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(10));
    end(fob, "-TERM");
}

/// As `| head -1` does. It is noticed at the next line.
#[test]
fn it_ends_when_nobody_reads_any_more() {
    let runtime = tempfile::tempdir().unwrap();
    let mut watch = keyfob(runtime.path(), &["watch", "--for", "20s"]);
    drop(watch.stdout.take());
    let begin = Instant::now();
    let fob = emulator(runtime.path());
    assert_eq!(watch.wait().unwrap().code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(10));
    end(fob, "-TERM");
}
