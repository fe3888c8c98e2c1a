//! A token behind a socket, for many programs at once.
//!
//! It behaves as a device's node does: every report of any connection goes to the token, every report of the token goes
//! to all connections, and who doesn't read loses reports while nobody waits for it. The stream is cut every 64 bytes.

mod connection;
mod control;
mod hub;
mod listen;
mod uhid;
mod usb;
mod usbip;
mod usbredir;

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use keyfob_token::StartError;
use rustix::event::{PollFd, PollFlags, poll};

use crate::emulator::Emulator;
use connection::{Connection, Socket};
use hub::Hub;
use listen::Listener;
use uhid::Uhid;
use usb::{Attachment, Bus, Link};
use usbip::UsbIp;
use usbredir::UsbRedir;

pub use control::{
    CONTROL_SCHEMA, Control, ControlError, ControlFault, ControlRefusal, ControlRequest, ControlState, ControlUsb,
    Endpoint, control_path, is_controlled,
};
pub use listen::{Listen, ListenError, runtime_directory, socket_path};
pub use uhid::UhidError;

/// How many connections there can be at once. One more is closed at once.
const CONNECTIONS: usize = 64;
/// How many connections there can be at once at the control socket.
const CONTROLS: usize = 8;
/// How long to wait after a connection couldn't be accepted, before the next try.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a server stopped that nobody had stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The system gives no threads or doesn't let it wait.
    #[error("the emulator's server can't go on: {0}")]
    System(#[from] io::Error),
    /// The token has panicked, in what was done through a [`Handle`].
    #[error("the emulated token has panicked")]
    TokenLost,
}

/// An emulator that listens.
///
/// # Security
/// Whoever can connect has the token: on a Unix socket that is the user alone, on a TCP port everybody who reaches it.
#[derive(Debug)]
pub struct Server {
    listener: Option<Listener>,
    control: Option<Listener>,
    hub: Arc<Hub>,
    waker: UnixStream,
}

impl Server {
    /// Makes a server that listens nowhere yet.
    ///
    /// # Errors
    /// If the system gives it no socket to be woken by.
    pub fn new(emulator: Emulator) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        theirs.set_nonblocking(true)?;
        Ok(Self { listener: None, control: None, hub: Arc::new(Hub::new(emulator, theirs)), waker: ours })
    }

    /// Listens; connections wait until [`run`](Self::run).
    ///
    /// # Errors
    /// [`ListenError`], also if another server listens there.
    pub fn bind(listen: &Listen, emulator: Emulator) -> Result<Self, ListenError> {
        let listener = Listener::bind(listen)?;
        let server = Self::new(emulator).map_err(|source| ListenError::Bind { listen: listen.clone(), source })?;
        Ok(Self { listener: Some(listener), ..server })
    }

    /// Puts the token on a USB bus as well, to which QEMU's `-device usb-redir` connects: one host at a time, instead
    /// of any that was to reach it over USB before.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn with_usbredir(self, listen: &Listen) -> Result<Self, ListenError> {
        Ok(self.with_link(Arc::new(UsbRedir::bind(listen)?)))
    }

    /// Puts the token on a USB bus as well, for hosts that speak USB/IP: one at a time, instead of any that was to reach
    /// it over USB before.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    ///
    /// # Security
    /// Whoever reaches the address has the token: USB/IP knows no passwords. On a machine's loopback address that is
    /// everybody on the machine.
    pub fn with_usbip(self, address: SocketAddr) -> Result<Self, ListenError> {
        Ok(self.with_link(Arc::new(UsbIp::bind(address)?)))
    }

    /// Makes the token a HID device of this machine as well, by Linux's `/dev/uhid`, instead of any way over USB before.
    ///
    /// # Errors
    /// [`UhidError`]
    pub fn with_uhid(self) -> Result<Self, UhidError> {
        Ok(self.with_link(Arc::new(Uhid::open()?)))
    }

    fn with_link(self, link: Arc<dyn Link>) -> Self {
        self.hub.attach(link);
        self
    }

    /// Listens at a control socket as well, which only the user may connect to.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    ///
    /// # Security
    /// Whoever can connect can copy the flash, and with it the token's keys.
    pub fn with_control(self, path: &Path) -> Result<Self, ListenError> {
        let control = Listener::bind(&Listen::Unix(path.to_owned()))?;
        Ok(Self { control: Some(control), ..self })
    }

    /// Where it listens: with the port that the system chose, if none was named.
    ///
    /// # Panics
    /// If it wasn't made by [`bind`](Self::bind).
    #[must_use]
    pub const fn local_address(&self) -> &Listen {
        self.listener.as_ref().expect("a server that was bound").address()
    }

    /// How hosts reach the token over USB, for people; none if they don't.
    #[must_use]
    pub fn usb_address(&self) -> Option<String> {
        self.hub.link().map(|link| link.address())
    }

    /// What reaches the server while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(Arc::downgrade(&self.hub))
    }

    /// Serves until it is stopped, closes all connections and hands out the emulator.
    ///
    /// # Errors
    /// [`ServerError`] if the system doesn't let it go on.
    ///
    /// # Panics
    /// If the token has panicked over a report.
    pub fn run(self) -> Result<Emulator, ServerError> {
        let Self { listener, control, hub, waker } = self;
        let served = thread::scope(|scope| {
            let timer = thread::Builder::new().name("keyfob timer".into());
            let started = timer.spawn_scoped(scope, || hub.keep_time()).and_then(|_| match hub.link() {
                Some(link) => serve_link(scope, link, &hub),
                None => Ok(()),
            });
            let served = started.and_then(|()| accept(scope, [listener.as_ref(), control.as_ref()], &hub, &waker));
            (hub.close(), served)
        });
        match served {
            (Some(emulator), Ok(())) => Ok(emulator),
            (None, Ok(())) => Err(ServerError::TokenLost),
            (_, Err(error)) => Err(error.into()),
        }
    }
}

