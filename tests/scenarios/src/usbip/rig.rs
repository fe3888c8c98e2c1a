//! Emulators over USB/IP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use keyfob::{Connect, Transport};
use keyfob_conformance::{Failure, Fob, Rig};
use keyfob_emulator::{Clock, Emulator, Handle, Server, ServerError};

use super::host::Attached;

/// Emulators, each with a host that has its device.
pub struct Imported;

impl Rig for Imported {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        let emulator = Emulator::builder().clock(Clock::scripted()).start()?;
        let server = Server::new(emulator)?.with_usbip(SocketAddr::from(([127, 0, 0, 1], 0)));
        let server = server.map_err(|error| Failure::Broken(error.to_string()))?;
        let said = server.usb_address().unwrap_or_default();
        let address = said.split([' ', ',']).find_map(|word| word.parse().ok());
        let address: SocketAddr = address.ok_or_else(|| Failure::Broken(format!("no address: {said}")))?;
        let (handle, thread) = (server.handle(), Some(thread::spawn(|| server.run())));
        let running = Running { handle, thread };
        Ok(Box::new(Driven { host: Arc::new(Attached::start(address)?), running }))
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        Some(self.fob())
    }
}

struct Driven {
    host: Arc<Attached>,
    running: Running,
}

struct Running {
    handle: Handle,
    thread: Option<JoinHandle<Result<Emulator, ServerError>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Fob for Driven {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(Way(Arc::clone(&self.host)))
    }

    fn restart(&mut self) -> Option<io::Result<()>> {
        let arrivals = self.host.arrivals();
        let cycled = self.running.handle.power_cycle().map_err(io::Error::other);
        // Whoever opens the device now means the one that comes back.
        Some(cycled.and_then(|()| self.host.await_arrival(arrivals)))
    }

    fn advance(&mut self, milliseconds: u64) -> bool {
        self.running.handle.with_emulator(|emulator| emulator.advance(milliseconds)).is_some()
    }

    fn light(&self) -> Option<bool> {
        self.running.handle.with_emulator(|emulator| emulator.light().is_on())
    }
}

/// A way to the device on a host.
struct Way(Arc<Attached>);

impl Connect for Way {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(self.0.open()?))
    }
}
