//! The bus for other machines: USB/IP, as Linux's `usbip attach` and Windows' usbip-win2 speak it, over TCP.

mod importer;

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyfob_usb::{CONFIGURATION, INTERFACE_CLASS, Identity};
use keyfob_usbip::{Asking, BusId, Class, Export, Refusal, Request, Speed, listed, refused};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::PAUSE;
use super::connection::{QUIETLY, Socket};
use super::hub::Hub;
use super::listen::{Listen, ListenError, Listener};
use super::usb::{Bus, Link};
use importer::Importer;

/// The name by which hosts ask for the token: the only device there is.
const BUS_ID: &str = "1-1";
/// How many bytes are read at once.
const CHUNK: usize = 16 << 10;
/// How many connections may be about to say what they want. If there are more, the oldest is closed.
const ASKING: usize = 16;

/// Listens for hosts, tells all of them what there is, and lets one at a time have it.
pub(super) struct UsbIp {
    listener: Listener,
    /// Who has the token.
    importer: Mutex<Option<Importer>>,
    is_closed: AtomicBool,
    waker: UnixStream,
    woken: UnixStream,
}

/// A connection that hasn't said yet what it wants.
struct Asker {
    socket: Arc<Socket>,
    asking: Asking,
}

impl UsbIp {
    pub(super) fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let listen = Listen::Tcp(address);
        let listener = Listener::bind(&listen)?;
        let failed = |source| ListenError::Bind { listen: listen.clone(), source };
        let (waker, woken) = UnixStream::pair().map_err(failed)?;
        waker.set_nonblocking(true).map_err(failed)?;
        woken.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener, importer: Mutex::new(None), is_closed: AtomicBool::new(false), waker, woken })
    }

    fn importer(&self) -> MutexGuard<'_, Option<Importer>> {
        self.importer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // If it is full, there is enough to wake from.
        let _woken = (&self.waker).write(&[0]);
    }

    /// Reads from somebody who asks; hands the asker back while it has said only part of it.
    fn hear(&self, hub: &Hub, mut asker: Asker, buffer: &mut [u8]) -> Option<Asker> {
        let mut bytes: &[u8] = match recv(&asker.socket, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return None,
            Ok((count, _)) => &buffer[..count],
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Some(asker),
            Err(_) => return None,
        };
        let answer = match asker.asking.feed(&mut bytes) {
            Ok(None) => return Some(asker),
            Ok(Some(Request::List)) => hub.on_bus(|bus| self.list(bus)),
            Ok(Some(Request::Import(bus_id))) => match hub.on_bus(|bus| self.import(bus, &bus_id, &asker.socket))? {
                Ok(()) => {
                    if !self.take(hub, bytes) {
                        self.part(hub);
                    }
                    return None;
                }
                Err(refusal) => Some(refused(refusal).to_vec()),
            },
            // Whatever it wants, it isn't had here.
            Ok(Some(_)) | Err(_) => None,
        };
        // An answer that is this short has room in any socket that nothing was sent to; then the connection ends.
        let _sent = send(&asker.socket, &answer?, SendFlags::DONTWAIT | QUIETLY);
        None
    }

    /// What can be imported now.
    fn list(&self, bus: &Bus) -> Vec<u8> {
        let free = bus.device().filter(|_| self.importer().is_none());
        let exports: Vec<_> = free.and_then(|(_, identity)| export(identity)).into_iter().collect();
        listed(&exports)
    }

    fn import(&self, bus: &mut Bus, bus_id: &BusId, socket: &Arc<Socket>) -> Result<(), Refusal> {
        let mut importer = self.importer();
        let (number, identity) = bus.device().ok_or(Refusal::NoDevice)?;
        let export = export(identity).filter(|export| export.bus_id == *bus_id).ok_or(Refusal::NoDevice)?;
        if importer.is_some() {
            return Err(Refusal::Busy);
        }
        *importer = Some(Importer::new(Arc::clone(socket), &export, number));
        bus.attach(true);
        Ok(())
    }

    /// Reads from the host that has the token, and does what it says; false once the connection is over.
    fn receive(&self, hub: &Hub, buffer: &mut [u8]) -> bool {
        let count = self.importer().as_ref().map_or(Ok(0), |importer| importer.read(buffer));
        match count {
            Ok(0) => false,
            Ok(count) => self.take(hub, &buffer[..count]),
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    fn take(&self, hub: &Hub, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let take = |bus: &mut Bus| {
                let mut importer = self.importer();
                importer.as_mut().is_some_and(|importer| importer.take(&mut bytes, bus).is_ok())
            };
            if hub.on_bus(take) != Some(true) {
                return false;
            }
            // Other connections have their turn between two transfers.
            std::thread::yield_now();
        }
        true
    }

    /// Ends the connection of the host that has the token.
    fn part(&self, hub: &Hub) {
        let _hub_closed = hub.on_bus(|bus| self.let_go(bus, &mut self.importer()));
        // Without a hub nobody else has the importer either.
        *self.importer() = None;
    }

    fn let_go(&self, bus: &mut Bus, importer: &mut Option<Importer>) {
        if importer.take().is_some() {
            bus.attach(false);
            self.wake();
        }
    }

    fn admit(&self, askers: &mut Vec<Asker>) {
        match self.listener.accept() {
            Ok(socket) => {
                keep_alive(&socket);
                if askers.len() == ASKING {
                    askers.remove(0);
                }
                askers.push(Asker { socket: Arc::new(socket), asking: Asking::default() });
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

impl Link for UsbIp {
    fn address(&self) -> String {
        match self.listener.address() {
            Listen::Tcp(address) => format!("usbip on {address}, bus id {BUS_ID}"),
            Listen::Unix(path) => format!("usbip on {}", path.display()),
        }
    }

    fn serve(&self, hub: &Hub) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        let mut askers: Vec<Asker> = Vec::new();
        // The device is there from the beginning.
        let _hub_closed = hub.on_bus(|_| ());
        loop {
            let importer = self.importer().as_ref().map(|importer| (importer.socket(), importer.wanted()));
            let mut ready = vec![PollFd::new(&self.woken, PollFlags::IN), self.listener.poll_fd()];
            ready.extend(askers.iter().map(|asker| PollFd::new(&asker.socket, PollFlags::IN)));
            ready.extend(importer.as_ref().map(|(socket, wanted)| PollFd::new(socket, *wanted)));
            match poll(&mut ready, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let mut events: std::vec::IntoIter<_> = ready.iter().map(PollFd::revents).collect::<Vec<_>>().into_iter();
            let mut next = || events.next().unwrap_or(PollFlags::empty());
            let (woken, arrived) = (next(), next());
            let heard: Vec<_> = askers.iter().map(|_| !next().is_empty()).collect();
            let happened = next();
            drop(ready);
            if !woken.is_empty() {
                let _drained = (&self.woken).read(&mut [0; 64]);
                if self.is_closed.load(Ordering::Acquire) {
                    return Ok(());
                }
            }
            // Whoever has the token may give it back before somebody else asks for it.
            self.attend(hub, happened, &mut buffer);
            askers = askers
                .into_iter()
                .zip(heard)
                .filter_map(|(asker, heard)| if heard { self.hear(hub, asker, &mut buffer) } else { Some(asker) })
                .collect();
            if !arrived.is_empty() {
                self.admit(&mut askers);
            }
        }
    }

    fn carry(&self, bus: &mut Bus) {
        let mut importer = self.importer();
        let Some(there) = &mut *importer else { return };
        let had = there.wanted();
        if !there.carry(bus) {
            self.let_go(bus, &mut importer);
        } else if there.wanted() != had {
            // Whoever polls has to poll for something else.
            self.wake();
        }
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.wake();
    }
}

impl UsbIp {
    /// Does what has happened at the connection of the host that has the token.
    fn attend(&self, hub: &Hub, happened: PollFlags, buffer: &mut [u8]) {
        let has_gone = happened.intersects(PollFlags::HUP | PollFlags::ERR) && !happened.contains(PollFlags::IN);
        if has_gone || happened.contains(PollFlags::IN) && !self.receive(hub, buffer) {
            self.part(hub);
        } else if happened.contains(PollFlags::OUT) {
            // Sending goes on as the bus is carried.
            let _hub_closed = hub.on_bus(|_| ());
        }
    }
}

/// What hosts are told before they import the token.
fn export(identity: &Identity) -> Option<Export> {
    Some(Export {
        path: "/sys/devices/platform/keyfob-emulator/usb1/1-1",
        bus_id: BusId::new(BUS_ID).ok()?,
        bus_number: 1,
        device_number: 2,
        speed: Speed::Full,
        vendor_id: identity.vendor_id,
        product_id: identity.product_id,
        release: identity.release.0,
        class: Class::default(),
        configuration: CONFIGURATION,
        configurations: 1,
        interfaces: vec![Class { class: INTERFACE_CLASS, ..Class::default() }],
    })
}

/// Notices within two minutes a host that has gone without a word, where the system can.
fn keep_alive(socket: &Socket) {
    use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl};
    use std::time::Duration;
    let _kept = set_socket_keepalive(socket, true)
        .and_then(|()| set_tcp_keepidle(socket, Duration::from_secs(30)))
        .and_then(|()| set_tcp_keepintvl(socket, Duration::from_secs(10)))
        .and_then(|()| set_tcp_keepcnt(socket, 3));
    // What wasn't acknowledged counts otherwise.
    #[cfg(target_os = "linux")]
    let _limited = rustix::net::sockopt::set_tcp_user_timeout(socket, 60_000);
}
