//! What the commands do with a fob, recorded, read by Wireshark, and sent again.
#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use keyfob_emulator::{Clock, Emulator, FlashImage, Seed};
use serde_json::Value;
use support::{Bench, Fob, keyfob};

const LICENCE: &str = "[[product]]\nid = 7\nname = \"CAD\"\n[[product.feature]]\nid = 42\nname = \"Export\"\n\
    counter = 500\nkey = true\n";

/// What is recorded: short and long messages, a session that is refused, several connections.
const COMMANDS: &[&str] = &[
    "status",
    "list --token unix:fob.sock",
    "check 42 --app cad.app --accept-emulated --time 1800000000",
    "spend 42 3 --app cad.app --accept-emulated --time 1800000000",
    "memory write 7/1 data --app cad.app --accept-emulated",
    "memory read 7/1 --app cad.app --accept-emulated --hex",
    "apply 2.kfu",
    "snapshot --out SNAPSHOT",
];

/// A desk with a fob that is sold, and that fob's flash.
fn sold() -> (Bench, FlashImage) {
    let bench = Bench::new();
    let fob = bench.fob("fob.sock");
    bench.write("licence.toml", LICENCE);
    bench.write("data", [0x5a; 1000]);
    let token = fob.uri();
    for line in [
        "maker certify --test --token",
        "init --test --token",
        "enrol --token",
        "app new CAD --rights check,spend,unlock,read,write --out cad.app --token",
        "issue licence.toml --create-file 7/1:read-write:1024 --out 1.kfu --token",
    ] {
        let words: Vec<_> = line.split(' ').chain([token.as_str()]).collect();
        bench.done(&words);
    }
    done(&bench, "apply 1.kfu", &[]);
    bench.done(&["issue", "licence.toml", "--out", "2.kfu", "--token", &token]);
    let flash = fob.flash();
    (bench, flash)
}

