//! Packets and what a host's controller does with them.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use keyfob_wire::Report;

/// Types of packets.
pub mod kind {
    #![allow(missing_docs, reason = "the protocol's names")]
    pub const HELLO: u32 = 0;
    pub const DEVICE_CONNECT: u32 = 1;
    pub const DEVICE_DISCONNECT: u32 = 2;
    pub const RESET: u32 = 3;
    pub const INTERFACE_INFO: u32 = 4;
    pub const EP_INFO: u32 = 5;
    pub const SET_CONFIGURATION: u32 = 6;
    pub const GET_CONFIGURATION: u32 = 7;
    pub const CONFIGURATION_STATUS: u32 = 8;
    pub const SET_ALT_SETTING: u32 = 9;
    pub const GET_ALT_SETTING: u32 = 10;
    pub const ALT_SETTING_STATUS: u32 = 11;
    pub const START_ISO_STREAM: u32 = 12;
    pub const ISO_STREAM_STATUS: u32 = 14;
    pub const START_INTERRUPT_RECEIVING: u32 = 15;
    pub const STOP_INTERRUPT_RECEIVING: u32 = 16;
    pub const INTERRUPT_RECEIVING_STATUS: u32 = 17;
    pub const CANCEL_DATA_PACKET: u32 = 21;
    pub const FILTER_REJECT: u32 = 22;
    pub const FILTER_FILTER: u32 = 23;
    pub const DEVICE_DISCONNECT_ACK: u32 = 24;
    pub const CONTROL_PACKET: u32 = 100;
    pub const BULK_PACKET: u32 = 101;
    pub const ISO_PACKET: u32 = 102;
    pub const INTERRUPT_PACKET: u32 = 103;
    pub const BUFFERED_BULK_PACKET: u32 = 104;
}

/// Statuses.
pub mod status {
    #![allow(missing_docs, reason = "the protocol's names")]
    pub const SUCCESS: u8 = 0;
    pub const CANCELLED: u8 = 1;
    pub const INVAL: u8 = 2;
    pub const STALL: u8 = 4;
}

/// What an end says that it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// QEMU 7.2: bulk streams, the device's version, filters, packet sizes, ids of 64 bits, bulk lengths of 32 bits, bulk
    /// receiving; no acknowledgement of a disconnection.
    pub const QEMU: Self = Self(0b1111_0111);
    /// The same, with that acknowledgement.
    pub const ALL: Self = Self(0xff);
    /// None at all.
    pub const NONE: Self = Self(0);
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its type.
    pub kind: u32,
    /// Its id.
    pub id: u64,
    /// What follows the header.
    pub body: Vec<u8>,
}

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u8,
    /// What the device sent.
    pub data: Vec<u8>,
}

/// A connection.
pub struct Wire {
    socket: UnixStream,
    has_long_ids: bool,
    next: u64,
    /// Reports that came while something else was waited for.
    reports: VecDeque<Report>,
    /// Packets that came while something else was waited for.
    others: VecDeque<Packet>,
    is_over: bool,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Wire {
    /// Connects and greets.
    ///
    /// # Errors
    /// If nobody is there, or doesn't greet.
    pub fn connect(path: &Path, capabilities: Capabilities) -> io::Result<Self> {
        let mut wire = Self::bare(path)?;
        let mut hello = [0; 64].to_vec();
        hello[..5].copy_from_slice(b"guest");
        hello.extend(capabilities.0.to_le_bytes());
        wire.send(kind::HELLO, &hello)?;
        let theirs = wire.next_packet()?;
        assert_eq!((theirs.kind, theirs.id, theirs.body.len()), (kind::HELLO, 0, 68));
        assert!(theirs.body.starts_with(b"keyfob ") && theirs.body[63] == 0);
        let theirs = u32::from_le_bytes([64, 65, 66, 67].map(|place| theirs.body[place]));
        wire.has_long_ids = capabilities.0 & theirs & 1 << 5 != 0;
        Ok(wire)
    }

    /// Connects and says nothing.
    ///
    /// # Errors
    /// If nobody is there.
    pub fn bare(path: &Path) -> io::Result<Self> {
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let (reports, others) = Default::default();
        Ok(Self { socket, has_long_ids: false, next: 1, reports, others, is_over: false })
    }

    /// The same connection, for another thread to read from.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn duplicate(&self) -> io::Result<Self> {
        let socket = self.socket.try_clone()?;
        socket.set_read_timeout(None)?;
        Ok(Self {
            socket,
            has_long_ids: self.has_long_ids,
            next: 0,
            reports: VecDeque::new(),
            others: VecDeque::new(),
            is_over: false,
        })
    }

