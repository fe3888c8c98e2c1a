//! A token behind a socket, for many programs at once.
//!
//! It behaves as a device's node does: every report of any connection goes to the token, every report of the token goes
//! to all connections, and who doesn't read loses reports while nobody waits for it. The stream is cut every 64 bytes.

mod connection;
mod control;
mod hub;
mod listen;

use std::io;
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

pub use control::{
    CONTROL_SCHEMA, Control, ControlError, ControlFault, ControlRefusal, ControlRequest, ControlState, control_path,
    is_controlled,
};
pub use listen::{Listen, ListenError, runtime_directory, socket_path};

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
    listener: Listener,
    control: Option<Listener>,
    hub: Arc<Hub>,
    waker: UnixStream,
}

impl Server {
    /// Listens; connections wait until [`run`](Self::run).
    ///
    /// # Errors
    /// [`ListenError`], also if another server listens there.
    pub fn bind(listen: &Listen, emulator: Emulator) -> Result<Self, ListenError> {
        let listener = Listener::bind(listen)?;
        let failed = |source| ListenError::Bind { listen: listen.clone(), source };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        theirs.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener, control: None, hub: Arc::new(Hub::new(emulator, theirs)), waker: ours })
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
    #[must_use]
    pub const fn local_address(&self) -> &Listen {
        self.listener.address()
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
            let started = timer.spawn_scoped(scope, || hub.keep_time());
            let served = started.and_then(|_| accept(scope, &listener, control.as_ref(), &hub, &waker));
            (hub.close(), served)
        });
        match served {
            (Some(emulator), Ok(())) => Ok(emulator),
            (None, Ok(())) => Err(ServerError::TokenLost),
            (_, Err(error)) => Err(error.into()),
        }
    }
}

/// Accepts connections until the waker has something to say.
fn accept<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    listener: &Listener,
    control: Option<&Listener>,
    hub: &'scope Hub,
    waker: &UnixStream,
) -> io::Result<()> {
    loop {
        let mut ready = vec![PollFd::new(waker, PollFlags::IN), listener.poll_fd()];
        ready.extend(control.map(Listener::poll_fd));
        match poll(&mut ready, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let is_ready = |place: usize| ready.get(place).is_some_and(|ready| !ready.revents().is_empty());
        if is_ready(0) {
            return Ok(());
        }
        if is_ready(1) {
            accept_one(listener, |socket| admit(scope, socket, hub));
        }
        if let Some(control) = control.filter(|_| is_ready(2)) {
            accept_one(control, |socket| admit_control(scope, socket, hub));
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
        if reader.spawn_scoped(scope, move || hub.serve(&served)).is_err() {
            hub.disconnect(&connection);
        }
    }
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
