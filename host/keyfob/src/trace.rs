//! Records what is sent to tokens and comes back, for bug reports: `docs/trace.md`.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use keyfob_pcapng::{Event, Interface, LINKTYPE_USB_LINUX_MMAPPED, Transfer, interface, packet, section};
use keyfob_wire::Report;

use crate::{Error, Transport};

/// The variable that names a file in which every connection of a process is recorded. `%p` stands for the process's
/// number.
pub const TRACE_VARIABLE: &str = "KEYFOB_TRACE";

/// The endpoints of a fob, which reports over sockets are recorded as, too.
const OUT: u8 = 0x01;
const IN: u8 = 0x81;
/// Linux's `ENODEV` and `EPIPE`: the device has gone, and it has stalled.
const GONE: i32 = -19;
const STALLED: i32 = -32;

/// A pcapng file that reports are recorded in, which Wireshark reads as USB.
///
/// Each report is handed to the system before the next one is waited for, so that a crash loses nothing. If writing
/// fails, the file ends there; what is recorded goes on.
///
/// # Security
/// A trace has what goes over the bus, and nothing else: what is asked and answered in sessions is encrypted there. The
/// serial and the certificates are not, and say which fob, vendor and app it was.
#[derive(Clone)]
pub struct Trace(Arc<Mutex<Recorder>>);

struct Recorder {
    /// None once it couldn't be written to.
    file: Option<File>,
    problem: Option<io::ErrorKind>,
    connections: u32,
    transfers: u64,
    /// The time at which the trace began, so that its times rise even if somebody sets the clock.
    began: (SystemTime, Instant),
}

impl Trace {
    /// Makes a new file, which only its owner may read.
    ///
    /// # Errors
    /// If the file can't be made, or is there already: nothing is overwritten.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(&section(concat!("keyfob ", env!("CARGO_PKG_VERSION"))))?;
        let began = (SystemTime::now(), Instant::now());
        let recorder = Recorder { file: Some(file), problem: None, connections: 0, transfers: 0, began };
        Ok(Self(Arc::new(Mutex::new(recorder))))
    }

    /// Records what goes through a transport. `kind` is said of the connection in the file, such as `hid`.
    #[must_use]
    pub fn tap(&self, kind: &str, transport: Box<dyn Transport>) -> Box<dyn Transport> {
        let connection = self.recorder().connect(kind);
        Box::new(Tapped { transport, trace: self.clone(), connection })
    }

    /// Why the file ends early, if it couldn't be written to.
    #[must_use]
    pub fn problem(&self) -> Option<io::ErrorKind> {
        self.recorder().problem
    }

    fn recorder(&self) -> MutexGuard<'_, Recorder> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder {
    /// Describes a connection, and numbers it.
    fn connect(&mut self, kind: &str) -> u32 {
        let number = self.connections;
        self.connections = number.saturating_add(1);
        let described = Interface::new(LINKTYPE_USB_LINUX_MMAPPED, &format!("keyfob{number}"), kind);
        self.write(&interface(&described));
        number
    }

    fn record(&mut self, connection: u32, endpoint: u8, data: &[u8], happened: Option<(Event, i32)>) {
        if self.file.is_none() {
            return;
        }
        self.transfers += 1;
        // Wireshark tells conversations apart by bus and device: a device for each connection.
        let device = u8::try_from(connection % 127 + 1).unwrap_or(1);
        let bus = u16::try_from(connection / 127 + 1).unwrap_or(u16::MAX);
        let mut transfer = Transfer::interrupt(self.transfers, (bus, device), endpoint, data);
        if let Some((event, status)) = happened {
            (transfer.event, transfer.status) = (event, status);
        }
        let since = self.began.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + self.began.1.elapsed();
        let nanoseconds = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        self.write(&packet(connection, nanoseconds, &transfer.to_bytes(nanoseconds)));
    }

    /// Writes a block by one call to the system.
    fn write(&mut self, block: &[u8]) {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(block));
        if let Err(error) = written {
            (self.file, self.problem) = (None, Some(error.kind()));
        }
    }
}

/// A transport with a trace beside it.
struct Tapped {
    transport: Box<dyn Transport>,
    trace: Trace,
    connection: u32,
}

impl Transport for Tapped {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.trace.recorder().record(self.connection, OUT, report, None);
        let sent = self.transport.send(report);
        if let Err(error) = &sent {
            self.trace.recorder().record(self.connection, OUT, &[], Some((Event::Failed, status(error))));
        }
        sent
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let received = self.transport.receive(timeout);
        let mut recorder = self.trace.recorder();
        match &received {
            Ok(Some(report)) => recorder.record(self.connection, IN, report, None),
            Ok(None) => {}
            Err(error) => recorder.record(self.connection, IN, &[], Some((Event::Completed, status(error)))),
        }
        received
    }
}

/// What Linux's USB stack would say.
fn status(error: &io::Error) -> i32 {
    let is_stalled = |error: &(dyn std::error::Error + 'static)| matches!(error.downcast_ref(), Some(Error::Stalled));
    match error.kind() {
        ErrorKind::BrokenPipe => STALLED,
        _ if error.get_ref().is_some_and(|inner| is_stalled(inner)) => STALLED,
        _ => GONE,
    }
}

/// Whether this process records its connections.
enum Recording {
    /// Nobody has looked yet.
    Unknown,
    No,
    To(Trace),
}

static RECORDING: Mutex<Recording> = Mutex::new(Recording::Unknown);

/// Records every connection that this process makes from now on, whatever `KEYFOB_TRACE` says.
///
/// # Errors
/// If the file can't be made, or is there already.
pub fn trace_to(path: &Path) -> io::Result<Trace> {
    let trace = Trace::create(path)?;
    *recording() = Recording::To(trace.clone());
    Ok(trace)
}

/// Puts the process's trace beside a transport, if there is one. A trace that can't be made is none.
pub(crate) fn tapped(uri: &str, transport: Box<dyn Transport>) -> Box<dyn Transport> {
    let mut recording = recording();
    if matches!(*recording, Recording::Unknown) {
        let named = std::env::var_os(TRACE_VARIABLE).filter(|name| !name.is_empty());
        let trace = named.and_then(|name| Trace::create(Path::new(&of_process(name))).ok());
        *recording = trace.map_or(Recording::No, Recording::To);
    }
    match &*recording {
        Recording::To(trace) => trace.tap(kind(uri), transport),
        Recording::Unknown | Recording::No => transport,
    }
}

fn recording() -> MutexGuard<'static, Recording> {
    RECORDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What comes before the colon: paths and host names are nobody else's business.
fn kind(uri: &str) -> &str {
    let kind = uri.split(':').next().unwrap_or_default();
    if ["hid", "usb", "unix", "tcp"].contains(&kind) { kind } else { "other" }
}

fn of_process(name: OsString) -> OsString {
    match name.to_str() {
        Some(text) => text.replace("%p", &std::process::id().to_string()).into(),
        None => name,
    }
}
