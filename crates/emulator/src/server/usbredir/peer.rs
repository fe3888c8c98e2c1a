//! A virtual machine on the other side.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use keyfob_usb::{CONTROL_BUFFER, Endpoint, INTERFACE, INTERFACE_CLASS, INTERVAL, Identity, REPORT_SIZE, Reply, Setup};
use keyfob_usbredir::{
    ControlRequest, DeviceDescription, EndpointDescription, Event, InterfaceDescription, PacketId, ProtocolError,
    Redirector, Speed, Status, TransferType,
};
use rustix::event::PollFlags;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::super::connection::{QUIETLY, Socket};
use super::super::usb::{Bus, Incoming, Outgoing};

/// How many bytes may wait for a peer that doesn't read, before nothing is read from it any more.
const UNSENT: usize = 256 << 10;
/// How many transfers wait for a device that hangs. More of them are never answered.
const HELD: usize = 64;
/// How much data they may have together.
const HELD_DATA: usize = 64 << 10;

pub(super) struct Peer {
    socket: Arc<Socket>,
    redirector: Redirector,
    /// The device that is connected.
    device: Option<u64>,
    /// Whether the peer reads the IN endpoint.
    is_receiving: bool,
    /// Whether the peer knows that the IN endpoint is halted. Nobody asks for every packet, so that it is told once.
    knows_halt: bool,
    /// Requests that came while the device hung.
    held: VecDeque<Event>,
    /// Whether the socket takes nothing at the moment.
    is_clogged: bool,
}

impl Peer {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket: Arc::new(socket),
            redirector: Redirector::new(concat!("keyfob ", env!("CARGO_PKG_VERSION"))),
            device: None,
            is_receiving: false,
            knows_halt: false,
            held: VecDeque::new(),
            is_clogged: false,
        }
    }

    pub(super) fn socket(&self) -> Arc<Socket> {
        Arc::clone(&self.socket)
    }

    /// What to wait for.
    pub(super) fn wanted(&self) -> PollFlags {
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, self.redirector.outgoing().len() < UNSENT);
        wanted.set(PollFlags::OUT, self.is_clogged);
        wanted
    }

    /// Reads what is there without waiting for more.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(&self.socket, buffer, RecvFlags::DONTWAIT)?.0)
    }

    /// Does what the next packet says.
    pub(super) fn take(&mut self, bytes: &mut &[u8], bus: &mut Bus) -> Result<(), ProtocolError> {
        match self.redirector.receive(bytes)? {
            Some(Event::Cancel { id }) => self.cancel(id),
            Some(Event::Reset) => {
                self.held.clear();
                bus.reset();
            }
            Some(Event::StartInterruptReceiving { id, endpoint }) => {
                let is_right = endpoint == Endpoint::In.address() && bus.is_configured();
                self.is_receiving |= is_right;
                self.knows_halt = false;
                let status = if is_right { Status::Success } else { Status::Invalid };
                self.redirector.interrupt_receiving_status(id, status, endpoint);
            }
            Some(Event::StopInterruptReceiving { id, endpoint }) => {
                self.is_receiving &= endpoint != Endpoint::In.address();
                self.redirector.interrupt_receiving_status(id, Status::Success, endpoint);
            }
            // Carrying the bus looks whether a device can be connected now.
            Some(Event::Hello { .. } | Event::Disconnected | Event::Rejected) | None => {}
            Some(event) => self.transfer(event, bus),
        }
        Ok(())
    }

    /// Carries to the peer what there is on the bus, and sends.
    pub(super) fn carry(&mut self, bus: &mut Bus) {
        let device = bus.device().map(|(number, _)| number);
        if self.device.is_some() && self.device != device {
            self.redirector.disconnect();
            self.held.clear();
            self.is_receiving = false;
            self.device = None;
        }
        if self.device.is_none() && self.redirector.can_connect() {
            self.with_description(bus, Redirector::connect);
            self.device = device;
        }
        if !bus.is_hung() {
            for event in std::mem::take(&mut self.held) {
                self.transfer(event, bus);
            }
        }
        self.carry_reports(bus);
        self.send();
    }

    fn carry_reports(&mut self, bus: &mut Bus) {
        let endpoint = Endpoint::In.address();
        self.knows_halt &= bus.is_halted(Endpoint::In);
        while self.is_receiving && !self.knows_halt && self.redirector.outgoing().len() < UNSENT {
            match bus.read() {
                Incoming::Report(report) => self.redirector.interrupt_in(endpoint, &report),
                Incoming::Stall => {
                    // A status of receiving would say so too, but doesn't wake QEMU's controller.
                    self.redirector.interrupt_in_failed(endpoint, Status::Stall);
                    self.knows_halt = true;
                }
                Incoming::Nothing => return,
            }
        }
    }

    fn send(&mut self) {
        while !self.redirector.outgoing().is_empty() {
            match send(&self.socket, self.redirector.outgoing(), SendFlags::DONTWAIT | QUIETLY) {
                Ok(sent) => self.redirector.sent(sent),
                Err(rustix::io::Errno::INTR) => {}
                // If the connection is over, reading says so.
                Err(_) => {
                    self.is_clogged = true;
                    return;
                }
            }
        }
        self.is_clogged = false;
    }

    /// Has the device answer a request, or keeps it while the device hangs.
    fn transfer(&mut self, event: Event, bus: &mut Bus) {
        if bus.is_hung() {
            let data = self.held.iter().map(data_length).sum::<usize>() + data_length(&event);
            if self.held.len() < HELD && data <= HELD_DATA {
                self.held.push_back(event);
            }
            return;
        }
        match event {
            Event::Control { id, request } => self.control(id, &request, bus),
            Event::InterruptOut { id, endpoint, data } => self.write(id, endpoint, &data, bus),
            Event::SetConfiguration { id, configuration } => {
                let status = ask(Setup { value: configuration.into(), ..SET_CONFIGURATION }, bus);
                if status == Status::Success {
                    self.with_description(bus, Redirector::describe);
                }
                self.tell_configuration(id, status, bus);
            }
            Event::GetConfiguration { id } => self.tell_configuration(id, Status::Success, bus),
            Event::SetAltSetting { id, interface, alternate } => {
                let setup = Setup { value: alternate.into(), index: interface.into(), ..SET_INTERFACE };
                let status = ask(setup, bus);
                self.redirector.alt_setting_status(id, status, interface, alternate);
            }
            Event::GetAltSetting { id, interface } => {
                let status = ask(Setup { index: interface.into(), ..GET_INTERFACE }, bus);
                self.redirector.alt_setting_status(id, status, interface, 0);
            }
            _ => {}
        }
    }

    fn control(&mut self, id: PacketId, request: &ControlRequest, bus: &mut Bus) {
        if request.endpoint & 0x7f != 0 {
            return self.redirector.control_answer(id, request, Status::Invalid, &[]);
        }
        let ControlRequest { request_type, request: number, value, index, length, .. } = *request;
        let setup = Setup { request_type, request: number, value, index, length };
        let mut buffer = [0; CONTROL_BUFFER];
        match bus.control(setup, &request.data, &mut buffer) {
            Some(Reply::Data(data)) => self.redirector.control_answer(id, request, Status::Success, data),
            Some(Reply::Done | Reply::Report(_)) => self.redirector.control_answer(id, request, Status::Success, &[]),
            Some(Reply::Stall) => self.redirector.control_answer(id, request, Status::Stall, &[]),
            None => {}
        }
    }

    fn write(&mut self, id: PacketId, endpoint: u8, data: &[u8], bus: &mut Bus) {
        let outcome = match Endpoint::from_address(endpoint) {
            Some(Endpoint::Out) => bus.write(data),
            _ => Outgoing::Absent,
        };
        let (status, taken) = match outcome {
            Outgoing::Done => (Status::Success, u16::try_from(data.len()).unwrap_or(u16::MAX)),
            Outgoing::Stall => (Status::Stall, 0),
            Outgoing::Absent => (Status::Invalid, 0),
            Outgoing::Silence => return,
        };
        self.redirector.interrupt_out_status(id, status, endpoint, taken);
    }

    /// Ends a transfer that the device hasn't answered; of one that it has, there is nothing to say.
    fn cancel(&mut self, id: PacketId) {
        let place = self.held.iter().position(|event| event_id(event) == Some(id));
        match place.and_then(|place| self.held.remove(place)) {
            Some(Event::Control { request, .. }) => {
                self.redirector.control_answer(id, &request, Status::Cancelled, &[]);
            }
            Some(Event::InterruptOut { endpoint, .. }) => {
                self.redirector.interrupt_out_status(id, Status::Cancelled, endpoint, 0);
            }
            _ => {}
        }
    }

    fn tell_configuration(&mut self, id: PacketId, status: Status, bus: &Bus) {
        self.redirector.configuration_status(id, status, bus.is_configured().into());
    }

    fn with_description(&mut self, bus: &Bus, tell: impl FnOnce(&mut Redirector, &DeviceDescription<'_>)) {
        if let Some((_, identity)) = bus.device() {
            tell(&mut self.redirector, &description(identity));
        }
    }
}

