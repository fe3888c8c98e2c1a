//! Emulators that run in the guest itself.

use std::os::unix::net::UnixStream;
use std::process::{Child, Command};

use anyhow::{Context, Result};
use keyfob::{Connect, TokenUri};
use keyfob_conformance::{Raw, message_reports};
use keyfob_wire::{ChannelId, Command as Message};

use crate::bus::await_some;
use crate::control::Control;

/// How long a fob may take to answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// How many round trips a time is taken of.
const ROUND_TRIPS: usize = 200;

/// An emulator, which ends with its owner.
pub(crate) struct Emulated {
    process: Child,
    pub(crate) control: Control,
}

impl Emulated {
    /// Starts one that is reached this way.
    ///
    /// # Errors
    /// If it doesn't run.
    pub(crate) fn start(way: &str) -> Result<Self> {
        let control = format!("/tmp/emulated{way}.ctl");
        let mut command = Command::new("/bin/keyfob");
        command.args(["--quiet", "emulator", "run", "--memory", way, "--control", &control]);
        let process = command.spawn().context("can't start an emulator")?;
        let connected = await_some("an emulator", || UnixStream::connect(&control).ok());
        connected.map(|socket| Self { process, control: Control::over(socket) })
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _waited = self.process.wait();
    }
}

/// Asks a fob for a channel, again and again; tells the median of how long that takes, in milliseconds.
///
/// # Errors
/// If it doesn't answer.
pub(crate) fn round_trips(uri: &str) -> Result<f64> {
    let mut raw = raw(uri)?;
    let mut times = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let start = std::time::Instant::now();
        raw.init().map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUND_TRIPS / 2].as_secs_f64() * 1e3)
}

/// Asks a fob for a channel.
///
/// # Errors
/// If it doesn't answer.
pub(crate) fn answers(uri: &str) -> Result<()> {
    raw(uri)?.init().map(drop).map_err(|failure| anyhow::anyhow!("{failure:?}"))
}

/// Begins a long message and holds on to the fob.
///
/// # Errors
/// If the fob doesn't take it.
pub(crate) fn begin_message(uri: &str) -> Result<Box<dyn keyfob::Transport>> {
    let mut transport = uri.parse::<TokenUri>()?.connect()?;
    for report in message_reports(ChannelId(7), Message::Birth, &[0; 200]).iter().take(2) {
        transport.send(report)?;
    }
    Ok(transport)
}

fn raw(uri: &str) -> Result<Raw> {
    let mut uri: TokenUri = uri.parse()?;
    // Between the device and its node, and while another has just let go.
    let transport = await_some(&uri.to_string(), || uri.connect().ok())?;
    Ok(Raw::new(transport, PATIENCE))
}
