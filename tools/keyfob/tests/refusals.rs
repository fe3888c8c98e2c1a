//! Whatever is wrong with flags, files and the environment: an exit code, three lines, nothing on standard output.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What is given to the command, how it ends and with which code. `DIR` stands for a folder with the files below.
struct Case {
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static [u8])],
    input: fn() -> Vec<u8>,
    exit: i32,
    code: &'static str,
}

const fn case(arguments: &'static [&'static str], exit: i32, code: &'static str) -> Case {
    Case { arguments, environment: &[], input: Vec::new, exit, code }
}

const fn with_token(token: &'static [(&'static str, &'static [u8])], exit: i32, code: &'static str) -> Case {
    Case { arguments: &["status"], environment: token, input: Vec::new, exit, code }
}

const fn with_input(arguments: &'static [&'static str], input: fn() -> Vec<u8>, exit: i32, code: &'static str) -> Case {
    Case { arguments, environment: &[], input, exit, code }
}

const KEY: &str = "022811e99d829a8fe4bd7dc55cce191e361ce65cb9ed21f22be2dab1f3e5105083";

const CASES: &[Case] = &[
    // Flags.
    case(&[], 2, "usage"),
    case(&["frobnicate"], 2, "usage"),
    case(&["status", "--frobnicate"], 2, "usage"),
    case(&["status", "more"], 2, "usage"),
    case(&["-q", "-v", "status"], 2, "usage"),
    case(&["status", "--json=yes"], 2, "usage"),
    case(&["status", "--color", "blue"], 2, "usage"),
    case(&["status", "--timeout", "0"], 2, "usage"),
    case(&["status", "--timeout", "-5s"], 2, "usage"),
    case(&["status", "--timeout", "99999999999999999999"], 2, "usage"),
    case(&["status", "--maker", "02"], 2, "usage"),
    case(&["check"], 2, "usage"),
    case(&["check", "42"], 2, "usage"),
    case(&["check", "0", "--app", "DIR/empty"], 2, "usage"),
    case(&["check", "-1", "--app", "DIR/empty"], 2, "usage"),
    case(&["check", "4294967296", "--app", "DIR/empty"], 2, "usage"),
    case(&["check", "1e3", "--app", "DIR/empty"], 2, "usage"),
    case(&["check", "42", "--app", "DIR/empty", "--modules", "10000000000000000"], 2, "usage"),
    case(&["check", "42", "--app", "DIR/empty", "--modules", "+1"], 2, "usage"),
    case(&["check", "42", "--app", "DIR/empty", "--time", "yesterday"], 2, "usage"),
    case(&["check", "42", "--app", "DIR/empty", "--time", "1969-12-31T23:59:59Z"], 2, "usage"),
    case(&["check", "a\nb\n\u{1b}[2J", "--app", "DIR/empty"], 2, "usage"),
    case(&["spend", "42", "0", "--app", "DIR/empty"], 2, "usage"),
    case(&["unlock", "42", "DIR/text", "--app", "DIR/text", "--out", "DIR/new", "--slot", "256"], 2, "usage"),
    case(&["unlock", "42", "DIR/text", "--app", "DIR/text"], 2, "usage"),
    case(&["memory"], 2, "usage"),
    case(&["memory", "list", "0"], 2, "usage"),
    case(&["memory", "read", "7", "--app", "DIR/text", "--hex"], 2, "usage"),
    case(&["memory", "read", "7/65536", "--app", "DIR/text", "--hex"], 2, "usage"),
    // Nothing of a fob's is printed unless it was asked for.
    case(&["memory", "read", "7/3", "--app", "DIR/text"], 2, "usage"),
    case(&["memory", "read", "7/3", "--app", "DIR/text", "--hex", "--out", "DIR/new"], 2, "usage"),
    case(&["memory", "read", "7/3", "--app", "DIR/text", "--hex"], 1, "app-credential"),
    case(&["memory", "write", "7/3", "DIR/empty", "--app", "DIR/text"], 2, "usage"),
    case(&["decrypt", "42", "DIR/text", "--app", "DIR/text"], 2, "usage"),
    case(&["derive", "42", "label", "--app", "DIR/text"], 2, "usage"),
    case(&["derive", "42", "", "--app", "DIR/text", "--hex"], 2, "usage"),
    case(&["derive", "42", "a label that is longer than it may be", "--app", "DIR/text", "--hex"], 2, "usage"),
    case(&["encrypt", "42", "DIR/text", "--app", "DIR/text"], 2, "usage"),
    case(&["encrypt", "42", "DIR/nothing", "--app", "DIR/text", "--out", "DIR/new"], 1, "file-unreadable"),
    case(&["random", "0", "--app", "DIR/text", "--hex"], 2, "usage"),
    case(&["random", "8", "--app", "DIR/text"], 2, "usage"),
    case(&["prove", "42", "--app", "DIR/text", "--audience", "a"], 2, "usage"),
    case(&["prove", "42", "--app", "DIR/text", "--audience", "a", "--nonce", "0011223344556677"], 2, "usage"),
    case(&["explain", "0"], 2, "usage"),
    case(&["explain", "42", "--units", "0"], 2, "usage"),
    case(&["snapshot", "--nonce", "00"], 2, "usage"),
    case(&["health"], 3, "no-token"),
    case(&["receipt", "--nonce", "00"], 2, "usage"),
    case(&["receipt", "--nonce", "zz112233445566"], 2, "usage"),
    case(&["receipt", "--vendor", "00"], 2, "usage"),
    case(&["inspect", "DIR/text", "--serial", "KF-1"], 2, "usage"),
    case(&["inspect", "DIR/text", "--serial", "KF-40E2-91AC-0B7D-22F3"], 2, "usage"),
    case(&["completions", "tcsh2"], 2, "usage"),
    case(&["label"], 2, "usage"),
    case(&["label", "set"], 2, "usage"),
    case(&["label", "set", "bench"], 3, "no-token"),
    case(&["label", "set", "bench", "KF-1"], 2, "usage"),
    case(&["label", "set", "", "KF-40E2-91AC-0B7D-22F3"], 2, "usage"),
    case(&["label", "remove", "nobody's"], 3, "label-unknown"),
    case(&["watch", "--count", "0"], 2, "usage"),
    case(&["watch", "--for", "soon"], 2, "usage"),
    case(&["watch", "--for", "0s"], 2, "usage"),
    case(&["doctor", "--feature", "42"], 2, "usage"),
    case(&["doctor", "--feature", "0", "--app", "DIR/text"], 2, "usage"),
    case(&["doctor", "--print-udev", "--bundle", "DIR/new"], 2, "usage"),
    case(&["doctor", "--app", "DIR/nothing"], 1, "file-unreadable"),
    case(&["doctor", "--app", "DIR/text"], 1, "app-credential"),
    case(&["doctor", "--token", "nowhere"], 2, "token-unknown"),
    case(&["trace"], 2, "usage"),
    case(&["trace", "show"], 2, "usage"),
    case(&["trace", "show", "DIR/text"], 1, "trace-unreadable"),
    case(&["trace", "show", "DIR/empty"], 1, "trace-unreadable"),
    case(&["trace", "show", "DIR/nothing"], 1, "file-unreadable"),
    case(&["trace", "replay", "DIR/text"], 1, "trace-unreadable"),
    case(&["trace", "replay", "DIR/nothing", "--token", "unix:DIR/nothing"], 1, "file-unreadable"),
    case(&["trace", "record", "DIR/new"], 2, "usage"),
    case(&["trace", "record", "DIR/new", "true"], 2, "usage"),
    case(&["trace", "record", "DIR/text", "--", "true"], 1, "file-exists"),
    case(&["trace", "record", "DIR/new", "--", "DIR/nothing"], 1, "program-failed"),
    case(&["status", "--trace", "DIR/text"], 1, "file-exists"),
    case(&["status", "--trace", "DIR/nothing/new"], 1, "file-unwritable"),
    case(&["firmware"], 2, "usage"),
    case(&["firmware", "inspect"], 2, "usage"),
    case(&["firmware", "inspect", "DIR/nothing"], 1, "file-unreadable"),
    case(&["firmware", "inspect", "DIR"], 1, "file-unreadable"),
    case(&["firmware", "inspect", "DIR/empty"], 1, "file-unknown"),
    case(&["firmware", "inspect", "DIR/long"], 1, "file-unknown"),
    case(&["firmware", "install", "DIR/text"], 1, "file-unknown"),
    case(&["firmware", "install", "DIR/text", "--drive", "DIR", "--probe"], 2, "usage"),
    case(&["firmware", "install", "DIR/text", "--dfu", ""], 2, "usage"),
    case(&["firmware", "install", "DIR/text", "--wait", "0"], 2, "usage"),
    case(&["firmware", "selftest"], 3, "no-token"),
    case(&["firmware", "selftest", "--app", "DIR/nothing"], 1, "file-unreadable"),
    case(&["firmware", "selftest", "--rounds", "0"], 2, "usage"),
    case(&["firmware", "selftest", "--token", "unix:DIR/nothing"], 3, "token-unreachable"),
    case(&["emulator"], 2, "usage"),
    case(&["emulator", "run"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--state", "DIR/new"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--listen", "udp:1"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--listen", "tcp:127.0.0.1:99999"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--usbredir", "DIR/bus"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--usbredir", "unix:DIR/text", "--control", "DIR/new"], 1, "emulator-failed"),
    case(&["emulator", "run", "--memory", "--clock", "atomic"], 2, "usage"),
    case(&["emulator", "ctl", "stall"], 2, "usage"),
    case(&["emulator", "ctl", "stall", "sideways"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--seed", "many"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--faults", "explode in 3"], 2, "fault-unknown"),
    case(&["emulator", "run", "--memory", "--fault-seed", "-1"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--usbip", "localhost"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--usbip", "127.0.0.1:70000"], 2, "usage"),
    case(&["emulator", "run", "--memory", "--usbip", "--uhid"], 2, "usage"),
    case(&["emulator", "ctl"], 2, "usage"),
    case(&["emulator", "ctl", "explode"], 2, "usage"),
    case(&["emulator", "ctl", "fault"], 2, "usage"),
    case(&["emulator", "ctl", "advance", "31"], 2, "usage"),
    case(&["emulator", "ctl", "advance", "-1s"], 2, "usage"),
    case(&["emulator", "ctl", "unplug", "--for", "soon"], 2, "usage"),
    case(&["emulator", "ctl", "snapshot"], 2, "usage"),
    case(&["emulator", "ctl", "fault", "drop", "-1"], 2, "fault-unknown"),
    case(&["emulator", "ctl", "fault", "drop in 3; \u{1b}[2J\n"], 2, "fault-unknown"),
    case(&["emulator", "ctl", "plug", "--token", "tcp:localhost:7000"], 2, "usage"),
    case(&["emulator", "ctl", "plug", "--token", "hid"], 2, "usage"),
    case(&["emulator", "ctl", "plug"], 3, "no-emulator"),
    case(&["emulator", "ctl", "plug", "--token", "unix:DIR/new.sock"], 3, "control-unreachable"),
    case(&["emulator", "ctl", "plug", "--control", "DIR/text"], 3, "control-unreachable"),
    case(&["emulator", "ctl", "restore", "DIR/nothing"], 1, "file-unreadable"),
    case(&["emulator", "ctl", "restore", "DIR/long"], 1, "file-too-long"),
    case(
        &["emulator", "run", "--memory", "--listen", "unix:DIR/new.sock", "--control", "DIR/text"],
        1,
        "emulator-failed",
    ),
    // Tokens.
    case(&["status"], 3, "no-token"),
    case(&["status", "--token", "hid:KF-0000-0000-0000-0000"], 3, "token-unreachable"),
    case(&["status", "--token", "usb:KF-0000-0000-0000-0000"], 3, "token-unreachable"),
    case(&["status", "--token", "hid:/dev/no-such-node"], 3, "token-unreachable"),
    case(&["status", "--token", "usb:255-1"], 3, "token-unreachable"),
    case(&["status", "--token", "label:no such label"], 3, "label-unknown"),
    case(&["status", "--token", "hid:DIR/text"], 3, "token-unreachable"),
    case(&["status", "--token", "usb:1-0"], 2, "token-unknown"),
    case(&["status", "--token", ""], 2, "token-unknown"),
    case(&["list", "--token", "unix:"], 2, "token-unknown"),
    case(&["status", "--token", "tcp:localhost"], 2, "token-unknown"),
    case(&["status", "--token", "tcp:localhost:65536"], 2, "token-unknown"),
    case(&["status", "--token", "a\nb"], 2, "token-unknown"),
    case(&["status", "--token", "unix:DIR/nothing"], 3, "token-unreachable"),
    case(&["status", "--token", "unix:DIR/text"], 3, "token-unreachable"),
    case(&["list", "--token", "unix:DIR/nothing"], 3, "token-unreachable"),
    // Files.
    case(&["inspect", "DIR/nothing"], 1, "file-unreadable"),
    case(&["inspect", "DIR"], 1, "file-unreadable"),
    case(&["inspect", "DIR/empty"], 1, "file-unknown"),
    case(&["inspect", "DIR/text"], 1, "file-unknown"),
    case(&["inspect", "DIR/text", "--vendor", KEY], 1, "file-unknown"),
    case(&["inspect", "DIR/bomb"], 1, "file-unknown"),
    case(&["inspect", "DIR/nested"], 1, "file-unknown"),
    case(&["inspect", "DIR/long"], 1, "file-too-long"),
    case(&["inspect", "/dev/zero"], 1, "file-too-long"),
    case(&["apply", "DIR/nothing"], 1, "file-unreadable"),
    case(&["apply", "DIR/text"], 1, "file-unknown"),
    case(&["apply", "DIR/long"], 1, "file-too-long"),
    case(&["set-time", "DIR/text"], 1, "file-unknown"),
    case(&["check", "42", "--app", "DIR/nothing"], 1, "file-unreadable"),
    case(&["check", "42", "--app", "DIR/text"], 1, "app-credential"),
    case(&["spend", "42", "1", "--app", "DIR/bomb"], 1, "app-credential"),
    case(&["unlock", "42", "DIR/empty", "--app", "DIR/text", "--out", "DIR/new"], 1, "file-unknown"),
    case(&["unlock", "42", "DIR/long", "--app", "DIR/text", "--out", "DIR/new"], 1, "file-too-long"),
    case(&["unlock", "42", "DIR/text", "--app", "DIR/text", "--out", "DIR/new"], 1, "app-credential"),
    case(&["man", "--out", "DIR/nothing"], 1, "file-unwritable"),
    case(&["emulator", "run", "--state", "DIR/text"], 1, "emulator-failed"),
    case(&["emulator", "run", "--state", "DIR/image", "--listen", "unix:DIR/new.sock"], 1, "emulator-failed"),
    case(&["emulator", "run", "--memory", "--listen", "unix:DIR/text"], 1, "emulator-failed"),
    case(&["emulator", "run", "--memory", "--listen", "unix:DIR/nothing/new.sock"], 1, "emulator-failed"),
    // Standard input.
    with_input(&["apply", "-"], Vec::new, 1, "file-unknown"),
    with_input(&["inspect", "-"], || vec![0x9f; 1 << 20], 1, "file-unknown"),
    with_input(&["inspect", "-"], || vec![0x81; (1 << 20) + 1], 1, "file-too-long"),
    with_input(&["check", "42", "--app", "-"], || b"\x84\x6akeyfob-app".to_vec(), 1, "app-credential"),
    // The environment.
    with_token(&[("KEYFOB_TOKEN", b"hid:KF-0000-0000-0000-0000")], 3, "token-unreachable"),
    with_token(&[("KEYFOB_TOKEN", b"")], 2, "token-unknown"),
    with_token(&[("KEYFOB_TOKEN", b"\xff\xfe")], 2, "usage"),
    with_token(&[("XDG_RUNTIME_DIR", b"")], 3, "no-token"),
    with_token(&[("XDG_RUNTIME_DIR", b"/dev/null")], 3, "no-token"),
];

fn files(directory: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(directory.join(name), bytes).unwrap();
    write("empty", b"");
    write("text", b"nothing of Keyfob's, but long enough");
    write("long", &vec![0; (1 << 20) + 1]);
    // An array that says it has 2^64-1 items, and one of many arrays in each other.
    write("bomb", &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    write("nested", &[0x81; 100_000]);
    std::fs::create_dir(directory.join("image")).unwrap();
    write("image/flash.img", b"too short");
}

fn run(case: &Case, directory: &Path, json: bool) -> Output {
    let directory = directory.to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.env_remove("KEYFOB_TOKEN").env("XDG_RUNTIME_DIR", directory);
    command.envs(case.environment.iter().map(|&(name, value)| (name, OsStr::from_bytes(value))));
    command.args(json.then_some("--json"));
    command.args(case.arguments.iter().map(|argument| argument.replace("DIR", directory)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who has enough of the input closes it.
    let _ = child.stdin.take().unwrap().write_all(&(case.input)());
    child.wait_with_output().unwrap()
}

#[test]
fn three_lines_for_people() {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path());
    for case in CASES {
        let output = run(case, directory.path(), false);
        let said = String::from_utf8(output.stderr).unwrap();
        let what = format!("{:?} {:?} said:\n{said}", case.arguments, case.environment);
        assert_eq!(output.status.code(), Some(case.exit), "{what}");
        assert!(output.stdout.is_empty(), "{what}");
        let [error, hint, docs] = said.lines().collect::<Vec<_>>()[..] else { panic!("not three lines: {what}") };
        assert!(error.starts_with("error: ") && error.ends_with(&format!(" [{}]", case.code)), "{what}");
        assert!(hint.strip_prefix("hint:  ").is_some_and(|hint| hint.len() > 5), "{what}");
        assert_eq!(docs, format!("docs:  docs/errors.md#{}", case.code), "{what}");
        assert!(!said.contains('\u{1b}'), "{what}");
    }
    assert!(!directory.path().join("new").exists());
}

#[test]
fn one_document_for_programs() {
    let directory = tempfile::tempdir().unwrap();
    files(directory.path());
    for case in CASES {
        let output = run(case, directory.path(), true);
        let said = String::from_utf8(output.stderr).unwrap();
        let what = format!("{:?} {:?} said:\n{said}", case.arguments, case.environment);
        assert_eq!(output.status.code(), Some(case.exit), "{what}");
        assert!(output.stdout.is_empty(), "{what}");
        assert_eq!(said.lines().count(), 1, "{what}");
        let document: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(document["schema"], "keyfob.error.v1", "{what}");
        assert_eq!((&document["code"], &document["exit"]), (&case.code.into(), &case.exit.into()), "{what}");
    }
}
