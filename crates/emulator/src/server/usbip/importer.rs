//! A host that has the token.

use std::io;
use std::sync::Arc;

use keyfob_usb::{CONTROL_BUFFER, Endpoint, REPORT_SIZE, Reply, Setup};
use keyfob_usbip::{Event, Export, Fault, ProtocolError, Session, UrbId};
use rustix::event::PollFlags;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

use super::super::connection::{QUIETLY, Socket};
use super::super::usb::{Bus, Incoming, Outgoing};

/// How many bytes may wait for a host that doesn't read, before nothing is read from it any more.
const UNSENT: usize = 256 << 10;

pub(super) struct Importer {
    socket: Arc<Socket>,
    session: Session,
    /// The device that was imported.
    device: u64,
    /// Transfers that came while the device hung, in order.
    held: Vec<(UrbId, Transfer)>,
    unsent: Vec<u8>,
    /// Whether the socket takes nothing at the moment.
    is_clogged: bool,
}

/// A transfer that the device hasn't answered.
enum Transfer {
    Control { setup: [u8; 8], data: Vec<u8> },
    Out { data: Vec<u8> },
}

impl Importer {
    pub(super) fn new(socket: Arc<Socket>, export: &Export, device: u64) -> Self {
        let max_packet = u16::try_from(REPORT_SIZE).unwrap_or(u16::MAX);
        let endpoints =
            Endpoint::ALL.map(|endpoint| keyfob_usbip::Endpoint { address: endpoint.address(), max_packet });
        let session = Session::new(export, &endpoints);
        Self { socket, session, device, held: Vec::new(), unsent: Vec::new(), is_clogged: false }
    }

    pub(super) fn socket(&self) -> Arc<Socket> {
        Arc::clone(&self.socket)
    }

    /// What to wait for.
    pub(super) fn wanted(&self) -> PollFlags {
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, self.unsent.len() < UNSENT);
        wanted.set(PollFlags::OUT, self.is_clogged);
        wanted
    }

    /// Reads what is there without waiting for more.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(&self.socket, buffer, RecvFlags::DONTWAIT)?.0)
    }

    /// Does what the next message says.
    pub(super) fn take(&mut self, bytes: &mut &[u8], bus: &mut Bus) -> Result<(), ProtocolError> {
        match self.session.feed(bytes)? {
            Some(Event::Control { urb, setup, data }) => self.transfer(urb, Transfer::Control { setup, data }, bus),
            Some(Event::Out { urb, data, .. }) => self.transfer(urb, Transfer::Out { data }, bus),
            Some(Event::Unlinked { urb }) => self.held.retain(|(held, _)| *held != urb),
            Some(Event::Reset) => bus.reset(),
            // What is read from the device is looked for when the bus is carried.
            _ => {}
        }
        Ok(())
    }

    /// Carries to the host what there is on the bus, and sends; false if the device has gone and the connection with
    /// it.
    pub(super) fn carry(&mut self, bus: &mut Bus) -> bool {
        if bus.device().is_none_or(|(number, _)| number != self.device) {
            // It may have ended by itself.
            let _ended = shutdown(&self.socket, Shutdown::Both);
            return false;
        }
        if !bus.is_hung() {
            for (urb, transfer) in std::mem::take(&mut self.held) {
                self.transfer(urb, transfer, bus);
            }
        }
        let endpoint = Endpoint::In.address();
        while self.unsent.len() < UNSENT && self.session.waits(endpoint) {
            match bus.read() {
                Incoming::Report(report) => {
                    self.session.deliver(endpoint, &report);
                }
                Incoming::Stall => self.session.fail(endpoint, Fault::Stall),
                Incoming::Nothing => break,
            }
            self.send();
        }
        self.send();
        true
    }

    /// Has the device answer a transfer, or keeps it while the device hangs.
    fn transfer(&mut self, urb: UrbId, transfer: Transfer, bus: &mut Bus) {
        let is_answered = match &transfer {
            Transfer::Control { setup, data } => self.control(urb, *setup, data, bus),
            Transfer::Out { data } => self.write(urb, data, bus),
        };
        // There are no more of them than the session lets wait.
        if !is_answered {
            self.held.push((urb, transfer));
        }
    }

    fn control(&mut self, urb: UrbId, setup: [u8; 8], data: &[u8], bus: &mut Bus) -> bool {
        let mut buffer = [0; CONTROL_BUFFER];
        let result = match bus.control(Setup::from_bytes(setup), data, &mut buffer) {
            Some(Reply::Data(data)) => Ok(data),
            Some(Reply::Done | Reply::Report(_)) => Ok(&[][..]),
            Some(Reply::Stall) => Err(Fault::Stall),
            None => return false,
        };
        self.session.complete(urb, result)
    }

    fn write(&mut self, urb: UrbId, data: &[u8], bus: &mut Bus) -> bool {
        let result = match bus.write(data) {
            Outgoing::Done => Ok(&[][..]),
            Outgoing::Stall | Outgoing::Absent => Err(Fault::Stall),
            Outgoing::Silence => return false,
        };
        self.session.complete(urb, result)
    }

    fn send(&mut self) {
        self.unsent.append(&mut self.session.take_output());
        let mut sent = 0;
        self.is_clogged = false;
        while sent < self.unsent.len() && !self.is_clogged {
            match send(&self.socket, &self.unsent[sent..], SendFlags::DONTWAIT | QUIETLY) {
                Ok(count) => sent += count,
                Err(rustix::io::Errno::INTR) => {}
                // If the connection is over, reading says so.
                Err(_) => self.is_clogged = true,
            }
        }
        self.unsent.drain(..sent);
    }
}
