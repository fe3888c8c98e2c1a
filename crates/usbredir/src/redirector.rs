//! A connection, as the side sees it that has the device.

use alloc::vec::Vec;

use crate::incoming::{HELLO_TEXT, Incoming, Packet};
use crate::number::packet;
use crate::outgoing::Outgoing;
use crate::{Capabilities, ControlRequest, DeviceDescription, Event, PacketId, ProtocolError, Status};

/// One connection to a machine that wants a device.
#[derive(Debug)]
pub struct Redirector {
    incoming: Incoming,
    outgoing: Outgoing,
    /// What both sides can; none before the other side's hello.
    common: Option<Capabilities>,
    device: DeviceState,
    /// The id of the next report that the device sends.
    next_in: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeviceState {
    Absent,
    Connected,
    /// It has gone, and the other side hasn't said yet that it knows.
    Leaving,
}

impl Redirector {
    /// Begins a connection with a hello. `version` names the program; 63 bytes of it are told.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let mut outgoing = Outgoing::default();
        outgoing.hello(version);
        Self { incoming: Incoming::default(), outgoing, common: None, device: DeviceState::Absent, next_in: 0 }
    }

    /// Takes bytes that came until they mean something; none once there are no more.
    ///
    /// # Errors
    /// [`ProtocolError`]; the connection is to be closed then.
    pub fn receive(&mut self, bytes: &mut &[u8]) -> Result<Option<Event>, ProtocolError> {
        while let Some(packet) = self.incoming.take(bytes)? {
            let Some(common) = self.common else {
                let common = hello(&packet)? & Capabilities::OURS;
                self.common = Some(common);
                let has_long_ids = common.has(Capabilities::IDS_OF_64_BITS);
                self.incoming.has_long_ids = has_long_ids;
                self.outgoing.has_long_ids = has_long_ids;
                self.incoming.clear();
                return Ok(Some(Event::Hello { common }));
            };
            let understood = understand(&packet, common)?;
            self.incoming.clear();
            match understood {
                Understood::Nothing => {}
                Understood::Event(Event::Disconnected) => {
                    if self.device == DeviceState::Leaving {
                        self.device = DeviceState::Absent;
                        return Ok(Some(Event::Disconnected));
                    }
                }
                // What was sent before the other side knew that the device has gone is about nothing.
                _ if self.device != DeviceState::Connected => {}
                Understood::Event(event) => return Ok(Some(event)),
                Understood::Refused { kind, id, parts } => self.outgoing.packet(kind, id, &[&parts]),
            }
        }
        Ok(None)
    }

