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

/// A peer that has gone is an error of the call and no signal; Apple's systems have that by socket, and Rust sets it.
#[cfg(not(target_vendor = "apple"))]
pub(super) const QUIETLY: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
pub(super) const QUIETLY: SendFlags = SendFlags::empty();

/// How many reports wait for a connection that doesn't read, besides those in the system's buffer. If there are more,
/// the oldest is lost: whoever has left others' answers unread for long still gets its own. (Linux's hidraw loses the
/// newest.)
const QUEUE: usize = 256;
/// How many reports are read or sent at once.
const CHUNK: usize = 64;

pub(super) enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

pub(super) struct Connection {
    socket: Socket,
    outgoing: Mutex<Outgoing>,
}

/// What couldn't be sent at once.
#[derive(Default)]
struct Outgoing {
    queue: VecDeque<Report>,
    /// Whether a thread waits for the connection to read. It alone sends until the queue is empty.
    is_clogged: bool,
}

impl Connection {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, outgoing: Mutex::default() }
    }

    /// Reads whole reports until the end. What is left then is ignored.
    pub(super) fn read_reports(&self, mut on_report: impl FnMut(&Report)) {
        let mut buffer = [0; CHUNK * REPORT_SIZE];
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
        let sent = match send(&self.socket, reports, SendFlags::DONTWAIT | QUIETLY) {
            Ok(sent) => sent,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => 0,
            Err(_) => return self.close(),
        };
        let rest = &reports[sent..];
        if !rest.is_empty() {
            // A report that was sent in part is never lost.
            let (begun, whole) = rest.split_at(rest.len() % REPORT_SIZE);
            outgoing.keep(whole);
            let (connection, begun) = (Arc::clone(self), begun.to_vec());
            let writer = thread::Builder::new().name("keyfob writer".into());
            match writer.spawn(move || connection.send_kept(begun)) {
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

    /// Sends these bytes and then what is kept, waiting for the connection to read.
    fn send_kept(&self, mut bytes: Vec<u8>) {
        loop {
            let mut unsent = &bytes[..];
            while !unsent.is_empty() {
                match send(&self.socket, unsent, QUIETLY) {
                    Ok(sent) => unsent = &unsent[sent..],
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return self.close(),
                }
            }
            let mut outgoing = self.outgoing();
            if outgoing.queue.is_empty() {
                outgoing.is_clogged = false;
                return;
            }
            let count = outgoing.queue.len().min(CHUNK);
            bytes.clear();
            bytes.extend(outgoing.queue.drain(..count).flatten());
        }
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outgoing {
    /// Keeps reports. The oldest give way.
    fn keep(&mut self, reports: &[u8]) {
        let (reports, _) = reports.as_chunks();
        for report in reports {
            if self.queue.len() == QUEUE {
                self.queue.pop_front();
            }
            self.queue.push_back(*report);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    /// With a small buffer batches are sent in part: nothing arrives but whole reports in order.
    #[test]
    fn a_report_is_never_lost_in_part() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        // The system's buffers are cut at multiples of 64 bytes: now these aren't the reports' ends.
        socket.write_all(&[0; 13]).unwrap();
        reader.read_exact(&mut [0; 13]).unwrap();
        rustix::net::sockopt::set_socket_send_buffer_size(&socket, 1).unwrap();
        let connection = Arc::new(Connection::new(Socket::Tcp(socket)));
        let mut number = 0_u32;
        let mut last = None;
        let mut read = 0;
        for _ in 0..3 {
            for _ in 0..300 {
                let reports: Vec<u8> = (0..37)
                    .flat_map(|_| {
                        number += 1;
                        [number; 16]
                    })
                    .flat_map(u32::to_be_bytes)
                    .collect();
                connection.send(&reports);
            }
            while last != Some(number) {
                let mut report = [0; REPORT_SIZE];
                reader.read_exact(&mut report).unwrap();
                let (words, _) = report.as_chunks();
                let found = u32::from_be_bytes(words[0]);
                assert!(words.iter().all(|word| *word == words[0]), "a report of parts: {report:?}");
                assert!(last < Some(found), "{found} after {last:?}");
                last = Some(found);
                read += 1;
            }
        }
        assert!(read < number, "the buffers held everything");
    }
}
