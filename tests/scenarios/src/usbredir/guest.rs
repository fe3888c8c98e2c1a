//! A driver in the virtual machine: whoever opens the device hears all reports.

use std::io;
use std::net::Shutdown;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use keyfob::Transport;
use keyfob_wire::Report;

use super::wire::{Capabilities, Wire, kind, status};

/// A virtual machine that drives the device.
pub struct Guest(Arc<Mutex<Shared>>);

struct Shared {
    /// Only sends; a thread has the other direction.
    wire: Wire,
    openers: Vec<Sender<Report>>,
    is_present: bool,
    /// How often the device has come back.
    returns: u64,
}

impl Guest {
    /// Starts one on the emulator's socket.
    ///
    /// # Errors
    /// If there is no emulator.
    pub fn start(path: &Path) -> io::Result<Self> {
        let mut wire = Wire::connect(path, Capabilities::QEMU)?;
        wire.enumerate();
        let mut reading = wire.duplicate()?;
        let shared = Arc::new(Mutex::new(Shared { wire, openers: Vec::new(), is_present: true, returns: 0 }));
        let guest = Self(Arc::clone(&shared));
        thread::spawn(move || {
            while let Ok(packet) = reading.next_packet() {
                let mut shared = lock(&shared);
                match packet.kind {
                    kind::INTERRUPT_PACKET if packet.body[..2] == [0x81, status::SUCCESS] => {
                        let report = packet.body[4..].try_into().expect("64 bytes");
                        shared.openers.retain(|opener| opener.send(report).is_ok());
                    }
                    kind::DEVICE_DISCONNECT => {
                        shared.is_present = false;
                        shared.openers.clear();
                    }
                    kind::DEVICE_CONNECT => shared.come(),
                    _ => {}
                }
            }
            let mut shared = lock(&shared);
            shared.is_present = false;
            shared.openers.clear();
        });
        Ok(guest)
    }

    /// How often the device has come back so far.
    #[must_use]
    pub fn returns(&self) -> u64 {
        lock(&self.0).returns
    }

    /// Opens the device.
    ///
    /// # Errors
    /// If it isn't there.
    pub fn open(&self) -> io::Result<Pipe> {
        let mut shared = lock(&self.0);
        if !shared.is_present {
            return Err(io::ErrorKind::NotFound.into());
        }
        let (sender, reports) = channel();
        shared.openers.push(sender);
        Ok(Pipe { shared: Arc::clone(&self.0), reports })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ended = lock(&self.0).wire.socket().shutdown(Shutdown::Both);
    }
}

impl Shared {
    /// Does what a driver does with a device that has come, without waiting for the answers.
    fn come(&mut self) {
        for (kind, body) in
            [(kind::RESET, &[][..]), (kind::SET_CONFIGURATION, &[1]), (kind::START_INTERRUPT_RECEIVING, &[0x81])]
        {
            let _gone = self.wire.send(kind, body);
        }
        self.is_present = true;
        self.returns += 1;
    }
}

/// The device, opened.
pub struct Pipe {
    shared: Arc<Mutex<Shared>>,
    reports: Receiver<Report>,
}

impl Transport for Pipe {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        let body = [&[0x01, 0, 64, 0], &report[..]].concat();
        lock(&self.shared).wire.send(kind::INTERRUPT_PACKET, &body).map(|_| ())
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