/// By what a held request is given up.
const fn event_id(event: &Event) -> Option<PacketId> {
    match event {
        Event::Control { id, .. } | Event::InterruptOut { id, .. } => Some(*id),
        _ => None,
    }
}

const fn data_length(event: &Event) -> usize {
    match event {
        Event::Control { request, .. } => request.data.len(),
        Event::InterruptOut { data, .. } => data.len(),
        _ => 0,
    }
}

/// Requests that have packets of their own (USB table 9-4).
const SET_CONFIGURATION: Setup = Setup { request_type: 0x00, request: 9, value: 0, index: 0, length: 0 };
const SET_INTERFACE: Setup = Setup { request_type: 0x01, request: 11, value: 0, index: 0, length: 0 };
const GET_INTERFACE: Setup = Setup { request_type: 0x81, request: 10, value: 0, index: 0, length: 1 };

fn ask(setup: Setup, bus: &mut Bus) -> Status {
    match bus.control(setup, &[], &mut [0; CONTROL_BUFFER]) {
        Some(Reply::Stall) => Status::Stall,
        Some(_) => Status::Success,
        None => Status::IoError,
    }
}

const PACKET: u16 = REPORT_SIZE as u16;

const fn description(identity: &Identity) -> DeviceDescription<'static> {
    const INTERFACES: &[InterfaceDescription] =
        &[InterfaceDescription { number: INTERFACE, class: INTERFACE_CLASS, subclass: 0, protocol: 0 }];
    const ENDPOINTS: &[EndpointDescription] = &[endpoint(Endpoint::In), endpoint(Endpoint::Out)];
    DeviceDescription {
        speed: Speed::Full,
        class: 0,
        subclass: 0,
        protocol: 0,
        vendor_id: identity.vendor_id,
        product_id: identity.product_id,
        release: identity.release.0,
        max_packet_size_0: PACKET,
        interfaces: INTERFACES,
        endpoints: ENDPOINTS,
    }
}

const fn endpoint(endpoint: Endpoint) -> EndpointDescription {
    EndpointDescription {
        address: endpoint.address(),
        transfer_type: TransferType::Interrupt,
        interval: INTERVAL,
        interface: INTERFACE,
        max_packet_size: PACKET,
    }
}