    /// What is to be sent.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.bytes()
    }

    /// Forgets so many bytes of what was to be sent.
    pub fn sent(&mut self, count: usize) {
        self.outgoing.sent(count);
    }

    /// Whether a device can be connected now: the other side is there, has none and knows it.
    #[must_use]
    pub fn can_connect(&self) -> bool {
        self.common.is_some() && self.device == DeviceState::Absent
    }

    /// Whether a device is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.device == DeviceState::Connected
    }

    /// Connects a device, if one [can be connected](Self::can_connect).
    pub fn connect(&mut self, device: &DeviceDescription<'_>) {
        if let Some(common) = self.common.filter(|_| self.can_connect()) {
            self.outgoing.connect(device, common);
            self.device = DeviceState::Connected;
            self.next_in = 0;
        }
    }

    /// Takes the device away, if one is connected.
    pub fn disconnect(&mut self) {
        if self.is_connected() {
            let is_acknowledged = self.common.is_some_and(|common| common.has(Capabilities::DEVICE_DISCONNECT_ACK));
            self.device = if is_acknowledged { DeviceState::Leaving } else { DeviceState::Absent };
            self.outgoing.packet(packet::DEVICE_DISCONNECT, PacketId(0), &[]);
        }
    }

    /// Tells what belongs to the configuration that the device has now, before it is said that it has it.
    pub fn describe(&mut self, device: &DeviceDescription<'_>) {
        self.outgoing.endpoints(device, self.common.unwrap_or_default());
        self.outgoing.interfaces(device);
    }

    /// Answers which configuration there is now.
    pub fn configuration_status(&mut self, id: PacketId, status: Status, configuration: u8) {
        self.outgoing.packet(packet::CONFIGURATION_STATUS, id, &[&[status.number(), configuration]]);
    }

    /// Answers which setting an interface has now.
    pub fn alt_setting_status(&mut self, id: PacketId, status: Status, interface: u8, alternate: u8) {
        self.outgoing.packet(packet::ALT_SETTING_STATUS, id, &[&[status.number(), interface, alternate]]);
    }

    /// Answers whether an endpoint is read now, or tells that it isn't any more.
    pub fn interrupt_receiving_status(&mut self, id: PacketId, status: Status, endpoint: u8) {
        self.outgoing.packet(packet::INTERRUPT_RECEIVING_STATUS, id, &[&[status.number(), endpoint]]);
    }

    /// Ends a control transfer; `data` is what the device sends, of which at most 65,535 bytes are.
    pub fn control_answer(&mut self, id: PacketId, request: &ControlRequest, status: Status, data: &[u8]) {
        let data = data.get(..usize::from(u16::MAX)).unwrap_or(data);
        let is_in = request.request_type & 0x80 != 0;
        let length = match (is_in, status) {
            (true, _) => u16::try_from(data.len()).unwrap_or(u16::MAX),
            (false, Status::Success) => request.length,
            (false, _) => 0,
        };
        let [value, index, length] = [request.value, request.index, length].map(u16::to_le_bytes);
        let fixed = [request.endpoint, request.request, request.request_type, status.number()];
        let data = if is_in { data } else { &[] };
        self.outgoing.packet(packet::CONTROL_PACKET, id, &[&fixed, &value, &index, &length, data]);
    }

    /// Ends a transfer to an interrupt endpoint, of which the device has taken so many bytes.
    pub fn interrupt_out_status(&mut self, id: PacketId, status: Status, endpoint: u8, taken: u16) {
        self.interrupt(id, status, endpoint, taken, &[]);
    }

    /// Sends what an interrupt endpoint had for the other side, at most 65,535 bytes of it.
    pub fn interrupt_in(&mut self, endpoint: u8, data: &[u8]) {
        let data = data.get(..usize::from(u16::MAX)).unwrap_or(data);
        let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
        let id = self.next_in();
        self.interrupt(id, Status::Success, endpoint, length, data);
    }

    /// Tells how reading an interrupt endpoint has failed, while it is read on.
    pub fn interrupt_in_failed(&mut self, endpoint: u8, status: Status) {
        let id = self.next_in();
        self.interrupt(id, status, endpoint, 0, &[]);
    }

    const fn next_in(&mut self) -> PacketId {
        let id = PacketId(self.next_in);
        self.next_in = self.next_in.wrapping_add(1);
        id
    }

    fn interrupt(&mut self, id: PacketId, status: Status, endpoint: u8, length: u16, data: &[u8]) {
        let fixed = [endpoint, status.number()];
        self.outgoing.packet(packet::INTERRUPT_PACKET, id, &[&fixed, &length.to_le_bytes(), data]);
    }
}

enum Understood {
    Event(Event),
    /// The device has nothing of the kind.
    Refused {
        kind: u32,
        id: PacketId,
        parts: Vec<u8>,
    },
    Nothing,
}

/// What the other side says that it can.
fn hello(packet: &Packet<'_>) -> Result<Capabilities, ProtocolError> {
    if packet.kind != packet::HELLO {
        return Err(ProtocolError::NoHello { kind: packet.kind });
    }
    let words = packet.body.iter().skip(usize::try_from(HELLO_TEXT).unwrap_or(usize::MAX)).take(4);
    Ok(Capabilities(words.rev().fold(0, |number, byte| number << 8 | u32::from(*byte))))
}

