//! The control socket: what can be asked, that nothing else can, and that nobody is stopped by it.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use keyfob_emulator::{
    CONTROL_SCHEMA, Clock, Control, ControlError, ControlRequest, ControlState, Emulator, FlashImage, Handle, Listen,
    Server, ServerError, control_path,
};
use keyfob_wire::Report;
use keyfob_wire::init::TokenState;
use support::{Port, Random, birth, init};
use tempfile::TempDir;

struct Socket(UnixStream);

impl Port for Socket {
    fn send(&mut self, report: &Report) {
        self.0.write_all(report).unwrap();
    }

    fn receive(&mut self) -> Report {
        let mut report = [0; 64];
        self.0.read_exact(&mut report).unwrap();
        report
    }
}

const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    handle: Handle,
    thread: JoinHandle<Result<Emulator, ServerError>>,
    path: PathBuf,
    control: PathBuf,
    folder: TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = FlashImage::create(&folder.path().join("flash.img")).unwrap();
        let emulator = Emulator::builder().clock(Clock::scripted()).flash(image).start().unwrap();
        let path = folder.path().join("fob.sock");
        let listen = Listen::Unix(path.clone());
        let control = control_path(&listen).unwrap();
        let server = Server::bind(&listen, emulator).unwrap().with_control(&control).unwrap();
        Self { handle: server.handle(), thread: thread::spawn(|| server.run()), path, control, folder }
    }

    fn control(&self) -> Control {
        Control::connect(&self.control, PATIENCE).unwrap()
    }

    fn ask(&self, request: &ControlRequest) -> ControlState {
        self.control().ask(request).unwrap()
    }

    fn connect(&self) -> Socket {
        let socket = UnixStream::connect(&self.path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Socket(socket)
    }

    fn stop(self) -> TempDir {
        self.handle.stop();
        self.thread.join().unwrap().unwrap();
        assert!(!self.control.exists() && !self.path.exists());
        self.folder
    }
}

