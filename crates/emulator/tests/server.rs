//! The token behind a socket: many programs at once, none of which can stop another.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use keyfob_emulator::{Clock, Emulator, FlashImage, Handle, Listen, ListenError, Server, ServerError};
use keyfob_wire::init::TokenState;
use keyfob_wire::{ChannelId, Command, Report, Status};
use support::{Port, Random, birth, call, init, next_message, reports};
use tempfile::TempDir;

/// A connection to a server.
struct Socket<S>(S);

impl<S: Read + Write> Port for Socket<S> {
    fn send(&mut self, report: &Report) {
        self.0.write_all(report).unwrap();
    }

    fn receive(&mut self) -> Report {
        let mut report = [0; 64];
        self.0.read_exact(&mut report).unwrap();
        report
    }
}

/// A server that runs in a thread.
struct Running {
    handle: Handle,
    thread: JoinHandle<Result<Emulator, ServerError>>,
    address: Listen,
    path: PathBuf,
    _folder: TempDir,
}

impl Running {
    fn start() -> Self {
        Self::with(Emulator::builder().start().unwrap())
    }

    fn with(emulator: Emulator) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fob.sock");
        Self::listen(emulator, &Listen::Unix(path.clone()), path, folder)
    }

    fn listen(emulator: Emulator, listen: &Listen, path: PathBuf, folder: TempDir) -> Self {
        let server = Server::bind(listen, emulator).unwrap();
        let (handle, address) = (server.handle(), server.local_address().clone());
        Self { handle, thread: thread::spawn(|| server.run()), address, path, _folder: folder }
    }

    fn connect(&self) -> Socket<UnixStream> {
        let socket = UnixStream::connect(&self.path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Socket(socket)
    }

    fn stop(self) -> Emulator {
        self.handle.stop();
        self.thread.join().unwrap().unwrap()
    }
}

/// Longer than anything should take, on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn error(status: Status) -> (u8, Vec<u8>) {
    (Command::Error.byte(), status.number().to_be_bytes().to_vec())
}

#[test]
fn a_token_is_born_over_a_socket_and_comes_back_when_the_server_stops() {
    let server = Running::start();
    let mut connection = server.connect();
    birth(&mut connection);
    let serial = init(&mut connection, [1; 8]).serial;
    let path = server.path.clone();
    let mut emulator = server.stop();
    assert_eq!(init(&mut emulator, [2; 8]).serial, serial);
    assert!(!path.exists(), "the socket's file is gone");
    assert_eq!(connection.0.read(&mut [0; 64]).unwrap(), 0, "connections are closed");
}

#[test]
fn tcp_serves_too() {
    let folder = tempfile::tempdir().unwrap();
    let listen = "tcp:127.0.0.1:0".parse().unwrap();
    let server = Running::listen(Emulator::builder().start().unwrap(), &listen, PathBuf::new(), folder);
    let Listen::Tcp(address) = server.address else { panic!("{}", server.address) };
    assert_ne!(address.port(), 0);
    assert_eq!(server.address.to_string().parse::<Listen>().unwrap(), server.address);
    let mut connection = Socket(TcpStream::connect(address).unwrap());
    birth(&mut connection);
    server.stop();
}

/// Eight programs, each on channels of its own, while every one sees everybody's reports.
#[test]
fn many_programs_use_it_at_once() {
    let server = Running::start();
    let accepted = &AtomicUsize::new(0);
    thread::scope(|scope| {
        for program in 0..8_u8 {
            let mut connection = server.connect();
            scope.spawn(move || {
                let channel = init(&mut connection, [program; 8]).channel;
                // So few that nobody's answer can be lost, however late it is read.
                for round in 0..25 {
                    let answer = call(&mut connection, channel, Command::Record, &[program; 20]);
                    assert_eq!(answer, error(Status::SessionRefused), "program {program}, round {round}");
                    // Longer messages take turns: of two at once, one is told to wait.
                    match call(&mut connection, channel, Command::Install, &[program; 300]) {
                        answer if answer == error(Status::NotReady) => {
                            accepted.fetch_add(1, Ordering::Relaxed);
                        }
                        answer => assert_eq!(answer, error(Status::Busy), "program {program}, round {round}"),
                    }
                }
            });
        }
    });
    assert!(accepted.load(Ordering::Relaxed) > 0, "nobody ever had a turn");
    server.stop();
}

#[test]
fn everybody_sees_every_report() {
    let server = Running::start();
    let (mut one, mut other) = (server.connect(), server.connect());
    init(&mut other, [8; 8]);
    let answer = init(&mut one, [9; 8]);
    let (_, seen) = next_message(&mut other, ChannelId::BROADCAST);
    assert_eq!(seen, answer.to_bytes());
    server.stop();
}

