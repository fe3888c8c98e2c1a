//! Emulators behind sockets.

use std::io;
use std::thread::{self, JoinHandle};

use keyfob::{Connect, TokenUri};
use keyfob_emulator::{Clock, Emulator, Handle, Listen, Server, ServerError};
use tempfile::TempDir;

use crate::{Failure, Fob, Rig};

/// Emulators that listen, each with a server of its own.
pub struct Served {
    folder: Option<TempDir>,
    made: u32,
}

impl Served {
    /// On Unix sockets, in a folder that goes away, with clocks that stand until they are moved.
    ///
    /// # Errors
    /// If there is no place for the folder.
    pub fn unix() -> io::Result<Self> {
        Ok(Self { folder: Some(tempfile::tempdir()?), made: 0 })
    }

    /// On TCP ports, as if they were far away: nobody can pull the tokens out or look at them. Their clocks
    /// run.
    #[must_use]
    pub fn tcp() -> Self {
        Self { folder: None, made: 0 }
    }

    fn serve(&mut self) -> Result<Running, Failure> {
        self.made += 1;
        let listen = match &self.folder {
            Some(folder) => Listen::Unix(folder.path().join(format!("{}.sock", self.made))),
            None => "tcp:127.0.0.1:0".parse()?,
        };
        // Where the clock can be moved it is only moved, so that a machine that stalls isn't the token's fault.
        let clock = if self.folder.is_some() { Clock::scripted() } else { Clock::real() };
        let server = Server::bind(&listen, Emulator::builder().clock(clock).start()?)?;
        let uri = server.local_address().to_string().parse()?;
        let (handle, is_near) = (server.handle(), self.folder.is_some());
        Ok(Running { uri, handle, is_near, thread: Some(thread::spawn(|| server.run())) })
    }
}

impl Rig for Served {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(self.serve()?))
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        Some(self.fob())
    }
}

struct Running {
    uri: TokenUri,
    handle: Handle,
    is_near: bool,
    thread: Option<JoinHandle<Result<Emulator, ServerError>>>,
}

impl Fob for Running {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.uri.clone())
    }

    fn restart(&mut self) -> Option<io::Result<()>> {
        self.is_near.then(|| self.handle.power_cycle().map_err(io::Error::other))
    }

    fn advance(&mut self, milliseconds: u64) -> bool {
        self.is_near && self.handle.with_emulator(|emulator| emulator.advance(milliseconds)).is_some()
    }

    fn light(&self) -> Option<bool> {
        self.is_near.then(|| self.handle.with_emulator(|emulator| emulator.light().is_on())).flatten()
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