fn serve_link<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    link: Arc<dyn Link>,
    hub: &'scope Hub,
) -> io::Result<()> {
    let server = thread::Builder::new().name("keyfob usb".into());
    let serve = move || {
        if link.serve(hub).is_err() {
            hub.wake();
        }
    };
    server.spawn_scoped(scope, serve).map(|_| ())
}

/// Accepts connections of programs and of those who control, until the waker has something to say.
fn accept<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    listeners: [Option<&Listener>; 2],
    hub: &'scope Hub,
    waker: &UnixStream,
) -> io::Result<()> {
    loop {
        let mut ready = vec![PollFd::new(waker, PollFlags::IN)];
        ready.extend(listeners.into_iter().flatten().map(Listener::poll_fd));
        match poll(&mut ready, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let mut ready = ready.iter().map(|ready| !ready.revents().is_empty());
        if ready.next() == Some(true) {
            return Ok(());
        }
        let [programs, controls] = listeners.map(|listener| listener.filter(|_| ready.next() == Some(true)));
        if let Some(listener) = programs {
            accept_one(listener, |socket| admit(scope, socket, hub));
        }
        if let Some(listener) = controls {
            accept_one(listener, |socket| admit_control(scope, socket, hub));
        }
    }
}

fn accept_one(listener: &Listener, admit: impl FnOnce(Socket)) {
    match listener.accept() {
        Ok(socket) => admit(socket),
        // It has gone again, or there are too many files open.
        Err(_) => thread::sleep(PAUSE),
    }
}

fn admit<'scope>(scope: &'scope thread::Scope<'scope, '_>, socket: Socket, hub: &'scope Hub) {
    let connection = Arc::new(Connection::new(socket));
    if hub.connect(&connection, CONNECTIONS) {
        let reader = thread::Builder::new().name("keyfob connection".into());
        let served = Arc::clone(&connection);
        let serve = move || {
            hub.serve(&served);
            scrub_stack();
        };
        if reader.spawn_scoped(scope, serve).is_err() {
            hub.disconnect(&connection);
        }
    }
}

/// Overwrites the keys that public-key operations have left on this thread's stack, which the system hands to some later
/// thread as it is.
#[inline(never)]
fn scrub_stack() {
    std::hint::black_box(&mut [0_u8; 512 * 1024]);
}

fn admit_control<'scope>(scope: &'scope thread::Scope<'scope, '_>, socket: Socket, hub: &'scope Hub) {
    let Socket::Unix(socket) = socket else { return };
    let control = Arc::new(socket);
    if hub.connect_control(&control, CONTROLS) {
        let reader = thread::Builder::new().name("keyfob control".into());
        let served = Arc::clone(&control);
        if reader.spawn_scoped(scope, move || hub.serve_control(&served)).is_err() {
            hub.disconnect_control(&control);
        }
    }
}

/// Reaches a server from other threads; of no effect once it has stopped.
#[derive(Debug, Clone)]
pub struct Handle(Weak<Hub>);

impl Handle {
    /// Stops the server.
    pub fn stop(&self) {
        if let Some(hub) = self.0.upgrade() {
            hub.wake();
        }
    }

    /// Does something with the emulator between two reports, then sends what it has to say; none if the server has
    /// stopped.
    pub fn with_emulator<R>(&self, operate: impl FnOnce(&mut Emulator) -> R) -> Option<R> {
        self.0.upgrade()?.with_emulator(operate)
    }

    /// Takes the power away, which closes all connections, and restores it.
    ///
    /// # Errors
    /// As [`Emulator::power_cycle`].
    pub fn power_cycle(&self) -> Result<(), StartError> {
        self.0.upgrade().map_or(Ok(()), |hub| hub.power_cycle())
    }
}