/// What one program doesn't read costs another nothing, and neither does what it writes without reading.
#[test]
fn a_program_that_never_reads_stops_nobody() {
    let server = Running::start();
    let mut lazy = server.connect();
    let mut other = server.connect();
    for number in 0..2_000_u64 {
        lazy.send(&reports(ChannelId::BROADCAST, Command::Init, &number.to_be_bytes())[0]);
    }
    // The newest report is never lost, and then there is nothing but the other's own.
    while next_message(&mut other, ChannelId::BROADCAST).1[..8] != 1_999_u64.to_be_bytes() {}
    for number in 0..2_000_u64 {
        init(&mut other, (number | 1 << 63).to_be_bytes());
    }
    // What it still gets are whole reports, each one sound, in order and up to the newest.
    init(&mut other, [0xee; 8]);
    let mut read = 0;
    lazy.0.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut bytes = Vec::new();
    let _timed_out = lazy.0.read_to_end(&mut bytes);
    assert_eq!(bytes.len() % 64, 0);
    let mut last = None;
    for report in bytes.chunks(64) {
        assert_eq!(report[..7], [0xff, 0xff, 0xff, 0xff, 0x86, 0, 36], "report {read}");
        let number = u64::from_be_bytes(report[7..15].try_into().unwrap());
        if number < 1 << 63 {
            assert!(last < Some(number), "{number} after {last:?}");
            last = Some(number);
        }
        read += 1;
    }
    assert!((256..4_000).contains(&read), "{read} of 4,001 reports");
    assert_eq!(bytes[bytes.len() - 57..][..8], [0xee; 8]);
    for (number, report) in (0..2_000_u64).rev().zip(bytes.chunks(64).rev().skip(1)).take(255) {
        assert_eq!(report[7..15], (number | 1 << 63).to_be_bytes());
    }
    // It reads again, and everything is well.
    init(&mut lazy, [0xdd; 8]);
    server.stop();
}

#[test]
fn a_program_killed_within_a_message_stops_nobody() {
    let server = Running::start();
    let mut other = server.connect();
    let channel = init(&mut other, [1; 8]).channel;
    let mut killed = server.connect();
    let abandoned = init(&mut killed, [2; 8]).channel;
    let half = reports(abandoned, Command::Install, &[0; 300]);
    killed.send(&half[0]);
    // Half a report too.
    killed.0.write_all(&half[1][..20]).unwrap();
    killed.0.shutdown(Shutdown::Both).unwrap();
    drop(killed);

    // Short messages pass at once; a long one may be told to wait, and isn't after half a second.
    let began = Instant::now();
    assert_eq!(call(&mut other, channel, Command::Record, &[0; 20]), error(Status::SessionRefused));
    let accepted = loop {
        match call(&mut other, channel, Command::Install, &[0; 300]) {
            answer if answer == error(Status::Busy) => thread::sleep(Duration::from_millis(20)),
            answer => break answer,
        }
        assert!(began.elapsed() < PATIENCE);
    };
    assert_eq!(accepted, error(Status::NotReady));
    server.stop();
}

/// The timer works without any report that would make the token look at the clock.
#[test]
fn what_is_due_is_said_in_time() {
    let server = Running::start();
    let mut connection = server.connect();
    let channel = init(&mut connection, [1; 8]).channel;
    for _ in 0..2 {
        let began = Instant::now();
        connection.send(&reports(channel, Command::Install, &[0; 300])[0]);
        assert_eq!(next_message(&mut connection, channel), error(Status::TimedOut));
        assert!(began.elapsed() >= Duration::from_millis(499), "{:?}", began.elapsed());
    }
    server.stop();
}

#[test]
fn scripted_time_passes_through_the_handle() {
    let server = Running::with(Emulator::builder().clock(Clock::scripted()).start().unwrap());
    let mut connection = server.connect();
    let channel = init(&mut connection, [1; 8]).channel;
    connection.send(&reports(channel, Command::Install, &[0; 300])[0]);
    // An answer to what was sent later says that the report has arrived.
    init(&mut connection, [2; 8]);
    assert_eq!(server.handle.with_emulator(|emulator| emulator.advance(499)), Some(()));
    init(&mut connection, [3; 8]);
    assert_eq!(server.handle.with_emulator(|emulator| emulator.advance(1)), Some(()));
    assert_eq!(next_message(&mut connection, channel), error(Status::TimedOut));
    let handle = server.handle.clone();
    server.stop();
    assert_eq!(handle.with_emulator(|_| ()), None);
}

#[test]
fn unplugging_closes_connections() {
    let server = Running::start();
    let mut connection = server.connect();
    birth(&mut connection);
    let before = init(&mut connection, [1; 8]);
    server.handle.power_cycle().unwrap();
    assert_eq!(connection.0.read(&mut [0; 64]).unwrap(), 0);
    let mut connection = server.connect();
    let after = init(&mut connection, [2; 8]);
    assert_eq!((after.serial, after.state), (before.serial, TokenState::Born));
    assert_ne!(after.boot, before.boot);
    server.stop();
}

