//! A driver on a host that attaches the device again whenever it comes back: whoever opens it hears all reports.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use keyfob::Transport;
use keyfob_wire::Report;

/// The device's number, as the import's answer says it: bus 1, device 2.
const DEVICE: u32 = 0x0001_0002;
/// How many transfers from the device wait at any time.
const WAITING: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(10);

/// A host that drives the device.
pub struct Attached {
    shared: Arc<Mutex<Shared>>,
    driver: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// The connection, while the device is there. A thread has the other direction.
    socket: Option<TcpStream>,
    number: u32,
    openers: Vec<Sender<Report>>,
    /// How often the device has come.
    arrivals: u64,
    is_over: bool,
}

impl Attached {
    /// Starts one, and waits until it has the device.
    ///
    /// # Errors
    /// If it doesn't get it.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let shared = Arc::<Mutex<Shared>>::default();
        let driven = Arc::clone(&shared);
        let driver = thread::spawn(move || {
            while !lock(&driven).is_over {
                // The connection has ended, or there is no device now: it may come back.
                let _ended = drive(&driven, address);
                let mut shared = lock(&driven);
                shared.socket = None;
                shared.openers.clear();
                drop(shared);
                thread::sleep(Duration::from_millis(1));
            }
        });
        let attached = Self { shared, driver: Some(driver) };
        attached.await_arrival(0)?;
        Ok(attached)
    }

    /// How often the device has come so far.
    #[must_use]
    pub fn arrivals(&self) -> u64 {
        lock(&self.shared).arrivals
    }

    /// Waits until it has come more often.
    ///
    /// # Errors
    /// If it doesn't.
    pub fn await_arrival(&self, before: u64) -> io::Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.arrivals() == before {
            if Instant::now() > until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Opens the device.
    ///
    /// # Errors
    /// If it isn't there.
    pub fn open(&self) -> io::Result<Pipe> {
        let mut shared = lock(&self.shared);
        if shared.socket.is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let (sender, reports) = channel();
        shared.openers.push(sender);
        Ok(Pipe { shared: Arc::clone(&self.shared), reports, arrival: shared.arrivals })
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        shared.is_over = true;
        if let Some(socket) = &shared.socket {
            let _ended = socket.shutdown(Shutdown::Both);
        }
        drop(shared);
        if let Some(driver) = self.driver.take() {
            let _ended = driver.join();
        }
    }
}

/// Imports the device, configures it and hands on its reports until the connection ends.
fn drive(shared: &Mutex<Shared>, address: SocketAddr) -> io::Result<()> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut request = b"\x01\x11\x80\x03\0\0\0\x001-1".to_vec();
    request.resize(40, 0);
    socket.write_all(&request)?;
    let mut answer = [0; 8];
    socket.read_exact(&mut answer)?;
    if answer != *b"\x01\x11\0\x03\0\0\0\0" {
        return Err(io::ErrorKind::NotFound.into());
    }
    socket.read_exact(&mut [0; 312])?;
    socket.set_read_timeout(None)?;

    let mut opened = lock(shared);
    if opened.is_over {
        return Ok(());
    }
    // SET_CONFIGURATION, and transfers that wait for reports. What is to the device is answered without data.
    opened.socket = Some(socket.try_clone()?);
    opened.submit(0, 0, [0, 9, 1, 0, 0, 0, 0, 0], &[])?;
    let mut waiting = Vec::new();
    for _ in 0..WAITING {
        waiting.push(opened.submit(1, 1, [0; 8], &[])?);
    }
    opened.arrivals += 1;
    drop(opened);

    loop {
        let mut header = [0; 48];
        socket.read_exact(&mut header)?;
        let word = |place: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| header[4 * place + byte]));
        assert_eq!((word(0), word(5)), (3, 0), "everything is carried out");
        let Some(place) = waiting.iter().position(|number| *number == word(1)) else { continue };
        assert_eq!((place, word(6)), (0, 64), "whole reports, in the order in which they were waited for");
        let mut report = [0; 64];
        socket.read_exact(&mut report)?;
        waiting.remove(place);
        let mut shared = lock(shared);
        waiting.push(shared.submit(1, 1, [0; 8], &[])?);
        shared.openers.retain(|opener| opener.send(report).is_ok());
    }
}

impl Shared {
    /// Asks for a transfer; gives its number.
    fn submit(&mut self, direction: u32, endpoint: u32, setup: [u8; 8], data: &[u8]) -> io::Result<u32> {
        self.number += 1;
        let length = if direction == 1 { 64 } else { data.len() as u32 };
        let words = [1, self.number, DEVICE, direction, endpoint, 0, length, 0, u32::MAX, 1];
        let head = words.iter().flat_map(|word| word.to_be_bytes()).chain(setup);
        let bytes: Vec<u8> = head.chain(data.iter().copied()).collect();
        self.socket.as_ref().ok_or(io::ErrorKind::NotConnected)?.write_all(&bytes)?;
        Ok(self.number)
    }
}

/// The device, opened.
pub struct Pipe {
    shared: Arc<Mutex<Shared>>,
    reports: Receiver<Report>,
    /// Which of the device's arrivals it belongs to.
    arrival: u64,
}

impl Transport for Pipe {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        let mut shared = lock(&self.shared);
        if shared.arrivals != self.arrival {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        shared.submit(0, 1, [0; 8], report).map(|_| ())
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        match self.reports.recv_timeout(timeout) {
            Ok(report) => Ok(Some(report)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
