//! The token over USB/IP: one host at a time, transfers that wait, a plug that is pulled.
#![cfg(unix)]

mod support;

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use keyfob_emulator::{Clock, Control, ControlRequest, Emulator, Endpoint, Handle, Server, ServerError};
use keyfob_wire::Report;
use support::{Port, Random, birth, init};
use tempfile::TempDir;

/// Longer than anything should take, on any machine.
const PATIENCE: Duration = Duration::from_secs(30);
const DEVICE: u32 = 0x0001_0002;
const ECONNRESET: i32 = -104;
const EPIPE: i32 = -32;
const BUSY: u8 = 2;
const NO_DEVICE: u8 = 4;

/// A server that runs in a thread.
struct Running {
    handle: Handle,
    thread: JoinHandle<Result<Emulator, ServerError>>,
    address: SocketAddr,
    control: Control,
    _folder: TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let emulator = Emulator::builder().clock(Clock::real()).start().unwrap();
        let server = Server::new(emulator).unwrap().with_usbip("127.0.0.1:0".parse().unwrap()).unwrap();
        let path = folder.path().join("fob.ctl");
        let server = server.with_control(&path).unwrap();
        let said = server.usb_address().unwrap();
        let address =
            said.strip_prefix("usbip on ").and_then(|rest| rest.strip_suffix(", bus id 1-1")).expect("{said}");
        let (handle, address) = (server.handle(), address.parse().unwrap());
        let thread = thread::spawn(|| server.run());
        Self { handle, thread, address, control: Control::connect(&path, PATIENCE).unwrap(), _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    fn list(&self) -> Vec<u8> {
        let mut socket = self.connect();
        socket.write_all(&[1, 0x11, 0x80, 5, 0, 0, 0, 0]).unwrap();
        let mut list = Vec::new();
        socket.read_to_end(&mut list).unwrap();
        list
    }

    fn is_listed(&self) -> bool {
        let list = self.list();
        assert_eq!(list[..11], [1, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        list[11] == 1
    }

    /// Asks for the device; the status, if it isn't given.
    fn import(&self, bus_id: &str) -> Result<Host, u8> {
        let mut socket = self.connect();
        let mut request = [&[1, 0x11, 0x80, 3, 0, 0, 0, 0], bus_id.as_bytes()].concat();
        request.resize(40, 0);
        socket.write_all(&request).unwrap();
        let mut answer = [0; 8];
        socket.read_exact(&mut answer).unwrap();
        assert_eq!(answer[..7], [1, 0x11, 0, 3, 0, 0, 0]);
        if answer[7] != 0 {
            assert_eq!(socket.read(&mut [0]).unwrap(), 0);
            return Err(answer[7]);
        }
        socket.read_exact(&mut [0; 312]).unwrap();
        Ok(Host { socket, number: 0, ins: Vec::new(), answers: VecDeque::new(), reports: VecDeque::new() })
    }

    /// Imports and configures the device, once it is free.
    fn attach(&self) -> Host {
        let began = Instant::now();
        let mut host = loop {
            match self.import("1-1") {
                Ok(host) => break host,
                Err(status) => assert!(status == BUSY && began.elapsed() < PATIENCE, "status {status}"),
            }
        };
        host.configure();
        host
    }

    fn ask(&mut self, request: &ControlRequest) -> keyfob_emulator::ControlState {
        self.control.ask(request).unwrap()
    }

    fn stop(self) -> Emulator {
        self.handle.stop();
        self.thread.join().unwrap().unwrap()
    }
}

/// A host that has the device.
struct Host {
    socket: TcpStream,
    number: u32,
    /// The transfers from the device that wait.
    ins: Vec<u32>,
    /// Those to the device and requests to take one back: number, status, data.
    answers: VecDeque<(u32, i32, Vec<u8>)>,
    reports: VecDeque<Report>,
}

impl Host {
    fn command(&mut self, words: [u32; 8], setup: [u8; 8], data: &[u8]) -> u32 {
        self.number += 1;
        let [command, direction, endpoint, fifth, length, ..] = words;
        let words = [command, self.number, DEVICE, direction, endpoint, fifth, length, 0, 0, 0];
        let bytes = words.iter().flat_map(|word| word.to_be_bytes()).chain(setup).chain(data.iter().copied());
        self.socket.write_all(&bytes.collect::<Vec<_>>()).unwrap();
        self.number
    }

    fn submit_in(&mut self) -> u32 {
        let number = self.command([1, 1, 1, 0, 64, 0, 0, 0], [0; 8], &[]);
        self.ins.push(number);
        number
    }

    fn submit_out(&mut self, data: &[u8]) -> u32 {
        self.command([1, 0, 1, 0, data.len() as u32, 0, 0, 0], [0; 8], data)
    }

    fn submit_control(&mut self, setup: [u8; 8]) -> u32 {
        let length = u16::from_le_bytes([setup[6], setup[7]]);
        let is_in = setup[0] & 0x80 != 0;
        let number = self.command([1, u32::from(is_in), 0, 0, length.into(), 0, 0, 0], setup, &[]);
        if is_in {
            self.ins.push(number);
        }
        number
    }

    fn unlink(&mut self, number: u32) -> u32 {
        self.command([2, 0, 0, number, 0, 0, 0, 0], [0; 8], &[])
    }

    /// Waits for the next message; false if the connection has ended.
    fn hear(&mut self) -> bool {
        let mut header = [0; 48];
        match self.socket.read(&mut header[..1]) {
            Ok(0) => return false,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return false,
            read => assert_eq!(read.unwrap(), 1),
        }
        self.socket.read_exact(&mut header[1..]).unwrap();
        let word = |place: usize| u32::from_be_bytes(header[4 * place..][..4].try_into().unwrap());
        let (number, status) = (word(1), word(5) as i32);
        let was_in = self.ins.iter().position(|waiting| *waiting == number);
        let mut data = Vec::new();
        if let (3, Some(place)) = (word(0), was_in) {
            self.ins.remove(place);
            data.resize(word(6) as usize, 0);
            self.socket.read_exact(&mut data).unwrap();
        }
        match <Report>::try_from(&data[..]) {
            Ok(report) => self.reports.push_back(report),
            Err(_) => self.answers.push_back((number, status, data)),
        }
        true
    }

    /// Waits for the answer to a request.
    fn answer(&mut self, number: u32) -> (i32, Vec<u8>) {
        loop {
            if let Some(place) = self.answers.iter().position(|(answered, ..)| *answered == number) {
                let (_, status, data) = self.answers.remove(place).unwrap();
                return (status, data);
            }
            assert!(self.hear(), "the connection has ended");
        }
    }

    fn control(&mut self, setup: [u8; 8]) -> (i32, Vec<u8>) {
        let number = self.submit_control(setup);
        self.answer(number)
    }

    fn configure(&mut self) {
        assert_eq!(self.control([0, 9, 1, 0, 0, 0, 0, 0]), (0, vec![]));
    }

    fn has_ended(mut self) -> bool {
        while self.hear() {}
        true
    }
}

impl Port for Host {
    fn send(&mut self, report: &Report) {
        let number = self.submit_out(report);
        assert_eq!(self.answer(number), (0, vec![]));
    }

    fn receive(&mut self) -> Report {
        if self.ins.is_empty() {
            self.submit_in();
        }
        while self.reports.is_empty() {
            assert!(self.hear(), "the connection has ended");
        }
        self.reports.pop_front().unwrap()
    }
}

#[test]
fn it_is_listed_and_one_host_at_a_time_has_it() {
    let running = Running::start();
    let list = running.list();
    assert_eq!(list.len(), 12 + 312 + 4);
    assert_eq!(list[0x138..0x13c], [0x12, 0x09, 0, 1], "1209:0001");
    assert_eq!(list[0x144..], [3, 0, 0, 0], "HID");
    assert_eq!(running.import("1-2").err(), Some(NO_DEVICE));
    let host = running.attach();
    assert_eq!(running.import("1-1").err(), Some(BUSY));
    assert!(!running.is_listed());
    drop(host);
    // The next one has it as soon as the first has gone.
    let mut host = running.attach();
    let (status, descriptor) = host.control([0x80, 6, 0, 1, 0, 0, 18, 0]);
    assert_eq!((status, &descriptor[8..12]), (0, &[0x09, 0x12, 1, 0][..]));
    running.stop();
    assert!(host.has_ended());
}

#[test]
fn the_token_answers_and_its_transfers_wait() {
    let running = Running::start();
    let mut host = running.attach();
    // Before there is anything to read.
    let waiting = host.submit_in();
    init(&mut host, *b"nonce--1");
    assert!(!host.ins.contains(&waiting));
    assert_eq!(birth(&mut host).len(), birth(&mut host).len());
    // Whoever loses interest says so.
    let waiting = host.submit_in();
    let unlink = host.unlink(waiting);
    assert_eq!(host.answer(unlink), (ECONNRESET, vec![]));
    let unlink = host.unlink(waiting);
    assert_eq!(host.answer(unlink), (0, vec![]));
    host.ins.clear();
    init(&mut host, *b"nonce--2");
    running.stop();
}

#[test]
fn a_host_that_goes_in_the_middle_leaves_a_device_for_the_next() {
    let mut running = Running::start();
    for round in 0..20_u8 {
        let mut host = running.attach();
        init(&mut host, [round; 8]);
        host.submit_in();
        match round % 4 {
            0 => assert_ne!(host.submit_in(), 0),
            1 => host.socket.write_all(&[0, 0, 0, 1, 0, 0]).unwrap(),
            2 => host.socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n").unwrap(),
            _ => assert_ne!(host.command([1, 0, 1, 0, u32::MAX, 0, 0, 0], [0; 8], &[0; 5000]), 0),
        }
    }
    let usb = running.ask(&ControlRequest::Status).usb.unwrap();
    assert!(usb.reports_out >= 20 && usb.reports_in >= 20, "{usb:?}");
    running.stop();
}

#[test]
fn unplugging_ends_the_connection_and_plugging_in_lets_a_host_have_it_again() {
    let mut running = Running::start();
    for kill in [false, true] {
        let mut host = running.attach();
        init(&mut host, *b"nonce--1");
        host.submit_in();
        assert!(running.ask(&ControlRequest::Status).usb.unwrap().attached);
        running.ask(&if kill { ControlRequest::Kill { back: None } } else { ControlRequest::Unplug { back: None } });
        assert!(host.has_ended());
        assert!(!running.is_listed());
        assert_eq!(running.import("1-1").err(), Some(NO_DEVICE));
        running.ask(&ControlRequest::Plug);
        assert!(running.is_listed());
    }
    let mut host = running.attach();
    init(&mut host, *b"nonce--2");
    running.stop();
}

#[test]
fn a_device_that_hangs_answers_once_it_is_released_but_not_what_was_taken_back() {
    let mut running = Running::start();
    let mut host = running.attach();
    running.ask(&ControlRequest::Hang);
    let out = host.submit_out(&[0; 64]);
    let lost = host.submit_out(&[0; 64]);
    let control = host.submit_control([0x80, 8, 0, 0, 0, 0, 1, 0]);
    let waiting = host.submit_in();
    let unlink = host.unlink(lost);
    assert_eq!(host.answer(unlink), (ECONNRESET, vec![]), "the host's own controller doesn't hang");
    host.socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(host.socket.read(&mut [0]).is_err(), "it says something");
    host.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    running.ask(&ControlRequest::Release);
    assert_eq!(host.answer(control), (0, vec![1]));
    assert_eq!(host.answer(out), (0, vec![]));
    assert_eq!(running.ask(&ControlRequest::Status).usb.unwrap().reports_out, 1);

    running.ask(&ControlRequest::Stall { endpoint: Endpoint::In });
    assert_eq!(host.answer(waiting), (EPIPE, vec![]));
    running.ask(&ControlRequest::Stall { endpoint: Endpoint::Out });
    let out = host.submit_out(&[0; 64]);
    assert_eq!(host.answer(out), (EPIPE, vec![]));
    // CLEAR_FEATURE(ENDPOINT_HALT) of both.
    for endpoint in [0x81, 0x01] {
        assert_eq!(host.control([2, 1, 0, 0, endpoint, 0, 0, 0]), (0, vec![]));
    }
    init(&mut host, *b"nonce--1");
    // A reset of the port: the device has to be configured again.
    assert_eq!(host.control([0x23, 3, 4, 0, 1, 0, 0, 0]), (0, vec![]));
    assert_eq!(host.control([0x80, 8, 0, 0, 0, 0, 1, 0]), (0, vec![0]));
    host.configure();
    init(&mut host, *b"nonce--2");
    assert_eq!(running.ask(&ControlRequest::Status).usb.unwrap().resets, 1);
    running.stop();
}

#[test]
fn connections_that_ask_nothing_or_nonsense_keep_nobody_out() {
    let running = Running::start();
    let silent: Vec<_> = (0..40).map(|_| running.connect()).collect();
    for nonsense in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[1, 0x11, 0x80, 3, 0, 0, 0, 0, b'1'], &[1, 0x11, 9, 9, 0, 0, 0, 0]]
    {
        running.connect().write_all(nonsense).unwrap();
    }
    let mut random = Random(3);
    for _ in 0..100 {
        let start = if random.number() & 1 == 0 { &[1, 0x11, 0x80, 3][..] } else { &[] };
        let mut socket = running.connect();
        socket.write_all(&[start, &random.report()].concat()).unwrap();
    }
    let mut host = running.attach();
    init(&mut host, *b"nonce--1");
    drop(silent);
    // A host that sends and never reads has its own connection to itself.
    let number = host.submit_in();
    host.socket.set_nonblocking(true).unwrap();
    let request = {
        let words = [1, 0, DEVICE, 1, 0, 0, 255, 0, 0, 0_u32];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend([0x80, 6, 0, 1, 0, 0, 255, 0]);
        bytes
    };
    let mut sent = 0_u32;
    for next in number + 1.. {
        let mut request = request.clone();
        request[4..8].copy_from_slice(&next.to_be_bytes());
        match host.socket.write(&request) {
            Ok(48) => sent += 48,
            _ => break,
        }
        assert!(sent < 64 << 20, "everything is taken and kept");
    }
    assert!(!running.is_listed());
    drop(host);
    init(&mut running.attach(), *b"nonce--2");
    running.stop();
}
