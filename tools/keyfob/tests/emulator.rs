//! An emulator from its first line to its clean end, and what others see of it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn keyfob(runtime: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.env_remove("KEYFOB_TOKEN").env("XDG_RUNTIME_DIR", runtime).args(arguments);
    command
}

/// Starts an emulator and returns its first line.
fn start(runtime: &Path, arguments: &[&str]) -> (Child, String) {
    let mut command = keyfob(runtime, &["emulator", "run"]);
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

/// Sends SIGTERM and waits.
fn stop(child: Child) -> Output {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn it_says_where_it_listens_is_found_and_ends_cleanly() {
    let runtime = tempfile::tempdir().unwrap();
    let state = runtime.path().join("my fob");
    let (child, line) = start(runtime.path(), &["--state", state.to_str().unwrap()]);
    let socket = runtime.path().join("keyfob/my fob.sock");
    assert_eq!(line, format!("listening on unix:{}\n", socket.display()));

    let list = keyfob(runtime.path(), &["--json", "list"]).output().unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["fobs"][0]["uri"], format!("unix:{}", socket.display()));
    assert_eq!(list["fobs"][0]["problem"], "not-ready");
    let status = keyfob(runtime.path(), &["status"]).output().unwrap();
    assert!(status.status.code() == Some(1) && said(&status).contains("[not-ready]"), "{}", said(&status));

    let image = state.join("flash.img").display().to_string();
    let second = keyfob(runtime.path(), &["emulator", "run", "--state", state.to_str().unwrap()]).output().unwrap();
    assert!(second.stdout.is_empty() && said(&second).starts_with(&format!("error: {image}: ")), "{}", said(&second));

    let output = stop(child);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("EMULATED"), "{}", said(&output));
    assert!(!socket.exists());
    let list = keyfob(runtime.path(), &["--json", "list"]).output().unwrap();
    assert_eq!(list.stdout, b"{\"schema\":\"keyfob.list.v1\",\"fobs\":[]}\n");
}

#[test]
fn several_are_never_chosen_from() {
    let runtime = tempfile::tempdir().unwrap();
    let states = ["one", "two"].map(|name| runtime.path().join(name).display().to_string());
    let children = states.map(|state| start(runtime.path(), &["--state", &state]).0);
    let status = keyfob(runtime.path(), &["status"]).output().unwrap();
    assert!(status.status.code() == Some(3) && said(&status).contains("[several-tokens]"), "{}", said(&status));
    for child in children {
        assert_eq!(stop(child).status.code(), Some(0));
    }
}

#[test]
fn over_tcp_the_system_may_choose_the_port() {
    let runtime = tempfile::tempdir().unwrap();
    let (child, line) = start(runtime.path(), &["--memory", "--listen", "tcp:127.0.0.1:0", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&document["schema"], &document["emulated"]), (&"keyfob.emulator.v1".into(), &true.into()));
    let address = document["listening"].as_str().unwrap();
    let status = keyfob(runtime.path(), &["status", "--token", address]).output().unwrap();
    assert!(said(&status).contains("[not-ready]"), "{}", said(&status));
    let output = stop(child);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
}

#[test]
fn state_of_something_else_is_left_alone() {
    let runtime = tempfile::tempdir().unwrap();
    let state = runtime.path().join("fob");
    let (child, _) = start(runtime.path(), &["--state", state.to_str().unwrap()]);
    assert!(stop(child).status.success());
    let image = state.join("flash.img");
    let other = vec![0x5a; std::fs::read(&image).unwrap().len()];
    std::fs::write(&image, &other).unwrap();
    let output = keyfob(runtime.path(), &["emulator", "run", "--state", state.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty() && said(&output).contains("[emulator-failed]"), "{}", said(&output));
    assert_eq!(std::fs::read(&image).unwrap(), other);
}

#[test]
fn who_stops_reading_is_no_error_but_a_full_disk_is() {
    let runtime = tempfile::tempdir().unwrap();
    for arguments in [&["completions", "bash"][..], &["man"], &["list"], &["--json", "list"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = keyfob(runtime.path(), arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        assert!(output.status.success() && !said(&output).contains("error"), "{arguments:?}: {}", said(&output));

        let full = File::create("/dev/full").unwrap();
        let output = keyfob(runtime.path(), arguments).stdout(full).output().unwrap();
        let is_told = output.status.code() == Some(1) && said(&output).contains("output-failed");
        assert!(is_told, "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn others_than_this_machine_have_it_only_with_a_warning() {
    let runtime = tempfile::tempdir().unwrap();
    for (address, warned) in [("127.0.0.1:0", false), ("[::1]:0", false), ("0.0.0.0:0", true)] {
        let (child, line) = start(runtime.path(), &["--memory", "--usbip", address]);
        // A machine may be without IPv6.
        let listens = line.starts_with("USB: usbip on ") && line.ends_with(", bus id 1-1\n");
        assert!(listens || address == "[::1]:0", "{line}");
        let output = stop(child);
        assert!(!listens || said(&output).contains("everybody who reaches") == warned, "{}", said(&output));
    }
}