#[test]
fn garbage_from_many_does_no_harm() {
    let server = Running::start();
    thread::scope(|scope| {
        for seed in 0..4 {
            let mut connection = server.connect();
            scope.spawn(move || {
                let mut random = Random(seed);
                for _ in 0..2_000 {
                    let report = random.report();
                    connection.0.write_all(&report).unwrap();
                }
                // Out of step from here on.
                connection.0.write_all(&random.report()[..13]).unwrap();
                connection.0.write_all(&random.report()).unwrap();
            });
        }
    });
    let mut connection = server.connect();
    let answered = AtomicBool::new(false);
    thread::scope(|scope| {
        // There may still be so much garbage to answer that an answer is lost: it is asked for again.
        let mut asking = Socket(connection.0.try_clone().unwrap());
        let answered = &answered;
        scope.spawn(move || {
            while !answered.load(Ordering::Relaxed) {
                asking.send(&reports(ChannelId::BROADCAST, Command::Init, b"survived")[0]);
                thread::sleep(Duration::from_millis(50));
            }
        });
        init(&mut connection, *b"survived");
        answered.store(true, Ordering::Relaxed);
    });
    server.stop();
}

#[test]
fn too_many_connections_are_closed_and_others_stay() {
    let server = Running::start();
    let mut connections: Vec<_> = (0..64).map(|_| server.connect()).collect();
    for connection in &mut connections {
        init(connection, [1; 8]);
    }
    assert_eq!(server.connect().0.read(&mut [0; 64]).unwrap(), 0);
    // A place becomes free when its connection's end has been seen.
    connections.truncate(63);
    let until = Instant::now() + PATIENCE;
    let ask = reports(ChannelId::BROADCAST, Command::Init, &[2; 8])[0];
    let admitted = |mut socket: UnixStream| socket.write_all(&ask).and_then(|()| socket.read_exact(&mut [0; 64]));
    while admitted(server.connect().0).is_err() {
        assert!(Instant::now() < until);
    }
    init(&mut connections[0], [3; 8]);
    server.stop();
}

#[test]
fn the_socket_is_its_users_alone_and_has_one_server() {
    let server = Running::start();
    let found = fs::metadata(&server.path).unwrap();
    assert_eq!(found.mode() & 0o777, 0o600);
    let second = Server::bind(&Listen::Unix(server.path.clone()), Emulator::builder().start().unwrap());
    assert!(matches!(second, Err(ListenError::InUse { .. })));
    init(&mut server.connect(), [1; 8]);
    assert_eq!(fs::metadata(&server.path).unwrap().ino(), found.ino());
    server.stop();
}

#[test]
fn a_dead_servers_socket_is_replaced_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fob.sock");
    let bind = || Server::bind(&Listen::Unix(path.clone()), Emulator::builder().start().unwrap());
    // A listener that goes without removing its file, as one that is killed.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(bind().unwrap());
    assert!(!path.exists(), "a server that never ran removes its file too");

    fs::write(&path, "mine").unwrap();
    assert!(matches!(bind(), Err(ListenError::NotASocket { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    fs::remove_file(&path).unwrap();

    // Whoever took the name meanwhile keeps it.
    let server = bind().unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    drop(server);
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    let far = folder.path().join("no/such/folder");
    assert!(matches!(
        Server::bind(&Listen::Unix(far), Emulator::builder().start().unwrap()),
        Err(ListenError::Bind { .. })
    ));
}

#[test]
fn an_image_is_free_once_the_server_has_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("fob");
    let server = Running::with(Emulator::builder().flash(FlashImage::create(&image).unwrap()).start().unwrap());
    let handle = server.handle.clone();
    let mut connection = server.connect();
    let request = birth(&mut connection);
    drop(server.stop());
    let mut emulator = Emulator::builder().flash(FlashImage::open(&image).unwrap()).start().unwrap();
    let signed = request.len() - 64;
    assert_eq!(birth(&mut emulator)[..signed], request[..signed]);
    handle.stop();
}

#[test]
fn addresses_are_read_as_they_are_written() {
    for text in ["unix:/run/fob.sock", "tcp:127.0.0.1:7000", "tcp:[::1]:7000"] {
        assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
    }
    for text in ["", "unix:", "/run/fob.sock", "tcp:localhost", "tcp:", "udp:127.0.0.1:7000"] {
        assert!(matches!(text.parse::<Listen>(), Err(ListenError::Unknown { .. })), "{text}");
    }
}

/// A token that panics isn't served any more, and the server says so instead of hanging.
#[test]
fn a_panic_ends_the_server() {
    let server = Running::start();
    let mut connection = server.connect();
    init(&mut connection, [1; 8]);
    let handle = server.handle.clone();
    let panicked = thread::spawn(move || handle.with_emulator(|_| panic!("as a token that panics"))).join();
    assert!(panicked.is_err());
    let _closed = connection.0.write_all(&[0; 64]);
    assert!(matches!(server.thread.join().unwrap(), Err(ServerError::TokenLost)));
}
