//! Across processes: the token in another one, behind a Unix socket.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use keyfob::{Client, Verdict};
use keyfob_emulator::{Emulator, FlashImage, Listen, Server};
use keyfob_wire::{REPORT_SIZE, Report};

use crate::stand::{FEATURE, Stand, TODAY};
use crate::workload::{Failure, Work};

/// A check by the host library, with the emulator in a process of its own.
pub(crate) fn ours(folder: &Path) -> Result<Work, Failure> {
    let stand = Stand::new(1, 4)?;
    let image = folder.join("token.image");
    std::fs::write(&image, stand.flash.content())?;
    let process = Process::start("serve", &folder.join("token.sock"), &[&image])?;
    let uri = format!("unix:{}", process.socket.display());
    let client = Client::builder(&stand.app).token(&uri).accept_emulated().time(|| TODAY).open()?;
    let session = client.login(FEATURE)?;
    Ok(Box::new(move || {
        let _running = &process;
        match session.check()? {
            Verdict::Full(_) => Ok(()),
            Verdict::Denied(refusal) => Err(keyfob::Error::from(refusal).into()),
        }
    }))
}

/// 64 bytes there and back, with a process that sends back what it gets.
pub(crate) fn floor(folder: &Path) -> Result<Work, Failure> {
    let process = Process::start("echo", &folder.join("echo.sock"), &[])?;
    let mut socket = UnixStream::connect(&process.socket)?;
    let mut report = [7; REPORT_SIZE];
    Ok(Box::new(move || {
        let _running = &process;
        socket.write_all(&report)?;
        Ok(socket.read_exact(&mut report)?)
    }))
}

/// Serves the token of an image until the process ends.
pub(crate) fn serve(socket: &str, image: &str) -> Result<(), Failure> {
    let flash = FlashImage::from_content(std::fs::read(image)?).ok_or("not an image")?;
    let server = Server::bind(&Listen::Unix(socket.into()), Emulator::builder().flash(flash).start()?)?;
    server.run()?;
    Ok(())
}

/// Sends back what it gets until the other side ends.
pub(crate) fn echo(socket: &str) -> Result<(), Failure> {
    let (mut stream, _) = UnixListener::bind(socket)?.accept()?;
    let mut report: Report = [0; REPORT_SIZE];
    while stream.read_exact(&mut report).is_ok() {
        stream.write_all(&report)?;
    }
    Ok(())
}

/// This program once more, in another role.
struct Process {
    child: Child,
    socket: PathBuf,
}

impl Process {
    /// Starts it and waits until it listens.
    fn start(role: &str, socket: &Path, arguments: &[&Path]) -> Result<Self, Failure> {
        let child = Command::new(std::env::current_exe()?).arg(role).arg(socket).args(arguments).spawn()?;
        let mut process = Self { child, socket: socket.to_owned() };
        for _ in 0..2_000 {
            if socket.exists() {
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("{role} ended: {status}").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!("{role} doesn't listen").into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