/// Runs the other command, and gives what it prints.
fn done(bench: &Bench, line: &str, variables: &[(&str, &str)]) -> String {
    let words: Vec<_> = line.split(' ').collect();
    let output = bench.run_program(&keyfob(), &words, &[&[("KEYFOB_TOKEN", "unix:fob.sock")], variables].concat());
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Starts the fob with all its randomness following from a seed, and its clock standing still.
fn started(bench: &Bench, flash: &FlashImage, seed: u64) -> Fob {
    let emulator = Emulator::builder().flash(flash.snapshot()).seed(Seed(seed)).clock(Clock::scripted());
    bench.fob_as("fob.sock", emulator)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Records each command with a fob that has just been started; gives the flash afterwards.
fn recorded(bench: &Bench, flash: &FlashImage, at: usize) -> (String, FlashImage) {
    let trace = format!("{at}.pcapng");
    let fob = started(bench, flash, 7);
    done(bench, &COMMANDS[at].replace("SNAPSHOT", &format!("{at}.kfs")), &[("KEYFOB_TRACE", &trace)]);
    (trace, fob.flash())
}

/// A fob with the same flash and the same seed answers the same, to the byte, and its flash holds the same afterwards.
#[test]
fn what_is_sent_again_is_answered_again() {
    let (bench, flash) = sold();
    for (at, command) in COMMANDS.iter().enumerate() {
        let (trace, after) = recorded(&bench, &flash, at);
        let mode = bench.path(&trace).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for pace in ["--fast", "--json"] {
            let fob = started(&bench, &flash, 7);
            let said = done(&bench, &format!("trace replay {trace} {pace}"), &[]);
            assert_eq!(fob.flash().content(), after.content(), "{command}");
            if pace == "--json" {
                let outcomes: BTreeSet<_> =
                    lines(&said).iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect();
                assert_eq!(outcomes, BTreeSet::from(["sent".into(), "same".into()]), "{command}");
            }
        }
    }
}

/// With another seed nothing after INIT's fixed part is the same; the command says so and fails.
#[test]
fn another_fob_answers_otherwise() {
    let (bench, flash) = sold();
    let (trace, _) = recorded(&bench, &flash, 5);
    let fob = started(&bench, &flash, 8);
    let before = fob.flash();
    let output = bench.run_program(
        &keyfob(),
        &["trace", "replay", &trace, "--fast", "--timeout", "20ms"],
        &[("KEYFOB_TOKEN", "unix:fob.sock")],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("[trace-differs]"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("differs") && said.contains("missing"), "{said}");
    assert_eq!(fob.flash().content(), before.content(), "a recorded session is worth nothing");
}

/// As many reports as were counted, in both directions, and nothing of where the fob was.
#[test]
fn a_trace_has_every_report_and_no_path() {
    let (bench, flash) = sold();
    let fob = started(&bench, &flash, 7);
    let mut guest = fob.guest();
    guest.info().unwrap();
    drop(guest);
    let trace = bench.path("own.pcapng").display().to_string();
    bench.done(&["list", "--trace", &trace, "--token", &fob.uri()]);
    done(&bench, "status", &[("KEYFOB_TRACE", "status.pcapng")]);
    let shown = lines(&done(&bench, "trace show --json status.pcapng", &[]));
    let commands: Vec<_> = shown.iter().filter_map(|line| line["command"].as_str()).collect();
    assert_eq!(commands[..6], ["INIT", "INIT", "OPEN", "OPEN", "FINISH", "FINISH"]);
    assert!(shown.iter().all(|line| line["schema"] == "keyfob.trace-report.v1" && line["data"].is_string()));
    let text = done(&bench, "trace show status.pcapng", &[]);
    assert_eq!(text.lines().count(), shown.len());
    let raw: String = bench.read("status.pcapng").into_iter().map(char::from).collect();
    for word in ["fob.sock", bench.path("").to_str().unwrap(), &std::env::var("HOME").unwrap_or("/root".into())] {
        assert!(!raw.contains(word), "{word}");
    }
}

#[test]
fn nothing_is_overwritten_and_no_app_is_broken() {
    let (bench, flash) = sold();
    let _fob = started(&bench, &flash, 7);
    bench.write("there", "x");
    // By the flag it is asked for; by the variable it may not disturb what is asked for.
    let output = bench.run_program(&keyfob(), &["status", "--trace", "there"], &[("KEYFOB_TOKEN", "unix:fob.sock")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("[file-exists]"));
    for place in ["there", "/nowhere/at/all", "/dev/full", ""] {
        done(&bench, "status", &[("KEYFOB_TRACE", place)]);
    }
    assert_eq!(bench.read("there"), b"x");
}

#[test]
fn a_program_is_recorded_and_ends_as_it_does() {
    let (bench, flash) = sold();
    let _fob = started(&bench, &flash, 7);
    let keyfob = keyfob();
    let keyfob_text = keyfob.to_str().unwrap();
    let record = |file: &str, command: &[&str]| {
        let words = [&["trace", "record", file, "--"], command].concat();
        let output = bench.run_program(&keyfob, &words, &[("KEYFOB_TOKEN", "unix:fob.sock")]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) =
        record("a.pcapng", &["sh", "-c", &format!("cd / && exec {keyfob_text} --token unix:$OLDPWD/fob.sock health")]);
    assert_eq!(code, Some(0), "{said}");
    assert!(done(&bench, "trace show a.pcapng", &[]).lines().count() > 8);
    let (code, said) = record("a.pcapng", &["true"]);
    assert!(code == Some(1) && said.contains("[file-exists]"), "{said}");
    let (code, said) = record("b.pcapng", &["sh", "-c", "exit 77"]);
    assert!(code == Some(77) && said.contains("there is no trace"), "{said}");
    let (code, _) = record("b.pcapng", &["sh", "-c", "kill -9 $$"]);
    assert_eq!(code, Some(137));
    let (code, said) = record("b.pcapng", &["/nowhere/program"]);
    assert!(code == Some(1) && said.contains("[program-failed]"), "{said}");
    let (code, _) = record("c-%p.pcapng", &["sh", "-c", &format!("{keyfob_text} health; {keyfob_text} status")]);
    assert_eq!(code, Some(0));
    let traces = bench.content().into_keys().filter(|path| path.to_str().is_some_and(|path| path.contains("/c-")));
    assert_eq!(traces.count(), 2);
}

/// The trace of a program that was killed reads up to there.
#[test]
fn what_was_cut_short_is_shown_as_far_as_it_goes() {
    let (bench, flash) = sold();
    let (trace, _) = recorded(&bench, &flash, 0);
    let bytes = bench.read(&trace);
    bench.write("cut", &bytes[..bytes.len() - 100]);
    let whole = done(&bench, &format!("trace show {trace}"), &[]);
    let cut = done(&bench, "trace show cut", &[]);
    assert_eq!(cut.lines().count(), whole.lines().count() - 1);
    assert!(whole.starts_with(&cut));
    bench.write("damaged", [&bytes[..bytes.len() - 1], b"x"].concat());
    for (file, code) in [("damaged", "trace-unreadable"), ("cad.app", "trace-unreadable"), ("none", "file-unreadable")]
    {
        let output = bench.run_program(&keyfob(), &["trace", "show", file], &[]);
        assert!(output.stdout.is_empty() && output.status.code() == Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains(code), "{file}");
    }
}

/// Wireshark reads what we read: packets, endpoints, directions, kinds, times, data.
#[test]
fn wireshark_reads_the_same() {
    if Command::new("tshark").arg("--version").output().is_err() {
        eprintln!("NOT PROVEN: there is no tshark to read traces with");
        return;
    }
    let (bench, flash) = sold();
    for at in 0..COMMANDS.len() {
        let (trace, _) = recorded(&bench, &flash, at);
        let fields = "frame.time_epoch usb.endpoint_address usb.endpoint_address.direction usb.transfer_type \
            usb.urb_type usb.urb_status usb.capdata usbhid.data frame.interface_name _ws.malformed";
        let mut tshark = Command::new("tshark");
        tshark.args(["-n", "-r", &trace, "-T", "fields", "-E", "separator=|"]).current_dir(bench.path(""));
        tshark.args(fields.split_whitespace().flat_map(|field| ["-e", field]));
        let output = tshark.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs = String::from_utf8(output.stdout).unwrap();
        let ours = lines(&done(&bench, &format!("trace show --json {trace}"), &[]));
        assert!(ours.len() > 8 && theirs.lines().count() == ours.len(), "{theirs}");
        for (theirs, ours) in theirs.lines().zip(&ours) {
            let fields: Vec<_> = theirs.split('|').collect();
            let [time, endpoint, direction, kind, urb, status, data, hid, interface, malformed] = fields[..] else {
                panic!("{theirs}")
            };
            let is_in = ours["direction"] == "in";
            let expected = if is_in { ("0x81", "1", "'C'", "0") } else { ("0x01", "0", "'S'", "-115") };
            assert_eq!((endpoint, direction, urb, status), expected, "{theirs}");
            assert_eq!((kind, malformed), ("0x01", ""), "{theirs}");
            assert_eq!(format!("{data}{hid}"), ours["data"].as_str().unwrap());
            assert_eq!(interface, format!("keyfob{}", ours["connection"].as_u64().unwrap() - 1));
            assert_eq!(time, seconds(ours["time"].as_str().unwrap()));
        }
    }
}

/// Seconds since 1970 with nine digits, of a time as RFC 3339 writes it.
fn seconds(time: &str) -> String {
    let nanoseconds = time.parse::<jiff::Timestamp>().unwrap().as_nanosecond();
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}
