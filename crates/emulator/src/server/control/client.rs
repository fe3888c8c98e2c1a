//! The other side of a control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::message::{answered, image, requested};
use super::{ControlRefusal, ControlRequest, ControlState};

/// How long an answer may be: longer than a line of requests, since it has a state around an image.
const ANSWER: u64 = 4 << 20;

/// Why an emulator couldn't be controlled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// Nothing answers, or not in time.
    #[error("{0}")]
    Unreachable(#[from] io::Error),
    /// What answers there speaks something else.
    #[error("what answers there is no emulator of this version")]
    Answer,
    /// The emulator refuses.
    #[error(transparent)]
    Refused(#[from] ControlRefusal),
}

/// A connection to an emulator's control socket.
#[derive(Debug)]
pub struct Control {
    reader: BufReader<UnixStream>,
}

impl Control {
    /// Connects.
    ///
    /// # Errors
    /// [`ControlError::Unreachable`]
    pub fn connect(path: &Path, timeout: Duration) -> Result<Self, ControlError> {
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(timeout))?;
        socket.set_write_timeout(Some(timeout))?;
        Ok(Self { reader: BufReader::new(socket) })
    }

    /// Asks for something, and tells how things are then.
    ///
    /// # Errors
    /// [`ControlError`]
    pub fn ask(&mut self, request: &ControlRequest) -> Result<ControlState, ControlError> {
        self.reader.get_mut().write_all(requested(request).as_bytes())?;
        let mut line = Vec::new();
        self.reader.by_ref().take(ANSWER).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(answered(&line).ok_or(ControlError::Answer)??)
    }

    /// Copies what the flash holds.
    ///
    /// # Errors
    /// [`ControlError`]
    ///
    /// # Security
    /// The copy holds the token's keys in the clear.
    pub fn snapshot(&mut self) -> Result<Vec<u8>, ControlError> {
        let state = self.ask(&ControlRequest::Snapshot)?;
        state.flash.as_deref().and_then(image).ok_or(ControlError::Answer)
    }

    /// Puts other content into the flash, all or nothing, and restarts the token.
    ///
    /// # Errors
    /// [`ControlError`]; the token goes on as it was.
    pub fn restore(&mut self, content: &[u8]) -> Result<ControlState, ControlError> {
        self.ask(&ControlRequest::restore(content))
    }
}
