//! An emulator's control socket, as a port of the guest's.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use keyfob_emulator::{CONTROL_SCHEMA, ControlRequest, ControlState, FlashImage};
use serde_json::Value;

use crate::report::port;

/// Who holds a fob's plug.
#[derive(Clone)]
pub(crate) struct Control(Arc<Mutex<BufReader<File>>>);

impl Control {
    /// The control of the fob at a port of the bus.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn of(number: usize) -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(BufReader::new(port(&format!("control{number}"))?)))))
    }

    /// The control at the other end of a socket.
    pub(crate) fn over(socket: UnixStream) -> Self {
        Self(Arc::new(Mutex::new(BufReader::new(File::from(OwnedFd::from(socket))))))
    }

    /// Asks for something, and tells how things are then.
    ///
    /// # Errors
    /// If the emulator refuses.
    pub(crate) fn ask(&self, request: &ControlRequest) -> Result<ControlState> {
        let mut value = serde_json::to_value(request)?;
        value.as_object_mut().context("no object")?.insert("schema".into(), CONTROL_SCHEMA.into());
        self.exchange(&value)
    }

    /// Makes the fob a blank one, which unplugs it for a moment.
    ///
    /// # Errors
    /// If the emulator refuses.
    pub(crate) fn erase(&self) -> Result<ControlState> {
        self.ask(&ControlRequest::restore(FlashImage::memory().content()))
    }

    fn exchange(&self, request: &Value) -> Result<ControlState> {
        let mut port = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        port.get_mut().write_all(format!("{request}\n").as_bytes())?;
        let mut line = String::new();
        port.read_line(&mut line)?;
        let mut answer: Value = serde_json::from_str(&line).with_context(|| format!("the answer: {line}"))?;
        match answer.get_mut("done") {
            Some(done) => Ok(serde_json::from_value(done.take())?),
            None => bail!("refused: {line}"),
        }
    }
}
