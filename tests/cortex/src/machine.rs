//! QEMU with an image of `firmware/boards/mps2` in it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use keyfob_wire::{REPORT_SIZE, Report};
use tempfile::TempDir;

/// How instructions are to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as they can be.
    Fast,
    /// Counted: a nanosecond of the machine's time each.
    Counted,
}

/// An image, and what runs it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Image {
    /// An image of firmware/boards/mps2
    image: PathBuf,
    /// The machine of QEMU's that it is for
    #[arg(long, value_name = "NAME", default_value = "mps2-an386")]
    machine: String,
}

/// A machine that runs.
pub(crate) struct Machine {
    qemu: Child,
    reports: UnixStream,
    heard: Receiver<Report>,
    orders: UnixStream,
    sent: u32,
    _folder: TempDir,
}

/// Long enough for the slowest order on a busy computer.
const PATIENCE: Duration = Duration::from_secs(60);

impl Machine {
    /// Boots an image. It waits for [`start`](Self::start), and does calculations.
    ///
    /// # Errors
    /// If QEMU or the image doesn't come up.
    pub(crate) fn boot(image: &Image, pace: Pace) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (reports, orders) = (folder.path().join("reports"), folder.path().join("orders"));
        let listeners = (UnixListener::bind(&reports)?, UnixListener::bind(&orders)?);
        let mut command = Command::new("qemu-system-arm");
        command.args(["-M", &image.machine, "-accel", "tcg", "-display", "none", "-monitor", "none"]);
        for (name, path) in [("reports", &reports), ("orders", &orders)] {
            command.arg("-chardev").arg(format!("socket,id={name},path={}", path.display()));
            command.arg("-serial").arg(format!("chardev:{name}"));
        }
        if pace == Pace::Counted {
            command.args(["-icount", "shift=0"]);
        }
        let mut said = tempfile::tempfile()?;
        command.arg("-kernel").arg(&image.image).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.try_clone()?);
        let mut qemu = command.spawn()?;
        let connected =
            accept(&listeners.0, &mut qemu).and_then(|reports| Ok((reports, accept(&listeners.1, &mut qemu)?)));
        let (reports, orders) = match connected {
            Ok(streams) => streams,
            Err(error) => {
                let _gone = qemu.kill();
                let _ended = qemu.wait();
                return Err(io::Error::new(error.kind(), format!("{error}: {}", read_all(&mut said))));
            }
        };
        orders.set_read_timeout(Some(PATIENCE))?;
        let heard = listen(reports.try_clone()?);
        let mut machine = Self { qemu, reports, heard, orders, sent: 0, _folder: folder };
        machine.answer()?;
        Ok(machine)
    }

    /// Gives the token its power: with a flash as from the factory, or as it was left.
    ///
    /// # Errors
    /// If the token doesn't start.
    pub(crate) fn start(&mut self, is_new: bool, seed: [u8; 32]) -> io::Result<()> {
        let body = [&[u8::from(is_new)], &seed[..]].concat();
        self.order(b'S', &body)?.map(drop).ok_or_else(|| io::Error::other("the token doesn't start"))
    }

    /// Cuts the power, and starts the token with what its flash holds. Reports that are under way are lost.
    ///
    /// # Errors
    /// If the machine is gone, or the token doesn't start.
    pub(crate) fn restart(&mut self, seed: [u8; 32]) -> io::Result<()> {
        self.settled(b'R', &[])?;
        self.answer()?;
        while self.heard.try_recv().is_ok() {}
        self.sent = 0;
        self.start(false, seed)
    }

    /// Sends the token a report.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn send(&mut self, report: &Report) -> io::Result<()> {
        self.sent += 1;
        self.reports.write_all(report)
    }

    /// How many reports were sent since the token got its power.
    pub(crate) const fn sent(&self) -> u32 {
        self.sent
    }

    /// Takes the next report of the token, if one has come.
    pub(crate) fn heard(&mut self) -> Option<Report> {
        self.heard.try_recv().ok()
    }

    /// Gives an order that is done once the token has taken in all that was sent and has nothing left to do. The answer
    /// is without the number of reports that it begins with.
    ///
    /// # Errors
    /// If the machine is gone, or refuses.
    pub(crate) fn settled(&mut self, letter: u8, body: &[u8]) -> io::Result<Vec<u8>> {
        let body = [&self.sent.to_le_bytes()[..], body].concat();
        let answer = self.order(letter, &body)?.ok_or_else(|| io::Error::other("the order is refused"))?;
        Ok(answer.get(4..).unwrap_or_default().to_vec())
    }

    /// Gives an order; none if it couldn't be done.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn order(&mut self, letter: u8, body: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.give(letter, body)?;
        self.answer()
    }

    /// Gives an order whose answer is read later.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn give(&mut self, letter: u8, body: &[u8]) -> io::Result<()> {
        let length = u16::try_from(body.len()).map_err(io::Error::other)?.to_le_bytes();
        self.orders.write_all(&[&[letter], &length[..], body].concat())
    }

    /// Reads the answer to an order; none if it couldn't be done.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn answer(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut head = [0; 3];
        self.orders.read_exact(&mut head)?;
        let mut body = vec![0; usize::from(u16::from_le_bytes([head[1], head[2]]))];
        self.orders.read_exact(&mut body)?;
        Ok((head[0] == 1).then_some(body))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _gone = self.qemu.kill();
        let _ended = self.qemu.wait();
    }
}

/// Waits for QEMU to connect.
fn accept(listener: &UnixListener, qemu: &mut Child) -> io::Result<UnixStream> {
    listener.set_nonblocking(true)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if qemu.try_wait()?.is_some() => return Err(io::Error::other("QEMU has ended")),
            Err(error) if Instant::now() > until => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Reads reports until the machine is gone.
fn listen(mut stream: UnixStream) -> Receiver<Report> {
    let (say, heard) = mpsc::channel();
    thread::spawn(move || {
        let mut report = [0; REPORT_SIZE];
        while stream.read_exact(&mut report).is_ok() && say.send(report).is_ok() {}
    });
    heard
}

fn read_all(file: &mut File) -> String {
    let mut text = String::new();
    let _read = io::Seek::rewind(file).and_then(|()| file.read_to_string(&mut text));
    text
}
