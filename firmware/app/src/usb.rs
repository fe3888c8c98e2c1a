//! The token on USB: [`keyfob_usb::Device`] over a chip's driver, so that a host is told what the emulator tells it.

use core::future::{pending, poll_fn};
use core::pin::pin;
use core::task::{Poll, ready};

use embassy_futures::select::{Either, select};
use embassy_usb_driver::{
    Bus, ControlPipe, Direction, Driver, EndpointAddress, EndpointIn, EndpointOut, EndpointType, Event,
};
use keyfob_usb::{CONTROL_BUFFER, Device, Endpoint, INTERVAL, Identity, REPORT_SIZE, Release, Reply, Setup, packets};
use keyfob_wire::framing::Fragments;
use keyfob_wire::{ChannelId, Command, Firmware, Report};

use crate::Ports;
use crate::wait::Pause;

/// How often a host hears that the token works, in milliseconds (specification §2).
const KEEP_ALIVE: u64 = 100;
/// What KEEPALIVE carries: the token computes.
const WORKING: [u8; 1] = [1];
/// What a packet holds, as the drivers count.
const PACKET: u16 = 64;

/// What a board is on the bus, besides being a token.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// `idVendor` and `idProduct`.
    pub ids: (u16, u16),
    /// The firmware's version, as `bcdDevice`.
    pub firmware: Firmware,
}

/// Is a device on the bus, for ever, once the token has powered up.
pub async fn usb<'d, D: Driver<'d>>(mut driver: D, about: About, ports: &Ports) -> ! {
    let address = |endpoint: Endpoint| Some(EndpointAddress::from(endpoint.address()));
    let out = driver.alloc_endpoint_out(EndpointType::Interrupt, address(Endpoint::Out), PACKET, INTERVAL);
    let back = driver.alloc_endpoint_in(EndpointType::Interrupt, address(Endpoint::In), PACKET, INTERVAL);
    let (Ok(out), Ok(back)) = (out, back) else { nothing().await };
    ports.started().await;
    let (bus, pipe) = driver.start(PACKET);
    let control = Control { bus, pipe, device: Device::new(identity(about, ports)), about, ports };
    let (mut control, mut receive, mut send) =
        (pin!(control.run()), pin!(receive(out, ports)), pin!(send(back, ports)));
    poll_fn(|context| {
        // None of them ends.
        let _ = control.as_mut().poll(context);
        let _ = receive.as_mut().poll(context);
        let _ = send.as_mut().poll(context);
        Poll::Pending
    })
    .await
}

/// Waits for ever: a driver that lacks an endpoint makes no device.
async fn nothing() -> ! {
    loop {
        pending::<()>().await;
    }
}

fn identity(About { ids: (vendor_id, product_id), firmware }: About, ports: &Ports) -> Identity {
    Identity { vendor_id, product_id, ..Identity::keyfob(Release::of_version(firmware.0), ports.serial()) }
}

/// Takes reports of the host.
async fn receive(mut endpoint: impl EndpointOut, ports: &Ports) -> ! {
    loop {
        endpoint.wait_enabled().await;
        let mut packet = [0; REPORT_SIZE];
        if let Ok(length) = endpoint.read(&mut packet).await {
            for report in packets(packet.get(..length).unwrap_or_default()) {
                ports.from_host.send(report).await;
            }
        }
    }
}

/// Gives reports to the host, and tells it that the token works while it does.
async fn send(mut endpoint: impl EndpointIn, ports: &Ports) -> ! {
    loop {
        endpoint.wait_enabled().await;
        let report = match select(ports.to_host.receive(), still_working(ports)).await {
            Either::First(report) => report,
            Either::Second(Some(report)) => report,
            Either::Second(None) => continue,
        };
        // A driver that lost the bus meanwhile says so; the report is nobody's then.
        let _lost = endpoint.write(&report).await;
    }
}

/// Waits until the token has worked for one channel for a while, and tells what to say to it.
fn still_working(ports: &Ports) -> impl Future<Output = Option<Report>> {
    let mut has_begun = false;
    let mut pause = Pause::new(KEEP_ALIVE);
    poll_fn(move |context| {
        if !has_begun {
            ports.begun.register(context.waker());
            has_begun = ports.working().is_some();
        }
        if !has_begun {
            return Poll::Pending;
        }
        ready!(pause.poll(context));
        Poll::Ready(ports.working().and_then(keep_alive))
    })
}

fn keep_alive(channel: ChannelId) -> Option<Report> {
    Fragments::new(channel, Command::KeepAlive, &WORKING).ok()?.next()
}

/// Endpoint 0, and what it decides about the others.
struct Control<'p, B, C> {
    bus: B,
    pipe: C,
    device: Device,
    about: About,
    ports: &'p Ports,
}