/// Reads a packet, whose length was looked at before.
fn understand(packet: &Packet<'_>, common: Capabilities) -> Result<Understood, ProtocolError> {
    let Packet { kind, id, body } = *packet;
    let wrong = ProtocolError::Data { kind };
    let event = match (kind, body) {
        (packet::HELLO, _) => return Err(ProtocolError::SecondHello),
        (packet::RESET, _) => Event::Reset,
        (packet::SET_CONFIGURATION, &[configuration]) => Event::SetConfiguration { id, configuration },
        (packet::GET_CONFIGURATION, _) => Event::GetConfiguration { id },
        (packet::SET_ALT_SETTING, &[interface, alternate]) => Event::SetAltSetting { id, interface, alternate },
        (packet::GET_ALT_SETTING, &[interface]) => Event::GetAltSetting { id, interface },
        (packet::START_INTERRUPT_RECEIVING, &[endpoint]) => Event::StartInterruptReceiving { id, endpoint },
        (packet::STOP_INTERRUPT_RECEIVING, &[endpoint]) => Event::StopInterruptReceiving { id, endpoint },
        (packet::CANCEL_DATA_PACKET, _) => Event::Cancel { id },
        (packet::FILTER_REJECT, _) => Event::Rejected,
        (packet::DEVICE_DISCONNECT_ACK, _) => Event::Disconnected,
        (packet::CONTROL_PACKET, _) => Event::Control { id, request: control(body).ok_or(wrong)? },
        (packet::INTERRUPT_PACKET, _) => {
            let (endpoint, data) = interrupt(body).ok_or(wrong)?;
            Event::InterruptOut { id, endpoint, data: data.to_vec() }
        }
        (packet::START_ISO_STREAM | packet::STOP_ISO_STREAM, &[endpoint, ..]) => {
            let parts = [Status::Invalid.number(), endpoint].to_vec();
            return Ok(Understood::Refused { kind: packet::ISO_STREAM_STATUS, id, parts });
        }
        (packet::BULK_PACKET, _) => {
            let parts = refused_bulk(body, common).ok_or(wrong)?;
            return Ok(Understood::Refused { kind, id, parts });
        }
        _ => return Ok(Understood::Nothing),
    };
    Ok(Understood::Event(event))
}

fn control(body: &[u8]) -> Option<ControlRequest> {
    let (&[endpoint, request, request_type, _, v0, v1, i0, i1, l0, l1], data) = body.split_first_chunk()?;
    let [value, index, length] = [[v0, v1], [i0, i1], [l0, l1]].map(u16::from_le_bytes);
    let expected = if request_type & 0x80 == 0 { length } else { 0 };
    let request = ControlRequest { endpoint, request, request_type, value, index, length, data: data.to_vec() };
    (data.len() == usize::from(expected)).then_some(request)
}

/// A transfer to an endpoint, with its data.
fn interrupt(body: &[u8]) -> Option<(u8, &[u8])> {
    let (&[endpoint, _, l0, l1], data) = body.split_first_chunk()?;
    let is_right = endpoint & 0x80 == 0 && data.len() == usize::from(u16::from_le_bytes([l0, l1]));
    is_right.then_some((endpoint, data))
}

/// The same packet's head with a status and without a length.
fn refused_bulk(body: &[u8], common: Capabilities) -> Option<Vec<u8>> {
    let (&[endpoint, _, _, _, s0, s1, s2, s3], _) = body.split_first_chunk()?;
    let mut parts = [endpoint, Status::Invalid.number(), 0, 0, s0, s1, s2, s3].to_vec();
    if common.has(Capabilities::BULK_LENGTH_OF_32_BITS) {
        parts.extend_from_slice(&[0; 2]);
    }
    Some(parts)
}
