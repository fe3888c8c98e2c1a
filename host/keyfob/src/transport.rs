//! What carries reports to a token and back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use keyfob_wire::{REPORT_SIZE, Report};

use crate::TokenUri;

/// Carries 64-byte reports, in order, in both directions.
pub trait Transport: Send {
    /// Sends a report.
    ///
    /// # Errors
    /// If the token is gone.
    fn send(&mut self, report: &Report) -> io::Result<()>;

    /// Waits for a report at most that long; returns none if none came.
    ///
    /// # Errors
    /// If the token is gone.
    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>>;
}

/// Opens a transport, again and again: a token may be unplugged and come back.
pub trait Connect: Send {
    /// Opens the transport.
    ///
    /// # Errors
    /// If the token isn't there.
    fn connect(&mut self) -> io::Result<Box<dyn Transport>>;
}

impl Connect for TokenUri {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => Ok(Box::new(Stream::new(UnixStream::connect(path)?))),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::Error::new(ErrorKind::Unsupported, "this system has no Unix sockets")),
            Self::Tcp(address) => {
                let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
                for address in address.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, CONNECT_TIME) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            return Ok(Box::new(Stream::new(stream)));
                        }
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

/// How long a TCP connection may take to come about.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// A stream socket.
trait Socket: Read + Write + Send {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()>;
}

#[cfg(unix)]
impl Socket for UnixStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }
}

impl Socket for TcpStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }
}

/// Reports over a stream socket, cut every 64 bytes.
struct Stream<S> {
    socket: S,
    /// The socket's time-out, so that it is set only when it changes.
    timeout: Duration,
    partial: Report,
    received: usize,
}

impl<S: Socket> Stream<S> {
    fn new(socket: S) -> Self {
        Self { socket, timeout: Duration::ZERO, partial: [0; REPORT_SIZE], received: 0 }
    }
}

impl<S: Socket> Transport for Stream<S> {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.socket.write_all(report)
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let deadline = Instant::now() + timeout;
        let mut left = timeout.max(Duration::from_millis(1));
        loop {
            if left != self.timeout {
                self.socket.set_timeout(left)?;
                self.timeout = left;
            }
            match self.socket.read(&mut self.partial[self.received..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.received += length,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Ok(None),
                    ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
            if self.received == REPORT_SIZE {
                self.received = 0;
                return Ok(Some(self.partial));
            }
            left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
        }
    }
}