impl<B: Bus, C: ControlPipe> Control<'_, B, C> {
    async fn run(mut self) -> ! {
        self.bus.enable().await;
        loop {
            match select(self.bus.poll(), self.pipe.setup()).await {
                Either::First(event) => self.follow(event),
                Either::Second(setup) => self.request(Setup::from_bytes(setup)).await,
            }
        }
    }

    /// Does what happens on the bus.
    fn follow(&mut self, event: Event) {
        if matches!(event, Event::Reset | Event::PowerRemoved) {
            self.device = Device::new(identity(self.about, self.ports));
            self.ports.configure(false);
            self.set_enabled(false);
        }
    }

    /// Carries out a control transfer, until the host begins something else by resetting the bus.
    async fn request(&mut self, setup: Setup) {
        let mut data = [0; CONTROL_BUFFER];
        let length = usize::from(setup.length);
        let mut taken = 0;
        if !setup.is_in() && length > 0 {
            let Some(room) = data.get_mut(..length) else { return self.pipe.reject().await };
            let Self { bus, pipe, .. } = self;
            match until_reset(bus, read(pipe, room)).await {
                Ok(Some(count)) => taken = count,
                Ok(None) => return self.pipe.reject().await,
                Err(event) => return self.follow(event),
            }
        }
        let before = (self.device.is_configured(), halts(&self.device));
        let mut buffer = [0; CONTROL_BUFFER];
        let reply = self.device.control(setup, data.get(..taken).unwrap_or_default(), &mut buffer);
        let report = if let Reply::Report(report) = reply { Some(report) } else { None };
        let is_begun_anew = is_configuring(setup) && reply == Reply::Done;
        self.apply(before, is_begun_anew);
        let Self { bus, pipe, .. } = self;
        let answered = until_reset(bus, answer(pipe, setup, reply)).await;
        if let Some(report) = report {
            self.ports.from_host.send(&report).await;
        }
        if let Err(event) = answered {
            self.follow(event);
        }
    }

    /// Makes the endpoints what the device says that they are. One that is begun anew begins with DATA0 (USB §9.4.5),
    /// which the drivers do only when it is enabled.
    fn apply(&mut self, (was_configured, were_halted): (bool, [bool; 2]), is_begun_anew: bool) {
        let is_configured = self.device.is_configured();
        if is_configured != was_configured || is_begun_anew {
            self.ports.configure(is_configured);
            self.set_enabled(is_configured);
        }
        for ((endpoint, was), is) in Endpoint::ALL.into_iter().zip(were_halted).zip(halts(&self.device)) {
            let address = EndpointAddress::from(endpoint.address());
            if is != was {
                self.bus.endpoint_set_stalled(address, is);
                if !is && is_configured {
                    self.enable(address.direction(), true);
                }
            }
        }
    }

    fn set_enabled(&mut self, is_enabled: bool) {
        for direction in [Direction::In, Direction::Out] {
            self.enable(direction, is_enabled);
        }
    }

    /// The one place that calls the driver for it: there the compiler knows the endpoints' number, and no check of it is
    /// left.
    #[inline(never)]
    fn enable(&mut self, direction: Direction, is_enabled: bool) {
        self.bus.endpoint_set_enabled(EndpointAddress::from_parts(1, direction), is_enabled);
    }
}

fn halts(device: &Device) -> [bool; 2] {
    Endpoint::ALL.map(|endpoint| device.is_halted(endpoint))
}

/// Whether a request sets the configuration or the interface's setting, which begins both endpoints anew.
const fn is_configuring(setup: Setup) -> bool {
    matches!((setup.request_type, setup.request), (0x00, 9) | (0x01, 11))
}

/// Does a control transfer's part, unless the bus is reset or loses its power before.
async fn until_reset<R>(bus: &mut impl Bus, transfer: impl Future<Output = R>) -> Result<R, Event> {
    let mut transfer = pin!(transfer);
    loop {
        match select(transfer.as_mut(), bus.poll()).await {
            Either::First(result) => return Ok(result),
            Either::Second(event @ (Event::Reset | Event::PowerRemoved)) => return Err(event),
            Either::Second(_) => {}
        }
    }
}

/// Reads what the host sends with a request; none if the driver refuses.
async fn read(pipe: &mut impl ControlPipe, data: &mut [u8]) -> Option<usize> {
    let total = data.len();
    let mut count = 0;
    while count < total {
        let room = data.get_mut(count..)?;
        let is_last = room.len() <= usize::from(PACKET);
        let length = pipe.data_out(room, count == 0, is_last).await.ok()?;
        count += length;
        if length < usize::from(PACKET) {
            break;
        }
    }
    Some(count)
}

/// Gives the device's reply.
async fn answer(pipe: &mut impl ControlPipe, setup: Setup, reply: Reply<'_>) {
    match reply {
        Reply::Stall => pipe.reject().await,
        Reply::Done | Reply::Report(_) if is_set_address(setup) => {
            pipe.accept_set_address(setup.value.to_le_bytes()[0]).await;
        }
        Reply::Done | Reply::Report(_) => pipe.accept().await,
        Reply::Data(_) if setup.length == 0 => pipe.accept().await,
        Reply::Data(data) => {
            // A packet that is shorter says that nothing follows; without one, an empty packet does.
            let is_cut = data.len() == usize::from(setup.length);
            let ends_with_empty = !is_cut && data.len().is_multiple_of(usize::from(PACKET));
            let packets = data.chunks(usize::from(PACKET)).chain(ends_with_empty.then_some(&[][..]));
            let mut packets = packets.peekable();
            let mut is_first = true;
            while let Some(packet) = packets.next() {
                if pipe.data_in(packet, is_first, packets.peek().is_none()).await.is_err() {
                    return;
                }
                is_first = false;
            }
        }
    }
}

const fn is_set_address(setup: Setup) -> bool {
    setup.request_type == 0 && setup.request == 5
}
