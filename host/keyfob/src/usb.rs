//! Fobs by their endpoints on the bus, where no HID driver is bound; and what of the bus HID doesn't show.

mod listing;
mod shared;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use keyfob_wire::{REPORT_SIZE, Report};
use rusb::{Context, Device, DeviceHandle, Direction, TransferType, UsbContext as _};

use crate::pipe::{Packet, Pipe};
use crate::{BusPlace, Error, TokenUri, Transport, UsbName};
pub(crate) use listing::on_the_bus;
use shared::Shared;

/// How long a device may take to take a report in.
const WRITE_TIME: Duration = Duration::from_secs(2);

/// The devices that this program has claimed: it can do that once, however many connections it wants.
static CLAIMED: Mutex<Vec<Claimed>> = Mutex::new(Vec::new());

struct Claimed {
    bus: u8,
    address: u8,
    shared: Weak<Shared<Usb>>,
}

/// Opens the fob that is meant, for this program alone.
pub(crate) fn connect(name: &UsbName) -> io::Result<Box<dyn Transport>> {
    let device = find(name)?;
    let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
    claimed.retain(|entry| entry.shared.strong_count() > 0);
    let (bus, address) = (device.bus_number(), device.address());
    let known = claimed.iter().find(|entry| (entry.bus, entry.address) == (bus, address));
    let shared = match known.and_then(|entry| entry.shared.upgrade()) {
        Some(shared) => shared,
        None => {
            let shared = Shared::new(claim(&device)?);
            claimed.push(Claimed { bus, address, shared: Arc::downgrade(&shared) });
            shared
        }
    };
    Ok(shared.connect())
}

fn claim(device: &Device<Context>) -> io::Result<Usb> {
    let uri = place(device).map_or_else(|| "usb".to_owned(), |place| TokenUri::Usb(UsbName::Place(place)).to_string());
    let interface = interface(device).ok_or_else(|| io::Error::other(Error::NotAToken))?;
    let handle = device.open().map_err(|error| cause(error, &uri))?;
    // Where the system has no answer, it has no driver to ask about, or will refuse the claim.
    if handle.kernel_driver_active(interface.number) == Ok(true) {
        return Err(io::Error::other(Error::DriverBound { uri }));
    }
    handle.claim_interface(interface.number).map_err(|error| cause(error, &uri))?;
    Ok(Usb { handle, interface, uri })
}

/// Resets a fob on its bus, as if it were plugged in anew, but with its power on. All programs that use it notice.
///
/// # Errors
/// If it isn't there, not on a bus, or the user may not open it.
pub fn reset(uri: &TokenUri) -> Result<(), Error> {
    let devices = crate::devices();
    let meant = match uri {
        TokenUri::Usb(name) => name.place(&devices)?,
        TokenUri::Hid(name) => {
            let node = name.node(&devices)?;
            let device = devices.iter().find(|device| device.node.as_ref() == Some(&node));
            device.and_then(|device| device.place.clone()).ok_or(Error::NoToken)?
        }
        _ => return Err(Error::NoToken),
    };
    let name = uri.to_string();
    let reset = find(&UsbName::Place(meant)).and_then(|device| {
        let handle = device.open().map_err(|error| cause(error, &name))?;
        // What came back as another device was reset all the same.
        match handle.reset() {
            Ok(()) | Err(rusb::Error::NotFound | rusb::Error::NoDevice) => Ok(()),
            Err(error) => Err(cause(error, &name)),
        }
    });
    reset.map_err(|source| Error::of_connecting(source, &name))
}

/// The connection to libusb; none if the system has no USB for this process.
pub(crate) fn context() -> Option<&'static Context> {
    static CONTEXT: OnceLock<Option<Context>> = OnceLock::new();
    CONTEXT.get_or_init(|| Context::new().ok()).as_ref()
}

/// Where a device is plugged in; none for the root of a bus.
pub(crate) fn place(device: &Device<Context>) -> Option<BusPlace> {
    BusPlace::new(device.bus_number(), &device.port_numbers().ok()?)
}

/// An interface that reports can be sent to and received from.
#[derive(Clone, Copy)]
pub(crate) struct Interface {
    number: u8,
    input: u8,
    output: u8,
}

