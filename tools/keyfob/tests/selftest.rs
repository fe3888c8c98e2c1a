//! `keyfob firmware selftest` finds what is wrong with a fob: each defect by the check that is for it.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use serde_json::Value;

const ERROR: u8 = 0xbf;
const INIT: u8 = 0x86;

type Report = [u8; 64];

/// What becomes of a report, in which direction, that is the how manieth of its kind.
type Defect = fn(is_answer: bool, count: u32, report: &mut Report) -> bool;

/// A defect, and the first check that fails by it.
const DEFECTS: &[(&str, Defect, Option<&str>)] = &[
    ("none", |_, _, _| true, None),
    (
        "an answer to INIT gets lost",
        |is_answer, count, report| !(is_answer && report[4] == INIT && count == 30),
        Some("init"),
    ),
    (
        "a power-up in between",
        |is_answer, count, report| {
            if is_answer && report[4] == INIT && count == 20 {
                report[7 + 24] ^= 1;
            }
            true
        },
        Some("init"),
    ),
    (
        "a channel is given twice",
        |is_answer, count, report| {
            if is_answer && report[4] == INIT && count < 12 {
                report[7 + 8..7 + 12].copy_from_slice(&[0, 0, 0, 7]);
            }
            true
        },
        Some("init"),
    ),
    (
        "another protocol version",
        |is_answer, _, report| {
            if is_answer && report[4] == INIT {
                report[7 + 12..7 + 14].copy_from_slice(&[2, 2]);
            }
            true
        },
        Some("init"),
    ),
    (
        "errors are told by another number",
        |is_answer, _, report| {
            if is_answer && report[4] == ERROR && report[8] == 4 {
                report[8] = 6;
            }
            true
        },
        Some("framing"),
    ),
    ("unknown commands are ignored", |_, _, report| report[4] != 0xa5, Some("framing")),
    (
        "an answer to what asks for none",
        |is_answer, _, report| {
            if !is_answer && report[4] == 0x96 {
                report[4] = 0xa5;
            }
            true
        },
        Some("framing"),
    ),
    ("a report of long messages gets lost", |is_answer, _, report| is_answer || report[4] != 60, Some("long-message")),
    (
        "long messages are refused at once",
        |is_answer, _, report| {
            if !is_answer && report[4] == 0x93 + 1 && report[5] == 0x10 && report[6] == 0 {
                report[4] = 0xa5;
            }
            true
        },
        Some("long-message"),
    ),
];

/// An emulator that has said where it listens.
fn emulator(socket: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.args(["emulator", "run", "--memory", "--listen", &format!("unix:{}", socket.display())]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    child
}

/// Carries reports between a program and the emulator, with a defect.
fn carry(program: UnixStream, socket: &Path, defect: Defect, inits: Arc<AtomicU32>) {
    let Ok(fob) = UnixStream::connect(socket) else { return };
    let (from_fob, to_program) = (fob.try_clone().unwrap(), program.try_clone().unwrap());
    let pump = move |mut from: UnixStream, mut to: UnixStream, is_answer: bool| {
        let mut report = [0; 64];
        while from.read_exact(&mut report).is_ok() {
            let is_init = is_answer && report[4] == INIT;
            let count = if is_init { inits.fetch_add(1, Ordering::SeqCst) } else { inits.load(Ordering::SeqCst) };
            if defect(is_answer, count, &mut report) && to.write_all(&report).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    };
    let answers = pump.clone();
    thread::spawn(move || answers(from_fob, to_program, true));
    thread::spawn(move || pump(program, fob, false));
}

fn first_failed(socket: &Path, defect: Defect, front: &Path) -> Option<String> {
    let (listener, back) = (UnixListener::bind(front).unwrap(), socket.to_owned());
    thread::spawn(move || {
        let inits = Arc::new(AtomicU32::new(0));
        for program in listener.incoming().flatten() {
            carry(program, &back, defect, Arc::clone(&inits));
        }
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.args(["firmware", "selftest", "--json", "--rounds", "50", "--timeout", "800ms", "--token"]);
    let output = command.arg(format!("unix:{}", front.display())).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let failed = report["checks"].as_array().unwrap().iter().find(|check| check["outcome"] == "failed");
    let failed = failed.map(|check| check["name"].as_str().unwrap().to_owned());
    assert_eq!(output.status.code(), Some(i32::from(failed.is_some())), "{said}");
    assert_eq!(said.contains("selftest-failed"), failed.is_some(), "{said}");
    failed
}

#[test]
fn each_defect_is_found_by_its_check() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("fob.sock");
    let mut child = emulator(&socket);
    for (at, (what, defect, expected)) in DEFECTS.iter().enumerate() {
        let failed = first_failed(&socket, *defect, &folder.path().join(format!("front{at}.sock")));
        assert_eq!(failed.as_deref(), *expected, "{what}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
