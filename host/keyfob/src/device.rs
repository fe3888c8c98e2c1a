//! Which of the devices on USB are fobs, and how each is named. No device is opened for that.

mod listing;
#[cfg(any(target_os = "linux", test))]
mod report_descriptor;
#[cfg(target_os = "linux")]
mod sysfs;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::{BusPlace, Error, HidName, Serial, TokenUri, UsbName};

/// The ids that a fob has unless its maker has given it others.
const KNOWN_IDS: [(u16, u16); 1] = [(keyfob_usb::VENDOR_ID, keyfob_usb::PRODUCT_ID)];
/// What a fob says it is, whatever its ids: usage page and usage.
const USAGE: (u16, u16) = (keyfob_usb::USAGE_PAGE, keyfob_usb::USAGE);

/// A fob on USB, as the system shows it to everybody. None of it is proven: a fob proves its serial when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// How to name it: the shortest that names only this one.
    pub uri: TokenUri,
    /// Who gave it its ids.
    pub vendor_id: u16,
    /// What it is, by its ids.
    pub product_id: u16,
    /// Its firmware's version, in USB's binary-coded decimals (bcdDevice).
    pub release: u16,
    /// Its serial; none while it is new, or if the system doesn't tell.
    pub serial: Option<Serial>,
    /// Where on the bus it is plugged in, if it is on one and the system tells.
    pub place: Option<BusPlace>,
    /// Its address on that bus, which is another one each time that it is plugged in.
    pub address: Option<u8>,
    /// The path by which the system's HID driver offers it, if that driver is bound to it.
    pub node: Option<PathBuf>,
    /// The driver that the system has bound to it, if the system tells: `usbhid`, or `usbfs` while a program has taken
    /// it, on Linux.
    pub driver: Option<String>,
}

/// Lists the fobs on USB, those that the user may not open included. Opens none.
#[must_use]
pub fn devices() -> Vec<Device> {
    let (hid, usb) = listing::listed();
    fobs(hid, usb)
}

/// Lists the fobs that another `/sys` shows, such as a copy of another computer's.
#[cfg(target_os = "linux")]
#[must_use]
pub fn devices_below(sys: &std::path::Path) -> Vec<Device> {
    fobs(sysfs::hid_nodes(sys), sysfs::usb_nodes(sys))
}

/// A HID device, as the system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HidNode {
    path: PathBuf,
    vendor_id: u16,
    product_id: u16,
    release: u16,
    /// Usage page and usage of its first collection, if its report descriptor can be had.
    usage: Option<(u16, u16)>,
    serial: Option<String>,
    bus: Bus,
}

/// Where a HID device is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bus {
    /// On USB at that place.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux tells"))]
    At(BusPlace),
    /// Not on USB, but made by a program.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux tells"))]
    None,
    /// The system doesn't tell.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "Linux tells"))]
    Untold,
}

/// A device on the bus, as the system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsbNode {
    pub(crate) vendor_id: u16,
    pub(crate) product_id: u16,
    pub(crate) release: u16,
    pub(crate) serial: Option<String>,
    pub(crate) place: BusPlace,
    pub(crate) address: Option<u8>,
    /// Whether an interface of it is HID; assumed if it isn't known.
    pub(crate) is_hid: bool,
    /// What is bound to that interface.
    pub(crate) driver: Option<String>,
}

impl HidNode {
    fn is_fob(&self) -> bool {
        match self.usage {
            Some(usage) => usage == USAGE,
            None => KNOWN_IDS.contains(&(self.vendor_id, self.product_id)),
        }
    }

    fn is(&self, usb: &UsbNode) -> bool {
        match &self.bus {
            Bus::At(place) => *place == usb.place,
            Bus::None => false,
            Bus::Untold => {
                (self.vendor_id, self.product_id) == (usb.vendor_id, usb.product_id)
                    && (usb.serial.is_none() || self.serial == usb.serial)
            }
        }
    }
}