/// The first HID interface with an interrupt endpoint in each direction.
pub(crate) fn interface(device: &Device<Context>) -> Option<Interface> {
    let configuration = device.active_config_descriptor().ok()?;
    configuration.interfaces().flat_map(|interface| interface.descriptors()).find_map(|descriptor| {
        let endpoint = |direction| {
            descriptor
                .endpoint_descriptors()
                .find(|endpoint| {
                    endpoint.direction() == direction && endpoint.transfer_type() == TransferType::Interrupt
                })
                .map(|endpoint| endpoint.address())
        };
        let is_suitable = descriptor.class_code() == keyfob_usb::INTERFACE_CLASS && descriptor.setting_number() == 0;
        let (input, output) = (endpoint(Direction::In)?, endpoint(Direction::Out)?);
        is_suitable.then(|| Interface { number: descriptor.interface_number(), input, output })
    })
}

/// The device that is meant, not opened. libusb doesn't know serials of devices that it hasn't opened.
fn find(name: &UsbName) -> io::Result<Device<Context>> {
    let place = match name {
        UsbName::Place(place) => place.clone(),
        UsbName::Only | UsbName::Serial(_) => match (name, name.place(&crate::devices())) {
            (_, Ok(place)) => place,
            (UsbName::Serial(_), Err(Error::NoToken)) => {
                return Err(io::Error::new(ErrorKind::NotFound, "no fob of that serial is on the bus"));
            }
            (_, Err(error)) => return Err(io::Error::other(error)),
        },
    };
    let devices = context().and_then(|context| context.devices().ok());
    let found = devices.and_then(|devices| devices.iter().find(|device| self::place(device).as_ref() == Some(&place)));
    found.ok_or_else(|| io::Error::new(ErrorKind::NotFound, "nothing is plugged in there"))
}

/// A claimed interface. It is released, and the device closed, when this is dropped.
struct Usb {
    handle: DeviceHandle<Context>,
    interface: Interface,
    uri: String,
}

impl Usb {
    /// Does a transfer. A halted endpoint is cleared, once (USB 2.0, §5.7.5).
    fn transfer(
        &self,
        endpoint: u8,
        mut transfer: impl FnMut(&DeviceHandle<Context>) -> rusb::Result<usize>,
    ) -> rusb::Result<usize> {
        match transfer(&self.handle) {
            Err(rusb::Error::Pipe) => {
                self.handle.clear_halt(endpoint)?;
                transfer(&self.handle)
            }
            done => done,
        }
    }
}

impl Pipe for Usb {
    fn write(&self, report: &Report) -> io::Result<()> {
        let output = self.interface.output;
        match self.transfer(output, |handle| handle.write_interrupt(output, report, WRITE_TIME)) {
            Ok(REPORT_SIZE) => Ok(()),
            Ok(_) | Err(rusb::Error::Timeout) => Err(io::Error::new(ErrorKind::TimedOut, Error::Stalled)),
            Err(error) => Err(cause(error, &self.uri)),
        }
    }

    fn read(&self, packet: &mut Packet, timeout: Duration) -> io::Result<usize> {
        let input = self.interface.input;
        // With more room, a transfer would end only with the packet after a whole one.
        let (report, _) = packet.split_at_mut(REPORT_SIZE);
        match self.transfer(input, |handle| handle.read_interrupt(input, report, timeout)) {
            // The device sent more than there was room for.
            Err(rusb::Error::Timeout | rusb::Error::Overflow | rusb::Error::Interrupted) => Ok(0),
            read => read.map_err(|error| cause(error, &self.uri)),
        }
    }
}

/// What a refusal of libusb's means.
fn cause(error: rusb::Error, uri: &str) -> io::Error {
    let uri = || uri.to_owned();
    match error {
        rusb::Error::Access => io::Error::new(ErrorKind::PermissionDenied, Error::Permission { uri: uri() }),
        rusb::Error::Busy => io::Error::new(ErrorKind::ResourceBusy, Error::DeviceBusy { uri: uri() }),
        rusb::Error::Pipe => io::Error::new(ErrorKind::BrokenPipe, Error::Stalled),
        // Windows: the device has another driver than one that hands it out.
        rusb::Error::NotSupported => io::Error::other(Error::DriverBound { uri: uri() }),
        rusb::Error::NotFound => io::Error::new(ErrorKind::NotFound, error),
        error => io::Error::new(ErrorKind::NotConnected, error),
    }
}
