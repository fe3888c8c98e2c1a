//! Fobs by way of the system's HID driver: no driver to install, no root, and several programs at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::CString;
use std::io::{self, ErrorKind};
use std::path::Path;
#[cfg(target_os = "linux")]
use std::sync::OnceLock;
use std::time::Duration;

use hidapi::{HidApi, HidDevice, HidError};
use keyfob_wire::{REPORT_SIZE, Report};

use crate::pipe::{Packet, Pipe, Reports, milliseconds};
use crate::{Error, HidName, TokenUri, Transport};

/// Opens the fob that is meant.
pub(crate) fn connect(name: &HidName) -> io::Result<Box<dyn Transport>> {
    let devices = match name {
        HidName::Node(_) => Vec::new(),
        HidName::Only | HidName::Serial(_) => crate::devices(),
    };
    let node = name.node(&devices).map_err(|error| not_there(name, error))?;
    let device = open(&node)?;
    Ok(Box::new(Reports(Hid { device, earlier: RefCell::default() })))
}

/// A serial that nobody carries is an address where nothing is; without a name there is no address.
fn not_there(name: &HidName, error: Error) -> io::Error {
    match (name, error) {
        (HidName::Serial(_), Error::NoToken) => {
            io::Error::new(ErrorKind::NotFound, "no fob of that serial is plugged in")
        }
        (_, error) => io::Error::other(error),
    }
}

/// A HID device. The system numbers reports by their first byte; those of a fob have no number, which is written as 0
/// and not read (HID 1.11, §5.6; hidapi's `hid_write`).
struct Hid {
    device: HidDevice,
    /// What had come before something was sent.
    earlier: RefCell<VecDeque<(Packet, usize)>>,
}

/// How many packets are kept that came before something was sent; of more the oldest is lost.
const EARLIER: usize = 256;

impl Hid {
    /// Takes what waits out of the system's hands. Linux keeps 64 reports and then loses the newest: to a program that
    /// was idle while others spoke, that would be the very answer to what it sends now.
    fn make_room(&self) {
        let mut earlier = self.earlier.borrow_mut();
        // A device that floods doesn't keep anybody from sending.
        for _ in 0..EARLIER {
            let mut packet = [0; 128];
            match self.device.read_timeout(&mut packet, 0) {
                Ok(length @ 1..) => earlier.push_back((packet, length)),
                // What is wrong will be told by what follows.
                _ => return,
            }
            if earlier.len() > EARLIER {
                earlier.pop_front();
            }
        }
    }
}

impl Pipe for Hid {
    /// Blocks until the device has taken the report. Linux gives up after 5 s, Windows after 1 s.
    fn write(&self, report: &Report) -> io::Result<()> {
        self.make_room();
        let mut numbered = [0; 1 + REPORT_SIZE];
        numbered[1..].copy_from_slice(report);
        match self.device.write(&numbered).map_err(cause) {
            // A halted endpoint takes nothing until it is cleared, which a user of HID can't do; the control endpoint
            // takes the same report (HID 1.11, §7.2.2).
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self
                .device
                .send_output_report(&numbered)
                .map_err(|_| io::Error::new(ErrorKind::BrokenPipe, Error::Stalled)),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(io::Error::new(ErrorKind::TimedOut, Error::Stalled))
            }
            written => written.map(|_| ()),
        }
    }

    fn read(&self, packet: &mut Packet, timeout: Duration) -> io::Result<usize> {
        if let Some((earlier, length)) = self.earlier.borrow_mut().pop_front() {
            *packet = earlier;
            return Ok(length);
        }
        self.device.read_timeout(packet, milliseconds(timeout)).map_err(cause)
    }
}

/// What the system says. hidapi has it only in words where the device is gone.
fn cause(error: HidError) -> io::Error {
    match error {
        HidError::IoError { error } => error,
        error => io::Error::new(ErrorKind::NotConnected, error.to_string()),
    }
}

/// Opens a device by the system's path.
fn open(node: &Path) -> io::Result<HidDevice> {
    let refused = |words: &str| io::Error::new(ErrorKind::InvalidInput, words);
    let text = node.to_str().ok_or_else(|| refused("the path is not UTF-8"))?;
    let path = CString::new(text).map_err(|_| refused("the path has a zero byte"))?;
    api(|api| api.open_path(&path)).map_err(|error| match why_not(node) {
        ErrorKind::PermissionDenied => {
            let uri = TokenUri::Hid(HidName::Node(node.to_owned())).to_string();
            io::Error::new(ErrorKind::PermissionDenied, Error::Permission { uri })
        }
        kind => io::Error::new(kind, error.to_string()),
    })
}

/// Why a device couldn't be opened: hidapi has the reason only in words.
#[cfg(unix)]
fn why_not(node: &Path) -> ErrorKind {
    let opened = std::fs::OpenOptions::new().read(true).write(true).open(node);
    opened.map_or_else(|error| error.kind(), |_| ErrorKind::InvalidInput)
}

/// Why a device couldn't be opened: the path is the driver's, not a file's.
#[cfg(not(unix))]
fn why_not(_: &Path) -> ErrorKind {
    ErrorKind::NotFound
}

/// Calls hidapi. Each new one of its handles lists all devices of the system, so there is one; on Linux it has no state.
#[cfg(target_os = "linux")]
fn api<T>(call: impl FnOnce(&HidApi) -> Result<T, HidError>) -> Result<T, HidError> {
    static API: OnceLock<Option<HidApi>> = OnceLock::new();
    call(API.get_or_init(|| HidApi::new().ok()).as_ref().ok_or(HidError::InitializationError)?)
}

#[cfg(not(target_os = "linux"))]
fn api<T>(call: impl FnOnce(&HidApi) -> Result<T, HidError>) -> Result<T, HidError> {
    call(&HidApi::new()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn opened(path: &str) -> Result<(), ErrorKind> {
        connect(&HidName::Node(path.into())).map(|_| ()).map_err(|error| error.kind())
    }

    /// hidapi has the reason only in words; nothing that isn't a HID device is taken for one.
    #[test]
    fn what_cannot_be_opened_says_why() {
        assert_eq!(opened("/dev/hidraw-none"), Err(ErrorKind::NotFound));
        assert_eq!(opened("/dev/null"), Err(ErrorKind::InvalidInput));
        assert_eq!(opened("/dev/hid\0raw"), Err(ErrorKind::InvalidInput));
        let not_text = std::os::unix::ffi::OsStringExt::from_vec(vec![b'/', 0xff]);
        let name = HidName::Node(std::ffi::OsString::into(not_text));
        assert_eq!(connect(&name).map(|_| ()).map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
    }

    #[test]
    fn what_the_system_says_is_kept() {
        for number in [32, 110, 19, 5] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(cause(HidError::IoError { error }).raw_os_error(), Some(number));
        }
        let gone = HidError::HidApiError { message: "unexpected poll error (device disconnected)".into() };
        assert_eq!(Error::of_transport(cause(gone)).code(), "unplugged");
    }
}
