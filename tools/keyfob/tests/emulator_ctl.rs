//! A running emulator that is plugged, broken and wound by `keyfob emulator ctl`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// An emulator in a runtime directory of its own. It is killed at the end.
struct Desk {
    runtime: TempDir,
    emulators: Vec<Child>,
}

impl Desk {
    fn new() -> Self {
        Self { runtime: tempfile::tempdir().unwrap(), emulators: Vec::new() }
    }

    fn path(&self, name: &str) -> String {
        self.runtime.path().join(name).display().to_string()
    }

    fn start(&mut self, arguments: &[&str]) {
        let mut command = keyfob(self.runtime.path(), &["emulator", "run"]);
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on ") || line.starts_with("USB: "), "{line}");
        self.emulators.push(child);
    }

    fn run(&self, arguments: &[&str]) -> Output {
        keyfob(self.runtime.path(), arguments).output().unwrap()
    }

    /// The words of an order that is done.
    fn ctl(&self, order: &[&str]) -> String {
        let output = self.run(&[&["emulator", "ctl"], order].concat());
        assert!(output.status.success(), "{order:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The document of an order that is done.
    fn document(&self, order: &[&str]) -> Value {
        let document: Value = serde_json::from_str(&self.ctl(&[order, &["--json"]].concat())).unwrap();
        assert_eq!(document["schema"], "keyfob.emulator-ctl.v1");
        document
    }

    /// The code of an order that is refused, and how it ends.
    fn refused(&self, order: &[&str]) -> (Option<i32>, String) {
        let output = self.run(&[&["emulator", "ctl", "--json"], order].concat());
        assert!(output.stdout.is_empty());
        let document: Value = serde_json::from_slice(&output.stderr).unwrap();
        (output.status.code(), document["code"].as_str().unwrap().to_owned())
    }

    /// What `keyfob status` fails with: `not-ready` comes from a token that answers, for the emulators here are blank.
    fn status(&self) -> String {
        let output = self.run(&["--json", "status", "--timeout", "300ms"]);
        let document: Value = serde_json::from_slice(&output.stderr).unwrap();
        document["code"].as_str().unwrap().to_owned()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for emulator in &mut self.emulators {
            let _ended = emulator.kill();
            let _ended = emulator.wait();
        }
    }
}

fn keyfob(runtime: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.env_remove("KEYFOB_TOKEN").env("XDG_RUNTIME_DIR", runtime).args(arguments);
    command
}

#[test]
fn the_only_emulator_is_found_and_its_control_socket_is_no_token() {
    let mut desk = Desk::new();
    desk.start(&["--state", &desk.path("fob")]);
    let control = desk.path("keyfob/fob.ctl");
    assert_eq!(fs::metadata(&control).unwrap().mode() & 0o777, 0o600);
    assert_eq!(desk.document(&["status"])["control"], control);
    let list: Value = serde_json::from_slice(&desk.run(&["--json", "list"]).stdout).unwrap();
    assert_eq!(list["fobs"].as_array().unwrap().len(), 1);

    desk.start(&["--state", &desk.path("other")]);
    assert_eq!(desk.refused(&["status"]), (Some(3), "several-emulators".into()));
    for named in [
        ["--control", &desk.path("keyfob/other.ctl")],
        ["--token", &format!("unix:{}", desk.path("keyfob/other.sock"))],
    ] {
        assert_eq!(desk.document(&[&["status"][..], &named].concat())["control"], desk.path("keyfob/other.ctl"));
    }
    // Beside a socket of any name, and over TCP only where it is said.
    desk.start(&["--memory", "--listen", &format!("unix:{}", desk.path("mine"))]);
    assert!(
        desk.ctl(&["status", "--token", &format!("unix:{}", desk.path("mine"))]).starts_with("the fob is plugged in\n")
    );
    desk.start(&["--memory", "--listen", "tcp:127.0.0.1:0", "--control", &desk.path("far.ctl")]);
    assert_eq!(desk.ctl(&["plug", "--control", &desk.path("far.ctl")]), "the fob is plugged in\n");
}

#[test]
fn a_fob_is_unplugged_killed_and_plugged_in() {
    let mut desk = Desk::new();
    desk.start(&["--memory"]);
    assert_eq!(desk.status(), "not-ready");
    assert_eq!(desk.ctl(&["unplug"]), "the fob is unplugged and has its power\n");
    assert_ne!(desk.status(), "not-ready");
    assert_eq!(desk.ctl(&["plug"]), "the fob is plugged in\n");
    assert_eq!(desk.status(), "not-ready");
    assert_eq!(desk.ctl(&["kill"]), "the fob has no power\n");
    assert_ne!(desk.status(), "not-ready");
    let state = desk.document(&["plug"]);
    assert_eq!(
        (&state["plugged"], &state["powered"], &state["times_unplugged"]),
        (&true.into(), &true.into(), &2.into())
    );
    assert_eq!(desk.status(), "not-ready");
    desk.ctl(&["kill", "--for", "1d"]);
    assert_eq!(desk.ctl(&["advance", "1d"]), "the fob's clock went forwards by 1d\n");
    assert_eq!(desk.document(&["status"])["plugged"], true);
    assert_eq!(desk.status(), "not-ready");
}

#[test]
fn faults_are_armed_counted_and_forgotten() {
    let mut desk = Desk::new();
    desk.start(&["--memory", "--faults", "drop in 1000; kill erase 9"]);
    let words = desk.ctl(&["fault", "corrupt 4 0x80", "in", "every"]);
    assert_eq!(words.lines().last().unwrap(), "3   corrupt 4 0x80 in every  0     0");
    assert_ne!(desk.status(), "not-ready", "no answer can be read");
    let faults = &desk.document(&["faults"])["faults"];
    assert_eq!(faults[1]["fault"], "kill erase 9");
    let counts = |fault: &Value| (fault["seen"].as_u64().unwrap(), fault["fired"].as_u64().unwrap());
    assert!(counts(&faults[2]).1 > 0 && counts(&faults[2]).0 == counts(&faults[2]).1, "{faults}");
    assert_eq!((counts(&faults[0]).0, counts(&faults[0]).1), (counts(&faults[2]).0, 0));
    assert_eq!(desk.ctl(&["clear"]), "all faults are forgotten\n");
    assert_eq!(desk.status(), "not-ready");
    assert_eq!(desk.refused(&["fault", &"drop in;".repeat(257)]), (Some(1), "too-many-faults".into()));
    assert_eq!(desk.document(&["faults"])["faults"], Value::Array(Vec::new()));
}

#[test]
fn a_flash_is_copied_to_a_private_file_and_put_back() {
    let mut desk = Desk::new();
    desk.start(&["--state", &desk.path("fob")]);
    let copy = desk.path("copy");
    desk.ctl(&["snapshot", &copy]);
    assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&copy).unwrap(), fs::read(desk.path("fob/flash.img")).unwrap());
    assert_eq!(desk.refused(&["snapshot", &copy]), (Some(1), "file-exists".into()));
    let boot = desk.document(&["status"])["times_unplugged"].clone();
    fs::write(desk.path("wrong"), vec![0x5a; 256 * 1024]).unwrap();
    fs::write(desk.path("short"), b"short").unwrap();
    for wrong in ["wrong", "short"] {
        assert_eq!(desk.refused(&["restore", &desk.path(wrong)]), (Some(1), "image-refused".into()));
    }
    assert_eq!(desk.document(&["status"])["times_unplugged"], boot, "it went on");
    assert!(desk.ctl(&["restore", &copy]).contains("the fob is plugged in"));
    assert_eq!(fs::read(desk.path("fob/flash.img")).unwrap(), fs::read(&copy).unwrap());
    assert_eq!(desk.status(), "not-ready");
}