/// Puts together what HID and the bus show: one entry for each fob.
fn fobs(hid: Vec<HidNode>, usb: Vec<UsbNode>) -> Vec<Device> {
    let mut fobs = Vec::new();
    for node in hid.iter().filter(|node| node.is_fob()) {
        let below = below(node, &usb);
        fobs.push(Device {
            uri: TokenUri::Hid(HidName::Node(node.path.clone())),
            vendor_id: node.vendor_id,
            product_id: node.product_id,
            release: node.release,
            serial: serial(node.serial.as_deref()),
            place: match &node.bus {
                Bus::At(place) => Some(place.clone()),
                Bus::None | Bus::Untold => below.map(|usb| usb.place.clone()),
            },
            address: below.and_then(|usb| usb.address),
            node: Some(node.path.clone()),
            driver: below.and_then(|usb| usb.driver.clone()),
        });
    }
    for usb in &usb {
        let is_known = usb.is_hid && KNOWN_IDS.contains(&(usb.vendor_id, usb.product_id));
        if !is_known || hid.iter().any(|node| node.is(usb)) {
            continue;
        }
        fobs.push(Device {
            uri: TokenUri::Usb(UsbName::Place(usb.place.clone())),
            vendor_id: usb.vendor_id,
            product_id: usb.product_id,
            release: usb.release,
            serial: serial(usb.serial.as_deref()),
            place: Some(usb.place.clone()),
            address: usb.address,
            node: None,
            driver: usb.driver.clone(),
        });
    }
    name(&mut fobs);
    fobs.sort_by(|a, b| (&a.place, &a.node).cmp(&(&b.place, &b.node)));
    fobs
}

/// What a HID device is on the bus, if that can be told: one that looks like several there may be any of them.
fn below<'a>(node: &HidNode, usb: &'a [UsbNode]) -> Option<&'a UsbNode> {
    let mut alike = usb.iter().filter(|usb| node.is(usb));
    alike.next().filter(|_| alike.next().is_none())
}

/// The serial of a fob, written in full: anything else is another device's text.
fn serial(text: Option<&str>) -> Option<Serial> {
    let text = text?;
    text.parse::<Serial>().ok().filter(|serial| serial.to_string() == text)
}

/// Names those by their serial that are the only one to carry it.
fn name(fobs: &mut [Device]) {
    let serials: Vec<_> = fobs.iter().filter_map(|fob| fob.serial).collect();
    for fob in fobs {
        let Some(serial) = fob.serial else { continue };
        if serials.iter().filter(|&&other| other == serial).count() == 1 {
            fob.uri = match fob.node {
                Some(_) => TokenUri::Hid(HidName::Serial(serial)),
                None => TokenUri::Usb(UsbName::Serial(serial)),
            };
        }
    }
}

/// The one fob that is meant, and is suitable.
///
/// # Errors
/// [`Error::NoToken`] if there is none, [`Error::SeveralTokens`] if there are several.
fn the_one(devices: &[Device], is_meant: impl Fn(&Device) -> bool) -> Result<&Device, Error> {
    let mut meant = devices.iter().filter(|device| is_meant(device));
    match (meant.next(), meant.next()) {
        (None, _) => Err(Error::NoToken),
        (Some(device), None) => Ok(device),
        _ => {
            let uris = devices.iter().filter(|device| is_meant(device)).map(|device| device.uri.to_string());
            Err(Error::SeveralTokens(uris.collect()))
        }
    }
}

impl HidName {
    /// The path of the one that is meant.
    pub(crate) fn node(&self, devices: &[Device]) -> Result<PathBuf, Error> {
        let device = match self {
            Self::Node(path) => return Ok(path.clone()),
            Self::Only => the_one(devices, |device| device.node.is_some()),
            Self::Serial(serial) => the_one(devices, |device| device.node.is_some() && device.serial == Some(*serial)),
        }?;
        device.node.clone().ok_or(Error::NoToken)
    }
}

#[cfg(any(feature = "usb", test))]
impl UsbName {
    /// The place of the one that is meant.
    pub(crate) fn place(&self, devices: &[Device]) -> Result<BusPlace, Error> {
        let device = match self {
            Self::Place(place) => return Ok(place.clone()),
            Self::Only => the_one(devices, |device| device.place.is_some()),
            Self::Serial(serial) => the_one(devices, |device| device.place.is_some() && device.serial == Some(*serial)),
        }?;
        device.place.clone().ok_or(Error::NoToken)
    }
}
