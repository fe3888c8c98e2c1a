//! One program's connection: reports in at its pace, reports out without ever waiting for it.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use keyfob_wire::{REPORT_SIZE, Report};
use rustix::net::{SendFlags, send};

/// How many bytes wait for a connection that doesn't read, besides those in the system's buffer: 256 reports. One that
/// doesn't fit is lost, as with a device's node; never a part of one.
const QUEUE: usize = 256 * REPORT_SIZE;
/// How many bytes are read or sent at once.
const CHUNK: usize = 64 * REPORT_SIZE;

pub(super) enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

pub(super) struct Connection {
    socket: Socket,
    outgoing: Mutex<Outgoing>,
}

/// What couldn't be sent at once. The first report may have been sent in part.
#[derive(Default)]
struct Outgoing {
    queue: VecDeque<u8>,
    /// Whether a thread waits for the connection to read. It alone sends until the queue is empty.
    is_clogged: bool,
}

impl Connection {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, outgoing: Mutex::default() }
    }

    /// Reads whole reports until the end. What is left then is ignored.
    pub(super) fn read_reports(&self, mut on_report: impl FnMut(&Report)) {
        let mut buffer = [0; CHUNK];
        let mut filled = 0;
        loop {
            match self.socket.read(&mut buffer[filled..]) {
                Ok(0) => return,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            }
            let (reports, rest) = buffer[..filled].as_chunks();
            reports.iter().for_each(&mut on_report);
            let rest = filled - rest.len()..filled;
            filled = rest.len();
            buffer.copy_within(rest, 0);
        }
    }

    /// Sends whole reports, or keeps them, or loses them; doesn't wait.
    pub(super) fn send(self: &Arc<Self>, reports: &[u8]) {
        let mut outgoing = self.outgoing();
        if outgoing.is_clogged {
            return outgoing.keep(reports);
        }
        let sent = match send(&self.socket, reports, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(sent) => sent,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => 0,
            Err(_) => return self.close(),
        };
        if sent < reports.len() {
            outgoing.keep(&reports[sent..]);
            let connection = Arc::clone(self);
            let writer = thread::Builder::new().name("keyfob writer".into());
            match writer.spawn(move || connection.send_rest()) {
                Ok(_) => outgoing.is_clogged = true,
                Err(_) => self.close(),
            }
        }
    }

    /// Makes both directions end.
    pub(super) fn close(&self) {
        // It may have ended by itself.
        let _ended = match &self.socket {
            Socket::Unix(socket) => socket.shutdown(Shutdown::Both),
            Socket::Tcp(socket) => socket.shutdown(Shutdown::Both),
        };
    }

    /// Sends what is kept, waiting for the connection.
    fn send_rest(&self) {
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            let mut outgoing = self.outgoing();
            outgoing.is_clogged = !outgoing.queue.is_empty();
            if !outgoing.is_clogged {
                return;
            }
            chunk.clear();
            chunk.extend(outgoing.queue.iter().take(CHUNK));
            drop(outgoing);
            match send(&self.socket, &chunk, SendFlags::NOSIGNAL) {
                Ok(sent) => drop(self.outgoing().queue.drain(..sent)),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return self.close(),
            }
        }
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outgoing {
    /// Keeps the rest of a report, if there is one, and as many whole reports as there is room for.
    fn keep(&mut self, bytes: &[u8]) {
        let (begun, whole) = bytes.split_at(bytes.len() % REPORT_SIZE);
        self.queue.extend(begun);
        for report in whole.chunks_exact(REPORT_SIZE) {
            if self.queue.len() + REPORT_SIZE <= QUEUE {
                self.queue.extend(report);
            }
        }
    }
}

impl Socket {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(socket) => (&*socket).read(buffer),
            Self::Tcp(socket) => (&*socket).read(buffer),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(socket) => socket.as_fd(),
            Self::Tcp(socket) => socket.as_fd(),
        }
    }
}
