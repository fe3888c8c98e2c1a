//! The bus for this machine: a HID device that Linux's `/dev/uhid` makes, without USB around it.

mod event;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyfob_usb::{CONFIGURATION, CONTROL_BUFFER, Identity, REPORT_DESCRIPTOR, Reply, Setup};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;

use super::hub::Hub;
use super::usb::{Bus, Incoming, Link};
use event::{Create, EVENT_SIZE, FromKernel, ReportType, create, destroy, input, read, report_reply, taken_reply};

/// Where the kernel makes HID devices.
const UHID: &str = "/dev/uhid";

/// Why the token can't be a HID device of this machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UhidError {
    /// The kernel has no `/dev/uhid`.
    #[error("{UHID}: the kernel makes no HID devices here")]
    Missing,
    /// The user may not open it.
    #[error("{UHID}: you may not make HID devices")]
    Permission,
    /// The system refused.
    #[error("{UHID}: {0}")]
    System(io::Error),
}

/// The token as a HID device of this machine.
pub(super) struct Uhid {
    file: File,
    device: Mutex<Device>,
    is_closed: AtomicBool,
    waker: UnixStream,
    woken: UnixStream,
}

/// What the kernel was told and says.
#[derive(Default)]
struct Device {
    /// The device that was made.
    made: Option<u64>,
    /// Whether a program has opened it. What a device says when nobody listens is lost, as over USB.
    is_open: bool,
}

impl Uhid {
    pub(super) fn open() -> Result<Self, UhidError> {
        Self::open_at(Path::new(UHID))
    }

    fn open_at(path: &Path) -> Result<Self, UhidError> {
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let opened = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
        let file = opened.map_err(|error| match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
            // Its node may be there without the module.
            Some(rustix::io::Errno::NOENT | rustix::io::Errno::NODEV | rustix::io::Errno::NXIO) => UhidError::Missing,
            Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => UhidError::Permission,
            _ => UhidError::System(error),
        })?;
        let (waker, woken) = UnixStream::pair().map_err(UhidError::System)?;
        waker.set_nonblocking(true).map_err(UhidError::System)?;
        Ok(Self { file, device: Mutex::default(), is_closed: AtomicBool::new(false), waker, woken })
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the kernel something. It takes it at once or, while it has no such device, never.
    fn tell(&self, event: &[u8]) {
        let _taken = (&self.file).write(event);
    }

    fn happened(&self, event: &FromKernel<'_>, bus: &mut Bus) {
        match *event {
            FromKernel::Open => self.device().is_open = true,
            FromKernel::Close | FromKernel::Stop => self.device().is_open = false,
            FromKernel::Start => {}
            // Nothing tells a program that it wasn't taken.
            FromKernel::Output { data, r#type: ReportType::Output } => {
                let _taken = bus.write(unnumbered(data));
            }
            FromKernel::Output { .. } => {}
            FromKernel::SetReport { id, number, r#type, data } => {
                let data = unnumbered(data);
                if let Some(is_taken) = ask(bus, 0x21, 9, r#type, number, data, |reply| !matches!(reply, Reply::Stall))
                {
                    self.tell(&taken_reply(id, is_taken));
                }
            }
            FromKernel::GetReport { id, number, r#type } => {
                let report = ask(bus, 0xa1, 1, r#type, number, &[], |reply| match reply {
                    // Its number comes first.
                    Reply::Data(report) => Some([&[0], report].concat()),
                    _ => None,
                });
                if let Some(report) = report {
                    self.tell(&report_reply(id, report.as_deref()));
                }
            }
        }
    }
}

impl Link for Uhid {
    fn address(&self) -> String {
        format!("a HID device of this machine, by {UHID}")
    }

    fn serve(&self, hub: &Hub) -> io::Result<()> {
        let mut buffer = [0; EVENT_SIZE];
        // The device is there from the beginning.
        let _hub_closed = hub.on_bus(|_| ());
        loop {
            let mut ready = [PollFd::new(&self.woken, PollFlags::IN), PollFd::new(&self.file, PollFlags::IN)];
            match poll(&mut ready, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if self.is_closed.load(Ordering::Acquire) {
                return Ok(());
            }
            match (&self.file).read(&mut buffer) {
                Ok(count) => {
                    if let Some(event) = read(&buffer[..count]) {
                        let _hub_closed = hub.on_bus(|bus| self.happened(&event, bus));
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn carry(&self, bus: &mut Bus) {
        let mut device = self.device();
        let there = bus.device().map(|(number, identity)| (number, *identity));
        if device.made.is_some() && device.made != there.map(|(number, _)| number) {
            self.tell(&destroy());
            *device = Device::default();
            bus.attach(false);
        }
        if let (None, Some((number, identity))) = (device.made, there) {
            self.tell(&created(&identity));
            device.made = Some(number);
            // What a host would do, the kernel leaves out: there is no bus.
            bus.attach(true);
            let configure = Setup { request_type: 0, request: 9, value: CONFIGURATION.into(), index: 0, length: 0 };
            bus.control(configure, &[], &mut [0; CONTROL_BUFFER]);
        }
        while let Incoming::Report(report) = bus.read() {
            if device.is_open {
                self.tell(&input(&report));
            }
        }
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        // If it is full, there is enough to wake from.
        let _woken = (&self.waker).write(&[0]);
    }
}

/// Asks the device by HID's own requests (HID §7.2); none if it hangs.
fn ask<R>(
    bus: &mut Bus,
    request_type: u8,
    request: u8,
    r#type: ReportType,
    number: u8,
    data: &[u8],
    answer: impl FnOnce(Reply<'_>) -> R,
) -> Option<R> {
    let kind = match r#type {
        ReportType::Input => 1,
        ReportType::Output => 2,
        ReportType::Feature => 3,
    };
    let length = if data.is_empty() { u16::MAX } else { u16::try_from(data.len()).unwrap_or(u16::MAX) };
    let setup = Setup { request_type, request, value: kind << 8 | u16::from(number), index: 0, length };
    bus.control(setup, data, &mut [0; CONTROL_BUFFER]).map(answer)
}

/// A report as it goes over a bus: without its number, if that is 0, as Linux's usbhid sends it.
fn unnumbered(data: &[u8]) -> &[u8] {
    data.strip_prefix(&[0]).unwrap_or(data)
}

/// The device as usbhid would name it.
fn created(identity: &Identity) -> Vec<u8> {
    create(&Create {
        name: &format!("{} {}", identity.manufacturer, identity.product),
        phys: "keyfob-emulator",
        uniq: identity.serial.as_ref().map_or("", |serial| serial.as_str()),
        vendor: identity.vendor_id,
        product: identity.product_id,
        version: identity.release.0,
        descriptor: &REPORT_DESCRIPTOR,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn why_there_is_no_device_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let opened = |path: &Path| Uhid::open_at(path).err().unwrap();
        assert!(matches!(opened(&folder.path().join("uhid")), UhidError::Missing));
        assert!(matches!(opened(folder.path()), UhidError::System(_)));
        let file = folder.path().join("closed");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
        // Nothing is closed to root.
        if !rustix::process::geteuid().is_root() {
            assert!(matches!(opened(&file), UhidError::Permission));
        }
    }

    #[test]
    fn a_report_loses_a_number_that_is_none() {
        assert_eq!(unnumbered(&[0, 1, 2]), [1, 2]);
        assert_eq!(unnumbered(&[1, 2]), [1, 2]);
        assert!(unnumbered(&[0]).is_empty());
    }
}
