//! An emulated fob as a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use keyfob::TokenUri;
use keyfob_emulator::{Emulator, FlashImage, Listen, Server};

use crate::wire::{Counter, Wire};

/// The argument with which the demo starts itself as an emulator.
pub(crate) const MODE: &str = "--be-the-emulator";

/// What the emulator says once it listens.
const READY: &str = "listening";

/// A fob that can be plugged in and out.
pub(crate) struct Fob {
    state: PathBuf,
    socket: PathBuf,
    process: Option<Child>,
    pub(crate) wire: Wire,
}

impl Fob {
    /// A blank fob, plugged in.
    pub(crate) fn new(directory: &Path, name: &str, counter: &Counter) -> Result<Self> {
        let socket = directory.join(format!("{name}.sock"));
        let wire = Wire::new(TokenUri::Unix(socket.clone()), counter);
        let mut fob = Self { state: directory.join(format!("{name}.flash")), socket, process: None, wire };
        fob.plug_in()?;
        Ok(fob)
    }

    pub(crate) fn plug_in(&mut self) -> Result<()> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(MODE)
            .args([&self.state, &self.socket])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the emulator doesn't start")?;
        let mut line = String::new();
        let output = process.stdout.take().context("the emulator has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        self.process = Some(process);
        if line.trim() != READY {
            bail!("the emulator doesn't listen");
        }
        Ok(())
    }

    /// Takes its power away without a warning.
    pub(crate) fn unplug(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }
}

impl Drop for Fob {
    fn drop(&mut self) {
        // The story has ended; a process that is gone already needs no killing.
        let _gone = self.unplug();
    }
}

/// Runs as the emulator, until the demo goes.
pub(crate) fn serve(state: &Path, socket: &Path) -> Result<()> {
    let emulator = Emulator::builder().flash(FlashImage::open_or_create(state)?).start()?;
    let server = Server::bind(&Listen::Unix(socket.to_owned()), emulator)?;
    println!("{READY}");
    std::io::stdout().flush()?;
    let handle = server.handle();
    std::thread::spawn(move || {
        // The demo keeps this pipe open as long as it lives.
        let mut nothing = String::new();
        while std::io::stdin().read_line(&mut nothing).is_ok_and(|length| length > 0) {}
        handle.stop();
    });
    server.run()?;
    Ok(())
}