    /// The socket.
    #[must_use]
    pub const fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// A header, as it would be sent now.
    #[must_use]
    pub fn header(&self, kind: u32, length: u32, id: u64) -> Vec<u8> {
        let mut header = [kind.to_le_bytes(), length.to_le_bytes()].concat();
        header.extend(&id.to_le_bytes()[..if self.has_long_ids { 8 } else { 4 }]);
        header
    }

    /// Sends a packet and returns its id.
    ///
    /// # Errors
    /// If the connection is over.
    pub fn send(&mut self, kind: u32, body: &[u8]) -> io::Result<u64> {
        let id = if kind == kind::HELLO { 0 } else { self.next };
        self.next += 1;
        self.send_as(kind, id, body)?;
        Ok(id)
    }

    /// Sends a packet of that id.
    ///
    /// # Errors
    /// If the connection is over.
    pub fn send_as(&mut self, kind: u32, id: u64, body: &[u8]) -> io::Result<()> {
        let mut bytes = self.header(kind, u32::try_from(body.len()).expect("a packet"), id);
        bytes.extend(body);
        self.socket.write_all(&bytes)
    }

    /// Reads the next packet.
    ///
    /// # Errors
    /// If the connection is over, or none comes.
    pub fn next_packet(&mut self) -> io::Result<Packet> {
        let mut header = [0; 16];
        let length = if self.has_long_ids { 16 } else { 12 };
        self.socket.read_exact(&mut header[..length])?;
        let number = |range: std::ops::Range<usize>| {
            header[range].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let mut body = vec![0; usize::try_from(number(4..8)).expect("64 bits")];
        self.socket.read_exact(&mut body)?;
        Ok(Packet { kind: u32::try_from(number(0..4)).expect("4 bytes"), id: number(8..length), body })
    }

    /// Waits for a packet; what comes before is kept.
    ///
    /// # Panics
    /// If the connection is over, or it doesn't come.
    pub fn wait(&mut self, wanted: impl Fn(&Packet) -> bool) -> Packet {
        if let Some(place) = self.others.iter().position(&wanted) {
            return self.others.remove(place).expect("it is there");
        }
        loop {
            let packet = self.next_packet().expect("a packet comes");
            if wanted(&packet) {
                return packet;
            }
            if packet.kind == kind::INTERRUPT_PACKET && packet.body[..2] == [0x81, status::SUCCESS] {
                self.reports.push_back(report(&packet));
            } else {
                self.others.push_back(packet);
            }
        }
    }

    /// Waits for a packet of a kind.
    pub fn expect(&mut self, kind: u32) -> Packet {
        self.wait(|packet| packet.kind == kind)
    }

    /// Waits until the device is there, and returns what is told of it: `ep_info`, `interface_info`, `device_connect`.
    pub fn plugged(&mut self) -> [Packet; 3] {
        [kind::EP_INFO, kind::INTERFACE_INFO, kind::DEVICE_CONNECT].map(|kind| self.expect(kind))
    }

    /// Begins a control transfer and returns its id. The setup packet's fields are as in USB 2.0, §9.3.
    pub fn begin_control(&mut self, setup: [u8; 8], data: &[u8]) -> u64 {
        let [request_type, request, fields @ ..] = setup;
        let mut body = vec![request_type & 0x80, request, request_type, 0];
        body.extend(fields);
        body.extend(data);
        self.send(kind::CONTROL_PACKET, &body).expect("the connection is there")
    }

    /// Ends a control transfer.
    pub fn end_control(&mut self, id: u64) -> Answer {
        let packet = self.wait(|packet| packet.kind == kind::CONTROL_PACKET && packet.id == id);
        Answer { status: packet.body[3], data: packet.body[10..].to_vec() }
    }

    /// Makes a control transfer.
    pub fn control(&mut self, setup: [u8; 8], data: &[u8]) -> Answer {
        let id = self.begin_control(setup, data);
        self.end_control(id)
    }

    /// Chooses a configuration and returns the status and the one that there is then.
    pub fn configure(&mut self, configuration: u8) -> (u8, u8) {
        let id = self.send(kind::SET_CONFIGURATION, &[configuration]).expect("the connection is there");
        let packet = self.wait(|packet| packet.kind == kind::CONFIGURATION_STATUS && packet.id == id);
        if packet.body[0] == status::SUCCESS {
            // It comes with what belongs to it, told before.
            for kind in [kind::EP_INFO, kind::INTERFACE_INFO] {
                assert!(self.others.iter().any(|other| other.kind == kind), "{:?}", self.others);
                self.expect(kind);
            }
        }
        (packet.body[0], packet.body[1])
    }

    /// Reads the IN endpoint from now on, or not any more; returns the status.
    pub fn receive(&mut self, is_on: bool) -> u8 {
        let kind = if is_on { kind::START_INTERRUPT_RECEIVING } else { kind::STOP_INTERRUPT_RECEIVING };
        let id = self.send(kind, &[0x81]).expect("the connection is there");
        let packet = self.wait(|packet| packet.kind == kind::INTERRUPT_RECEIVING_STATUS && packet.id == id);
        assert_eq!(packet.body[1], 0x81);
        packet.body[0]
    }

    /// Begins a transfer to an endpoint.
    pub fn begin_write(&mut self, endpoint: u8, data: &[u8]) -> u64 {
        let length = u16::try_from(data.len()).expect("a transfer").to_le_bytes();
        let body = [&[endpoint, 0, length[0], length[1]], data].concat();
        self.send(kind::INTERRUPT_PACKET, &body).expect("the connection is there")
    }

    /// Ends a transfer to an endpoint and returns its status.
    pub fn end_write(&mut self, id: u64) -> u8 {
        let is_it = |packet: &Packet| packet.kind == kind::INTERRUPT_PACKET && packet.body[0] < 0x80 && packet.id == id;
        self.wait(is_it).body[1]
    }

    /// Sends a report to the OUT endpoint and returns the status.
    pub fn write(&mut self, data: &[u8]) -> u8 {
        let id = self.begin_write(0x01, data);
        self.end_write(id)
    }

    /// Waits for a report.
    pub fn read(&mut self) -> Report {
        if let Some(report) = self.reports.pop_front() {
            return report;
        }
        let is_report = |packet: &Packet| packet.body[..2] == [0x81, status::SUCCESS];
        let packet = self.wait(|packet| packet.kind == kind::INTERRUPT_PACKET && is_report(packet));
        report(&packet)
    }

    /// Enumerates as far as a driver does: the device is configured and read.
    pub fn enumerate(&mut self) {
        self.plugged();
        self.drive();
    }

    /// Configures a device that is there, and reads it.
    pub fn drive(&mut self) {
        self.send(kind::RESET, &[]).expect("the connection is there");
        assert_eq!(self.control([0x80, 6, 0, 1, 0, 0, 18, 0], &[]).data.len(), 18);
        assert_eq!(self.configure(1), (status::SUCCESS, 1));
        assert_eq!(self.receive(true), status::SUCCESS);
    }

    /// Whether the other end closes the connection, whatever it says before.
    pub fn is_ended(&mut self) -> bool {
        loop {
            match self.next_packet() {
                Ok(_) => {}
                Err(error) => {
                    self.is_over = !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                    return self.is_over;
                }
            }
        }
    }

    /// Ends the connection.
    pub fn end(&mut self) {
        let _ended = self.socket.shutdown(Shutdown::Both);
        self.is_over = true;
    }

    /// Whether it is known that the connection is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether nothing comes for that long.
    pub fn is_silent(&mut self, time: Duration) -> bool {
        assert!(self.others.is_empty() && self.reports.is_empty(), "{:?}", self.others);
        self.socket.set_read_timeout(Some(time)).expect("a time");
        let found = self.socket.read(&mut [0]);
        self.socket.set_read_timeout(Some(PATIENCE)).expect("a time");
        found.is_err_and(|error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }
}

fn report(packet: &Packet) -> Report {
    let [0x81, status::SUCCESS, 64, 0, report @ ..] = &packet.body[..] else { panic!("no report: {packet:?}") };
    report.try_into().expect("64 bytes")
}
