//! A device at a virtual machine's port.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixListener;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyfob_usb::{CONTROL_BUFFER, Device, Endpoint, Identity, Release, Reply, Setup};
use keyfob_usbredir::{
    ControlRequest, DeviceDescription, EndpointDescription, Event, InterfaceDescription, PacketId, Redirector, Speed,
    Status, TransferType,
};

use crate::hostile::{Answer, Case, Descriptor};

/// How often to look whether another device is wanted.
const PAUSE: Duration = Duration::from_millis(5);

/// Which device is plugged in, and how often that has changed.
pub(crate) struct Current(Mutex<(u64, Case)>);

impl Current {
    pub(crate) fn new(case: Case) -> Self {
        Self(Mutex::new((0, case)))
    }

    pub(crate) fn change(&self, case: Case) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *current = (current.0 + 1, case);
    }

    fn get(&self) -> (u64, Case) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves virtual machines at a socket, one after the other.
pub(crate) fn serve(path: &str, current: &Current) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    loop {
        let (mut socket, _) = listener.accept()?;
        socket.set_read_timeout(Some(PAUSE))?;
        let mut peripheral = Peripheral::new(current.get());
        let mut buffer = [0; 4096];
        loop {
            let count = match socket.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => 0,
                Err(_) => break,
            };
            let mut bytes = &buffer[..count];
            while !bytes.is_empty() {
                match peripheral.redirector.receive(&mut bytes) {
                    Ok(event) => event.into_iter().for_each(|event| peripheral.act(event)),
                    Err(_) => break,
                }
            }
            peripheral.follow(current.get());
            let outgoing = peripheral.redirector.outgoing();
            if socket.write_all(outgoing).is_err() {
                break;
            }
            let count = outgoing.len();
            peripheral.redirector.sent(count);
        }
    }
}

struct Peripheral {
    redirector: Redirector,
    device: Device,
    number: u64,
    case: Case,
    is_plugged: bool,
    is_receiving: bool,
    /// What was said before the host listened.
    unread: Vec<Vec<u8>>,
}

const IN: u8 = Endpoint::In.address();

impl Peripheral {
    fn new((number, case): (u64, Case)) -> Self {
        let redirector = Redirector::new("keyfob guest");
        Self {
            redirector,
            device: device(case),
            number,
            case,
            is_plugged: false,
            is_receiving: false,
            unread: Vec::new(),
        }
    }

    /// Is what it should be.
    fn follow(&mut self, (number, case): (u64, Case)) {
        if self.number != number {
            self.redirector.disconnect();
            (self.number, self.case, self.device) = (number, case, device(case));
            (self.is_plugged, self.is_receiving) = (false, false);
        }
        if !self.is_plugged && self.redirector.can_connect() {
            self.redirector.connect(&description(&self.device));
            self.is_plugged = true;
        }
        if let (true, Answer::Flood(packet)) = (self.is_receiving, self.case.answer) {
            (0..64).for_each(|_| self.redirector.interrupt_in(IN, packet));
        }
    }

    fn act(&mut self, event: Event) {
        match event {
            Event::Reset => {
                self.device.reset();
                self.is_receiving = false;
            }
            Event::SetConfiguration { id, configuration } => {
                let setup = Setup { request_type: 0, request: 9, value: configuration.into(), index: 0, length: 0 };
                self.device.control(setup, &[], &mut [0; CONTROL_BUFFER]);
                self.redirector.describe(&description(&self.device));
                self.redirector.configuration_status(id, Status::Success, configuration);
            }
            Event::GetConfiguration { id } => {
                self.redirector.configuration_status(id, Status::Success, self.device.is_configured().into());
            }
            Event::SetAltSetting { id, interface, alternate } => {
                self.redirector.alt_setting_status(id, Status::Success, interface, alternate);
            }
            Event::GetAltSetting { id, interface } => {
                self.redirector.alt_setting_status(id, Status::Success, interface, 0);
            }
            Event::StartInterruptReceiving { id, endpoint } => {
                self.is_receiving = true;
                self.redirector.interrupt_receiving_status(id, Status::Success, endpoint);
                self.say();
                if matches!(self.case.answer, Answer::StallIn) {
                    self.redirector.interrupt_receiving_status(PacketId(0), Status::Stall, endpoint);
                }
            }
            Event::StopInterruptReceiving { id, endpoint } => {
                self.is_receiving = false;
                self.redirector.interrupt_receiving_status(id, Status::Success, endpoint);
            }
            Event::Control { id, request } => self.control(id, &request),
            Event::InterruptOut { id, endpoint, data } => self.told(id, endpoint, &data),
            _ => {}
        }
    }

