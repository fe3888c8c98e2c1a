//! Where a token is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::{BusPlace, Serial};

/// Where a token is.
///
/// | text | token |
/// |---|---|
/// | `hid` | the only fob that is plugged in |
/// | `hid:KF-40E2-91AC-0B7D-22F3` | the fob of that serial |
/// | `hid:/dev/hidraw3` | the HID device at the system's own path, such as a fob that is new and has no serial |
/// | `usb`, `usb:KF-…`, `usb:1-2` | the same without a HID driver, or the one at that place on the bus |
/// | `label:NAME` | the fob that the user gave that name ([`Labels`](crate::Labels)) |
/// | `unix:PATH`, `tcp:HOST:PORT` | an emulator |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenUri {
    /// A fob by way of the system's HID driver.
    Hid(HidName),
    /// A fob by its endpoints on the bus, where no driver is bound.
    Usb(UsbName),
    /// A fob that the user gave a name.
    Label(String),
    /// An emulator's Unix socket.
    Unix(PathBuf),
    /// An emulator's TCP address, as `HOST:PORT`.
    Tcp(String),
}

/// Which of the HID devices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HidName {
    /// The only fob.
    Only,
    /// The fob that carries this serial on the bus.
    Serial(Serial),
    /// The device at the system's own path.
    Node(PathBuf),
}

/// Which of the devices on the bus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UsbName {
    /// The only fob.
    Only,
    /// The fob that carries this serial on the bus.
    Serial(Serial),
    /// The device that is plugged in there.
    Place(BusPlace),
}

/// The text doesn't say where a token is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// It is nothing known.
    #[error("`{}` is not a token: say hid, hid:SERIAL, usb:SERIAL, label:NAME, unix:PATH or tcp:HOST:PORT", .0.escape_debug())]
    Unknown(String),
}

impl FromStr for TokenUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let unknown = || UriError::Unknown(text.to_owned());
        let Some((scheme, rest)) = text.split_once(':') else {
            return match text {
                "hid" => Ok(Self::Hid(HidName::Only)),
                "usb" => Ok(Self::Usb(UsbName::Only)),
                _ => Err(unknown()),
            };
        };
        if rest.is_empty() || rest.contains('\0') {
            return Err(unknown());
        }
        match scheme {
            "hid" if is_node(rest) => Ok(Self::Hid(HidName::Node(rest.into()))),
            "hid" => Ok(Self::Hid(HidName::Serial(rest.parse().map_err(|_| unknown())?))),
            "usb" => match rest.parse() {
                Ok(place) => Ok(Self::Usb(UsbName::Place(place))),
                Err(_) => Ok(Self::Usb(UsbName::Serial(rest.parse().map_err(|_| unknown())?))),
            },
            "label" => Ok(Self::Label(rest.to_owned())),
            "unix" => Ok(Self::Unix(rest.into())),
            "tcp" => {
                let (host, port) = rest.rsplit_once(':').ok_or_else(unknown)?;
                let port_is_one = port.parse::<u16>().is_ok_and(|port| port != 0);
                if host.is_empty() || !port_is_one { Err(unknown()) } else { Ok(Self::Tcp(rest.to_owned())) }
            }
            _ => Err(unknown()),
        }
    }
}

/// Whether it is how some system names a HID device: Linux and BSDs, Windows, macOS.
fn is_node(text: &str) -> bool {
    ["/", r"\\", "DevSrvsID:"].iter().any(|start| text.starts_with(start))
}

impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hid(HidName::Only) => f.write_str("hid"),
            Self::Hid(HidName::Serial(serial)) => write!(f, "hid:{serial}"),
            Self::Hid(HidName::Node(path)) => write!(f, "hid:{}", path.display()),
            Self::Usb(UsbName::Only) => f.write_str("usb"),
            Self::Usb(UsbName::Serial(serial)) => write!(f, "usb:{serial}"),
            Self::Usb(UsbName::Place(place)) => write!(f, "usb:{place}"),
            Self::Label(name) => write!(f, "label:{name}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            "hid",
            "hid:KF-40E2-91AC-0B7D-22F3",
            "hid:/dev/hidraw3",
            r"hid:\\?\HID#VID_1209&PID_0001#7&1&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}",
            "hid:DevSrvsID:4294971234",
            "usb",
            "usb:KF-40E2-91AC-0B7D-22F3",
            "usb:1-2",
            "usb:3-1.4",
            "label:bench 1",
            "unix:/run/keyfob/a.sock",
            "unix:relative",
            "tcp:localhost:7000",
            "tcp:[::1]:7000",
        ] {
            assert_eq!(text.parse::<TokenUri>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn serials_may_be_typed_carelessly() {
        let uri = "hid:40e291ac0b7d22f3".parse::<TokenUri>().unwrap();
        assert_eq!(uri.to_string(), "hid:KF-40E2-91AC-0B7D-22F3");
    }

    #[test]
    fn other_uris_say_what_is_possible() {
        for text in [
            "",
            "hid:",
            "hid:KF-1",
            "hid:hidraw3",
            "hid:/dev/hid\0raw",
            "usb:",
            "usb:KF-1",
            "usb:1",
            "usb:/dev/bus/usb/001/002",
            "label",
            "label:",
            "unix:",
            "unix:a\0b",
            "tcp:",
            "tcp:host",
            "tcp:host:",
            "tcp::1",
            "tcp:host:0",
            "tcp:host:65536",
            "file:/x",
        ] {
            let error = text.parse::<TokenUri>().unwrap_err();
            assert_eq!(error, UriError::Unknown(text.into()));
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
    }
}
