//! What carries reports to a token and back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use keyfob_wire::{REPORT_SIZE, Report};

use crate::TokenUri;

/// Carries 64-byte reports, in order, in both directions.
///
/// An [`Error`](crate::Error) within the `io::Error` of a transport, or of what opens one, is handed on as it is.
pub trait Transport: Send {
    /// Sends a report. Returns in a bounded time, whatever the token does: after 5 s at most if it takes nothing.
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
            Self::Hid(name) => crate::hid::connect(name),
            #[cfg(feature = "usb")]
            Self::Usb(name) => crate::usb::connect(name),
            #[cfg(not(feature = "usb"))]
            Self::Usb(_) => Err(io::Error::new(ErrorKind::Unsupported, "this program reaches fobs by hid: alone")),
            Self::Label(name) => crate::labels::find(name)?.connect(),
            #[cfg(unix)]
            Self::Unix(path) => Ok(Box::new(Stream::new(UnixStream::connect(path)?)?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::Error::new(ErrorKind::Unsupported, "this system has no Unix sockets")),
            Self::Tcp(address) => {
                let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
                for address in address.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, CONNECT_TIME) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            return Ok(Box::new(Stream::new(stream)?));
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

/// How long a peer may take to take a report in.
const WRITE_TIME: Duration = Duration::from_secs(5);

/// A stream socket.
trait Socket: Read + Write + Send {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()>;
    fn limit_writing(&self) -> io::Result<()>;
}

#[cfg(unix)]
impl Socket for UnixStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }

    fn limit_writing(&self) -> io::Result<()> {
        self.set_write_timeout(Some(WRITE_TIME))
    }
}

impl Socket for TcpStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }

    fn limit_writing(&self) -> io::Result<()> {
        self.set_write_timeout(Some(WRITE_TIME))
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
    fn new(socket: S) -> io::Result<Self> {
        socket.limit_writing()?;
        Ok(Self { socket, timeout: Duration::ZERO, partial: [0; REPORT_SIZE], received: 0 })
    }
}

impl<S: Socket> Transport for Stream<S> {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.socket.write_all(report).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => io::Error::new(ErrorKind::TimedOut, crate::Error::Stalled),
            _ => error,
        })
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