    /// Says what there is to say if the host listens; it is kept otherwise, but not without end.
    fn say(&mut self) {
        if self.is_receiving {
            self.unread.drain(..).for_each(|packet| self.redirector.interrupt_in(IN, &packet));
        }
        self.unread.truncate(256);
    }

    fn control(&mut self, id: PacketId, request: &ControlRequest) {
        let ControlRequest { request_type, request: number, value, index, length, .. } = *request;
        if matches!(self.case.answer, Answer::NoControl) && request_type & 0x80 == 0 {
            return self.redirector.control_answer(id, request, Status::Stall, &[]);
        }
        // It is asked for all there is, so that what is altered is cut to the length afterwards.
        let is_descriptor = request_type & 0x80 != 0 && number == 6;
        let asked = if is_descriptor { u16::MAX } else { length };
        let setup = Setup { request_type, request: number, value, index, length: asked };
        let mut buffer = [0; CONTROL_BUFFER];
        let answer = match self.device.control(setup, &request.data, &mut buffer) {
            Reply::Data(data) => Some(data.to_vec()),
            Reply::Done | Reply::Report(_) => Some(Vec::new()),
            Reply::Stall => None,
        };
        let [kind, which] = value.to_be_bytes();
        let answer = if is_descriptor { (self.case.alter)(Descriptor { kind, which }, answer) } else { answer };
        match answer {
            Some(mut data) => {
                data.truncate(usize::from(length));
                self.redirector.control_answer(id, request, Status::Success, &data);
            }
            None => self.redirector.control_answer(id, request, Status::Stall, &[]),
        }
    }

    fn told(&mut self, id: PacketId, endpoint: u8, data: &[u8]) {
        let taken = u16::try_from(data.len()).unwrap_or(u16::MAX);
        match self.case.answer {
            Answer::StallOut => self.redirector.interrupt_out_status(id, Status::Stall, endpoint, 0),
            Answer::With(answer) => {
                self.redirector.interrupt_out_status(id, Status::Success, endpoint, taken);
                self.unread.append(&mut answer(data));
                self.say();
            }
            _ => self.redirector.interrupt_out_status(id, Status::Success, endpoint, taken),
        }
    }
}

fn device(case: Case) -> Device {
    let mut identity = Identity::keyfob(Release(0x0100), None);
    identity.product_id = case.product_id;
    Device::new(identity)
}

fn description(device: &Device) -> DeviceDescription<'static> {
    const INTERFACES: &[InterfaceDescription] =
        &[InterfaceDescription { number: 0, class: keyfob_usb::INTERFACE_CLASS, subclass: 0, protocol: 0 }];
    const ENDPOINTS: &[EndpointDescription] = &[endpoint(Endpoint::In), endpoint(Endpoint::Out)];
    let identity = device.identity();
    DeviceDescription {
        speed: Speed::Full,
        class: 0,
        subclass: 0,
        protocol: 0,
        vendor_id: identity.vendor_id,
        product_id: identity.product_id,
        release: identity.release.0,
        max_packet_size_0: 64,
        interfaces: INTERFACES,
        endpoints: ENDPOINTS,
    }
}

const fn endpoint(endpoint: Endpoint) -> EndpointDescription {
    EndpointDescription {
        address: endpoint.address(),
        transfer_type: TransferType::Interrupt,
        interval: keyfob_usb::INTERVAL,
        interface: 0,
        max_packet_size: 64,
    }
}