/// What answers, but is no emulator, is told from one that isn't there.
#[test]
fn others_are_not_taken_for_emulators() {
    use std::io::Write;
    let desk = Desk::new();
    let path = desk.path("other.ctl");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let answers = ["{}\n", "hello\n", "{\"schema\":\"keyfob.emulator-control.v2\",\"done\":{}}\n", ""];
    let server = std::thread::spawn(move || {
        for answer in answers {
            let (mut socket, _) = listener.accept().unwrap();
            BufReader::new(&socket).read_line(&mut String::new()).unwrap();
            socket.write_all(answer.as_bytes()).unwrap();
        }
    });
    for answer in answers {
        let code = if answer.is_empty() { (3, "control-unreachable") } else { (1, "control-answer") };
        assert_eq!(desk.refused(&["plug", "--control", &path]), (Some(code.0), code.1.into()), "{answer}");
    }
    server.join().unwrap();
}

#[test]
fn a_fob_on_usb_is_ordered_about_there_and_has_no_socket() {
    let mut desk = Desk::new();
    let bus = format!("unix:{}", desk.path("bus"));
    desk.start(&["--memory", "--usbredir", &bus, "--clock", "scripted"]);
    let list = desk.run(&["--json", "list"]);
    assert_eq!(list.stdout, b"{\"schema\":\"keyfob.list.v1\",\"fobs\":[]}\n");
    let document = desk.document(&["status"]);
    assert_eq!(document["control"], desk.path("keyfob/memory.ctl"));
    let expected = serde_json::json!({
        "attached": false, "configured": false, "resets": 0, "reports_out": 0, "reports_in": 0, "controls": 0, "stalled": 0
    });
    assert_eq!((&document["usb"], &document["light"]), (&expected, &false.into()));
    assert!(desk.ctl(&["status"]).contains("\nUSB        no host; 0 reports out, 0 in; 0 resets\n"));
    assert_eq!(desk.ctl(&["stall", "in"]), "the endpoint answers STALL until the host clears it\n");
    assert_eq!(desk.ctl(&["hang"]), "the fob answers nothing any more on USB\n");
    assert_eq!(desk.ctl(&["release"]), "the fob answers again on USB\n");
    // Its clock stands.
    assert_eq!((&document["clock_ms"], &document["scripted_clock"]), (&0.into(), &true.into()));
    assert_eq!(desk.document(&["advance", "90s"])["clock_ms"], 90_000);
    assert_eq!(desk.document(&["status"])["clock_ms"], 90_000);
}

#[test]
fn a_fob_that_is_on_no_bus_says_so() {
    let mut desk = Desk::new();
    desk.start(&["--memory"]);
    assert!(desk.document(&["status"])["usb"].is_null());
    for order in [&["stall", "out"][..], &["hang"], &["release"]] {
        assert_eq!(desk.refused(order), (Some(1), "not-on-usb".into()));
    }
}
