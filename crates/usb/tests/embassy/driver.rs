//! embassy-usb without a chip: a host that is a list of requests.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embassy_usb::class::hid::{
    Config as HidConfig, HidBootProtocol, HidReaderWriter, HidSubclass, ReportId, RequestHandler, State,
};
use embassy_usb::control::OutResponse;
use embassy_usb::driver::{
    Bus, ControlPipe, Direction, Driver, Endpoint, EndpointAddress, EndpointAllocError, EndpointError, EndpointIn,
    EndpointInfo, EndpointOut, EndpointType, Event, Unsupported,
};
use embassy_usb::{Builder, Config, UsbVersion};
use keyfob_usb::{Identity, Setup};

/// What a host hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Data(Vec<u8>),
    Accepted,
    /// Accepted, and the report was handed on.
    Report(Vec<u8>),
    Rejected,
}

/// What passes between the host and the device.
#[derive(Default)]
struct Wire {
    requests: VecDeque<([u8; 8], Vec<u8>)>,
    data: Vec<u8>,
    answer: Option<Answer>,
    report: Option<Vec<u8>>,
    is_powered: bool,
    stalled: Vec<EndpointAddress>,
}

type Shared = Rc<RefCell<Wire>>;

/// A device on embassy-usb.
pub(crate) struct Firmware<'a> {
    wire: Shared,
    run: &'a mut dyn FnMut(),
}

impl Firmware<'_> {
    /// Builds the device as firmware does, and lets `host` ask it.
    pub(crate) fn run(identity: Identity, report_descriptor: &[u8], host: impl FnOnce(&mut Firmware<'_>)) {
        let wire = Shared::default();
        let mut config = Config::new(identity.vendor_id, identity.product_id);
        (config.device_class, config.device_sub_class, config.device_protocol) = (0, 0, 0);
        config.composite_with_iads = false;
        config.bcd_usb = UsbVersion::Two;
        config.device_release = identity.release.0;
        (config.manufacturer, config.product) = (Some(identity.manufacturer), Some(identity.product));
        config.serial_number = identity.serial.as_ref().map(|serial| serial.as_str());
        let (mut configuration, mut bos, mut msos, mut control) = ([0; 128], [0; 64], [0; 0], [0; 256]);
        let mut handler = Handler(Rc::clone(&wire));
        let mut state = State::new();
        let driver = Chip(Rc::clone(&wire));
        let mut builder = Builder::new(driver, config, &mut configuration, &mut bos, &mut msos, &mut control);
        let hid = HidConfig {
            report_descriptor,
            request_handler: Some(&mut handler),
            poll_ms: 1,
            max_packet_size: 64,
            hid_subclass: HidSubclass::No,
            hid_boot_protocol: HidBootProtocol::None,
        };
        let _reader_writer = HidReaderWriter::<_, 64, 64>::new(&mut builder, &mut state, hid);
        let mut device = builder.build();
        let mut running = pin!(device.run_until_suspend());
        let mut run = || {
            let polled = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(polled, Poll::Pending);
        };
        host(&mut Firmware { wire, run: &mut run });
    }

    /// Makes a control transfer.
    pub(crate) fn ask(&mut self, setup: Setup, data: &[u8]) -> Answer {
        self.wire.borrow_mut().requests.push_back((setup.to_bytes(), data.to_vec()));
        (self.run)();
        let mut wire = self.wire.borrow_mut();
        let (answer, report) = (wire.answer.take(), wire.report.take());
        match (answer.unwrap_or_else(|| panic!("{setup:02x?} is answered")), report) {
            (Answer::Accepted, Some(report)) => Answer::Report(report),
            (answer, _) => answer,
        }
    }
}

struct Handler(Shared);

impl RequestHandler for Handler {
    fn set_report(&mut self, id: ReportId, data: &[u8]) -> OutResponse {
        assert_eq!(id, ReportId::Out(0));
        self.0.borrow_mut().report = Some(data.to_vec());
        OutResponse::Accepted
    }
}

struct Chip(Shared);