/// What the emulator answers to bytes, as a document.
fn say(control: &Path, bytes: &[u8]) -> serde_json::Value {
    let mut socket = UnixStream::connect(control).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    // Who has read enough answers and closes.
    let _closed = socket.write_all(bytes);
    let _closed = socket.shutdown(std::net::Shutdown::Write);
    let mut answer = String::new();
    let _reset = socket.read_to_string(&mut answer);
    assert_eq!(answer.lines().count(), 1, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

fn fault(script: &str) -> ControlRequest {
    ControlRequest::Fault { script: script.to_owned() }
}

#[test]
fn it_lies_beside_the_tokens_socket_and_is_its_users_alone() {
    for (listen, control) in
        [("/a/fob.sock", "/a/fob.ctl"), ("/a/fob", "/a/fob.ctl"), ("/a/fob.ctl", "/a/fob.ctl.ctl"), ("b.x", "b.x.ctl")]
    {
        assert_eq!(control_path(&Listen::Unix(listen.into())), Some(control.into()));
    }
    assert_eq!(control_path(&"tcp:127.0.0.1:0".parse().unwrap()), None);
    let server = Running::start();
    assert_eq!(fs::metadata(&server.control).unwrap().mode() & 0o777, 0o600);
    server.stop();
}

#[test]
fn plugs_and_faults_are_worked_from_outside() {
    let server = Running::start();
    let mut connection = server.connect();
    birth(&mut connection);
    let boot = init(&mut connection, [1; 8]).boot;

    let state = server.ask(&ControlRequest::Unplug { back: None });
    assert!(!state.plugged && state.powered && state.times_unplugged == 1, "{state:?}");
    assert_eq!(connection.0.read(&mut [0; 64]).unwrap(), 0, "connections are closed");
    assert_eq!(server.connect().0.read(&mut [0; 64]).unwrap_or(0), 0, "new ones too");
    assert!(server.ask(&ControlRequest::Plug).plugged);
    let mut connection = server.connect();
    assert_eq!(init(&mut connection, [2; 8]).boot, boot, "it had kept its power");

    assert!(!server.ask(&ControlRequest::Kill { back: Some(5_000) }).powered);
    let state = server.ask(&ControlRequest::Advance { milliseconds: 5_000 });
    assert!(state.plugged && state.powered && state.clock == 5_000 && state.scripted_clock, "{state:?}");
    let mut connection = server.connect();
    let after = init(&mut connection, [3; 8]);
    assert_eq!((after.boot == boot, after.state), (false, TokenState::Born));

    let state = server.ask(&fault("repeat in 2; kill program 7"));
    assert_eq!(state.faults[1].fault, "kill program 7");
    for nonce in [4, 5] {
        init(&mut connection, [nonce; 8]);
    }
    assert_eq!(connection.receive()[7], 5, "it comes twice");
    let state = server.ask(&ControlRequest::Faults);
    assert_eq!((state.faults[0].seen, state.faults[0].fired), (2, 1));
    assert!(server.ask(&ControlRequest::Clear).faults.is_empty());
    server.stop();
}

#[test]
fn a_flash_is_copied_and_put_back_whole() {
    let server = Running::start();
    birth(&mut server.connect());
    let serial = init(&mut server.connect(), [1; 8]).serial;
    let born = server.control().snapshot().unwrap();
    assert_eq!(born.len(), FlashImage::CAPACITY);

    let blank = Emulator::builder().start().unwrap().into_flash().content().to_vec();
    let mut connection = server.connect();
    let boot = init(&mut connection, [2; 8]).boot;
    assert!(server.control().restore(&blank).unwrap().plugged);
    assert_eq!(connection.0.read(&mut [0; 64]).unwrap(), 0);
    let found = init(&mut server.connect(), [3; 8]);
    assert_eq!((found.state, found.boot == boot), (TokenState::Blank, false));

    // What is no token's changes nothing, not even the session.
    let mut connection = server.connect();
    let boot = init(&mut connection, [4; 8]).boot;
    for wrong in [vec![], vec![0x5a; FlashImage::CAPACITY], born[1..].to_vec()] {
        let refused = server.control().restore(&wrong);
        assert!(
            matches!(&refused, Err(ControlError::Refused(refusal)) if refusal.code == "image-refused"),
            "{refused:?}"
        );
    }
    assert_eq!(init(&mut connection, [5; 8]).boot, boot);

    server.control().restore(&born).unwrap();
    assert_eq!(init(&mut server.connect(), [6; 8]).serial, serial);
    let image = server.folder.path().join("flash.img");
    assert!(FlashImage::open(&image).is_err(), "the new file is locked as the old one was");
    assert_eq!(fs::metadata(&image).unwrap().mode() & 0o777, 0o600);
    let folder = server.stop();
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["flash.img"], "nothing is left over");
    let mut emulator = Emulator::builder().flash(FlashImage::open(&image).unwrap()).start().unwrap();
    assert_eq!(init(&mut emulator, [7; 8]).serial, serial);
}

#[test]
fn what_it_cannot_read_it_refuses_and_goes_on() {
    let server = Running::start();
    let line = |rest: &str| format!("{{\"schema\":\"{CONTROL_SCHEMA}\",{rest}}}\n");
    let long = line(&format!("\"do\":\"fault\",\"script\":\"{}\"", "x".repeat(1 << 20)));
    let nested = "[".repeat(100_000) + "\n";
    for (bytes, code) in [
        (&b"\n"[..], "control-request"),
        (b"plug\n", "control-request"),
        (b"[]\n", "control-request"),
        (b"{}\n", "control-request"),
        (b"\xff\xfe\x00\n", "control-request"),
        (b"{\"do\":\"plug\"}\n", "control-request"),
        (b"{\"schema\":\"keyfob.emulator-control.v2\",\"do\":\"plug\"}\n", "control-request"),
        (line("\"do\":\"explode\"").as_bytes(), "control-request"),
        (line("\"do\":\"plug\",\"more\":1").as_bytes(), "control-request"),
        (line("\"do\":\"advance\"").as_bytes(), "control-request"),
        (line("\"do\":\"advance\",\"milliseconds\":-1").as_bytes(), "control-request"),
        (line("\"do\":\"advance\",\"milliseconds\":1e400").as_bytes(), "control-request"),
        (line("\"do\":\"restore\",\"flash\":\"0g\"").as_bytes(), "control-request"),
        (line("\"do\":\"fault\",\"script\":\"explode in 3\"").as_bytes(), "fault-unknown"),
        (line(&format!("\"do\":\"fault\",\"script\":\"{}\"", "drop in;".repeat(257))).as_bytes(), "too-many-faults"),
        (line("\"do\":\"plug\"").trim_end().as_bytes(), "control-request"),
        (long.as_bytes(), "control-request"),
        (nested.as_bytes(), "control-request"),
    ] {
        let answer = say(&server.control, bytes);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
        assert_eq!((&answer["schema"], &answer["refused"]["code"]), (&CONTROL_SCHEMA.into(), &code.into()), "{shown}");
    }
    let state = server.ask(&ControlRequest::Status);
    assert!(state.plugged && state.faults.is_empty() && state.clock == 0, "{state:?}");
    server.stop();
}

/// Random lines, some of them nearly requests: each is answered or the connection ends, and programs go on.
#[test]
fn garbage_does_no_harm() {
    let server = Running::start();
    let mut random = Random(7);
    let request = format!("{{\"schema\":\"{CONTROL_SCHEMA}\",\"do\":\"fault\",\"script\":\"drop in 900000000\"}}\n");
    for _ in 0..300 {
        let mut bytes = request.clone().into_bytes();
        if random.number().is_multiple_of(4) {
            bytes = random.report().to_vec();
        }
        for _ in 0..random.number() % 4 {
            let place = random.number() as usize % bytes.len();
            bytes[place] = random.number() as u8;
        }
        let mut socket = UnixStream::connect(&server.control).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let _closed = socket.write_all(&bytes);
        let _closed = socket.shutdown(std::net::Shutdown::Write);
        let mut answers = String::new();
        socket.read_to_string(&mut answers).unwrap();
        for answer in answers.lines() {
            let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
            assert_eq!(answer["schema"], CONTROL_SCHEMA);
        }
        assert!(!answers.is_empty());
    }
    server.ask(&ControlRequest::Clear);
    init(&mut server.connect(), [1; 8]);
    server.stop();
}

/// Those who only hold connections keep nobody from the token, and others only as long as they hold all of them.
#[test]
fn idle_connections_are_few_and_end_with_the_server() {
    let server = Running::start();
    let mut idle: Vec<_> = (0..8).map(|_| UnixStream::connect(&server.control).unwrap()).collect();
    for control in &mut idle {
        control.write_all(b"{").unwrap();
    }
    let mut ninth = UnixStream::connect(&server.control).unwrap();
    ninth.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(ninth.read(&mut [0; 1]).unwrap_or(0), 0);
    init(&mut server.connect(), [1; 8]);
    idle.pop();
    let mut tries = 0;
    while server.control().ask(&ControlRequest::Status).is_err() {
        thread::sleep(Duration::from_millis(5));
        tries += 1;
        assert!(tries < 1_000);
    }
    server.stop();
    idle[0].set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(idle[0].read(&mut [0; 1]).unwrap(), 0);
}
