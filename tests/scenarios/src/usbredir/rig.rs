//! Emulators on a USB bus.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use keyfob::{Connect, Transport};
use keyfob_conformance::{Failure, Fob, Rig};
use keyfob_emulator::{
    Builder, Clock, Control, ControlRequest, ControlState, ControlUsb, Emulator, Handle, Listen, Server, ServerError,
};
use tempfile::TempDir;

use super::guest::Guest;

const PATIENCE: Duration = Duration::from_secs(10);

/// Emulators, each with a virtual machine that has its device.
pub struct Redirected;

impl Rig for Redirected {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        let running = Running::start(Emulator::builder().clock(Clock::scripted()))?;
        let guest = Arc::new(Guest::start(running.path())?);
        Ok(Box::new(Driven { guest, running }))
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        Some(self.fob())
    }
}

struct Driven {
    guest: Arc<Guest>,
    running: Running,
}

impl Fob for Driven {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(Way(Arc::clone(&self.guest)))
    }

    fn restart(&mut self) -> Option<io::Result<()>> {
        let returns = self.guest.returns();
        let cycled = self.running.handle.power_cycle().map_err(io::Error::other);
        // Whoever opens the device now means the one that comes back.
        let until = Instant::now() + PATIENCE;
        while cycled.is_ok() && self.guest.returns() == returns && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        Some(cycled)
    }

    fn advance(&mut self, milliseconds: u64) -> bool {
        self.running.handle.with_emulator(|emulator| emulator.advance(milliseconds)).is_some()
    }

    fn light(&self) -> Option<bool> {
        self.running.handle.with_emulator(|emulator| emulator.light().is_on())
    }
}

/// A way to the device in a virtual machine.
pub struct Way(pub Arc<Guest>);

impl Connect for Way {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(self.0.open()?))
    }
}

/// An emulator on a bus, with a control socket, in a folder that goes away.
pub struct Running {
    folder: TempDir,
    path: PathBuf,
    handle: Handle,
    thread: Option<JoinHandle<Result<Emulator, ServerError>>>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// If it doesn't start.
    pub fn start(builder: Builder) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("bus");
        let server = Server::new(builder.start()?)?.with_usbredir(&Listen::Unix(path.clone()))?;
        let server = server.with_control(&folder.path().join("ctl"))?;
        let (handle, thread) = (server.handle(), Some(thread::spawn(|| server.run())));
        Ok(Self { folder, path, handle, thread })
    }

    /// Where virtual machines connect to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reaches the emulator.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Gives an order at the control socket.
    ///
    /// # Panics
    /// If it is refused.
    pub fn order(&self, request: &ControlRequest) -> ControlState {
        let mut control = Control::connect(&self.folder.path().join("ctl"), PATIENCE).expect("it is there");
        control.ask(request).expect("it obeys")
    }

    /// How things are on the bus.
    ///
    /// # Panics
    /// If it is on none.
    #[must_use]
    pub fn usb(&self) -> ControlUsb {
        self.order(&ControlRequest::Status).usb.expect("it is on a bus")
    }

    /// Waits until things are so on the bus.
    ///
    /// # Panics
    /// If they don't become so.
    pub fn wait(&self, wanted: impl Fn(&ControlUsb) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !wanted(&self.usb()) {
            assert!(Instant::now() < until, "{:?}", self.usb());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stops it.
    ///
    /// # Panics
    /// If it has panicked.
    pub fn stop(mut self) -> Emulator {
        self.handle.stop();
        self.thread.take().expect("once").join().expect("it didn't panic").expect("it had the token")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
