//! The bus for a virtual machine: QEMU's `-device usb-redir`, over a socket.

mod peer;

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};

use super::PAUSE;
use super::hub::Hub;
use super::listen::{Listen, ListenError, Listener};
use super::usb::{Bus, Link};
use peer::Peer;

/// How many bytes are read at once.
const CHUNK: usize = 16 << 10;

/// Listens for virtual machines and serves one at a time.
pub(super) struct UsbRedir {
    listener: Listener,
    /// Who is served.
    peer: Mutex<Option<Peer>>,
    is_closed: AtomicBool,
    waker: UnixStream,
    woken: UnixStream,
}

impl UsbRedir {
    pub(super) fn bind(listen: &Listen) -> Result<Self, ListenError> {
        let listener = Listener::bind(listen)?;
        let failed = |source| ListenError::Bind { listen: listen.clone(), source };
        let (waker, woken) = UnixStream::pair().map_err(failed)?;
        waker.set_nonblocking(true).map_err(failed)?;
        woken.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener, peer: Mutex::new(None), is_closed: AtomicBool::new(false), waker, woken })
    }

    fn peer(&self) -> MutexGuard<'_, Option<Peer>> {
        self.peer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // If it is full, there is enough to wake from.
        let _woken = (&self.waker).write(&[0]);
    }

    /// Takes what has come and does what it says; false once the connection is over.
    fn receive(&self, hub: &Hub, buffer: &mut [u8]) -> bool {
        let count = self.peer().as_ref().map_or(Ok(0), |peer| peer.read(buffer));
        let mut bytes: &[u8] = match count {
            Ok(0) => return false,
            Ok(count) => &buffer[..count],
            Err(error) => return matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        };
        while !bytes.is_empty() {
            let taken = hub.on_bus(|bus| self.peer().as_mut().is_some_and(|peer| peer.take(&mut bytes, bus).is_ok()));
            if taken != Some(true) {
                return false;
            }
            // Other connections have their turn between two packets.
            std::thread::yield_now();
        }
        true
    }

    /// Ends the connection.
    fn part(&self, hub: &Hub) {
        let _hub_closed = hub.on_bus(|bus| {
            *self.peer() = None;
            bus.attach(false);
        });
        // Without a hub nobody else has the peer either.
        *self.peer() = None;
    }

    fn admit(&self, hub: &Hub) {
        match self.listener.accept() {
            Ok(socket) => {
                let _hub_closed = hub.on_bus(|bus| {
                    let mut peer = self.peer();
                    // Who comes while another one has the bus is closed at once.
                    if peer.is_none() {
                        *peer = Some(Peer::new(socket));
                        bus.attach(true);
                    }
                });
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

impl Link for UsbRedir {
    fn address(&self) -> String {
        format!("usbredir on {}", self.listener.address())
    }

    fn serve(&self, hub: &Hub) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        loop {
            let (peer, wanted) = match &*self.peer() {
                Some(peer) => (Some(peer.socket()), peer.wanted()),
                None => (None, PollFlags::empty()),
            };
            let mut ready = vec![PollFd::new(&self.woken, PollFlags::IN), self.listener.poll_fd()];
            ready.extend(peer.as_ref().map(|socket| PollFd::new(socket, wanted)));
            match poll(&mut ready, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let events = |place: usize| ready.get(place).map_or(PollFlags::empty(), PollFd::revents);
            let (woken, arrived, happened) = (events(0), events(1), events(2));
            drop(ready);
            if !woken.is_empty() {
                let _drained = (&self.woken).read(&mut [0; 64]);
                if self.is_closed.load(Ordering::Acquire) {
                    return Ok(());
                }
            }
            if !happened.is_empty() {
                let has_gone =
                    happened.intersects(PollFlags::HUP | PollFlags::ERR) && !happened.contains(PollFlags::IN);
                if has_gone || happened.contains(PollFlags::IN) && !self.receive(hub, &mut buffer) {
                    self.part(hub);
                } else if happened.contains(PollFlags::OUT) {
                    // Sending goes on as the bus is carried.
                    let _hub_closed = hub.on_bus(|_| ());
                }
            }
            if !arrived.is_empty() {
                self.admit(hub);
            }
        }
    }

    fn carry(&self, bus: &mut Bus) {
        if let Some(peer) = &mut *self.peer() {
            let had = peer.wanted();
            peer.carry(bus);
            // Whoever polls has to poll for something else.
            if peer.wanted() != had {
                self.wake();
            }
        }
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.wake();
    }
}