impl<'a> Driver<'a> for Chip {
    type EndpointOut = Pipe;
    type EndpointIn = Pipe;
    type ControlPipe = Control;
    type Bus = Port;

    fn alloc_endpoint_out(
        &mut self,
        ep_type: EndpointType,
        _: Option<EndpointAddress>,
        max_packet_size: u16,
        interval_ms: u8,
    ) -> Result<Pipe, EndpointAllocError> {
        let addr = EndpointAddress::from_parts(1, Direction::Out);
        Ok(Pipe(EndpointInfo { addr, ep_type, max_packet_size, interval_ms }))
    }

    fn alloc_endpoint_in(
        &mut self,
        ep_type: EndpointType,
        _: Option<EndpointAddress>,
        max_packet_size: u16,
        interval_ms: u8,
    ) -> Result<Pipe, EndpointAllocError> {
        let addr = EndpointAddress::from_parts(1, Direction::In);
        Ok(Pipe(EndpointInfo { addr, ep_type, max_packet_size, interval_ms }))
    }

    fn start(self, control_max_packet_size: u16) -> (Port, Control) {
        assert_eq!(control_max_packet_size, 64);
        (Port(Rc::clone(&self.0)), Control(self.0))
    }
}

struct Pipe(EndpointInfo);

impl Endpoint for Pipe {
    fn info(&self) -> &EndpointInfo {
        &self.0
    }

    async fn wait_enabled(&mut self) {}
}

impl EndpointOut for Pipe {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, EndpointError> {
        pending().await
    }
}

impl EndpointIn for Pipe {
    async fn write(&mut self, _: &[u8]) -> Result<(), EndpointError> {
        pending().await
    }
}

struct Port(Shared);

impl Bus for Port {
    async fn enable(&mut self) {}

    async fn disable(&mut self) {}

    async fn poll(&mut self) -> Event {
        let was_powered = std::mem::replace(&mut self.0.borrow_mut().is_powered, true);
        if was_powered { pending().await } else { Event::PowerDetected }
    }

    fn endpoint_set_enabled(&mut self, _: EndpointAddress, _: bool) {}

    fn endpoint_set_stalled(&mut self, address: EndpointAddress, is_stalled: bool) {
        let stalled = &mut self.0.borrow_mut().stalled;
        stalled.retain(|other| *other != address);
        stalled.extend(is_stalled.then_some(address));
    }

    fn endpoint_is_stalled(&mut self, address: EndpointAddress) -> bool {
        self.0.borrow().stalled.contains(&address)
    }

    async fn remote_wakeup(&mut self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

struct Control(Shared);

impl ControlPipe for Control {
    fn max_packet_size(&self) -> usize {
        64
    }

    async fn setup(&mut self) -> [u8; 8] {
        let next = || self.0.borrow_mut().requests.pop_front();
        let (setup, data) = poll_fn(|_| next().map_or(Poll::Pending, Poll::Ready)).await;
        self.0.borrow_mut().data = data;
        setup
    }

    async fn data_out(&mut self, buffer: &mut [u8], _: bool, _: bool) -> Result<usize, EndpointError> {
        let data = &mut self.0.borrow_mut().data;
        let count = buffer.len().min(data.len());
        buffer[..count].copy_from_slice(&data[..count]);
        data.drain(..count);
        Ok(count)
    }

    async fn data_in(&mut self, data: &[u8], _: bool, is_last: bool) -> Result<(), EndpointError> {
        let mut wire = self.0.borrow_mut();
        wire.data.extend_from_slice(data);
        if is_last {
            wire.answer = Some(Answer::Data(std::mem::take(&mut wire.data)));
        }
        Ok(())
    }

    async fn accept(&mut self) {
        self.0.borrow_mut().answer = Some(Answer::Accepted);
    }

    async fn reject(&mut self) {
        self.0.borrow_mut().answer = Some(Answer::Rejected);
    }

    async fn accept_set_address(&mut self, _: u8) {
        self.0.borrow_mut().answer = Some(Answer::Accepted);
    }
}
