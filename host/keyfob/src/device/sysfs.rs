//! What Linux tells of its devices in `/sys`: everybody may read it, and nothing is opened.
//!
//! hidapi's own list reads every attribute of every parent up to the PCI bridge; a few files of each device are enough,
//! so that looking costs little enough to be repeated.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::report_descriptor::first_usage;
use super::{Bus, HidNode, UsbNode};
use crate::BusPlace;

/// The kernel keeps no longer report descriptor (HID_MAX_DESCRIPTOR_SIZE), and no longer attribute.
const LONGEST: u64 = 4096;
/// The interface class of HID (HID 1.11, §4.1), as `/sys` writes it.
const HID_CLASS: &str = "03";

/// The HID devices below a `/sys`.
pub(super) fn hid_nodes(sys: &Path) -> Vec<HidNode> {
    entries(&sys.join("class/hidraw")).iter().filter_map(|entry| hid_node(entry)).collect()
}

/// The devices on the bus below a `/sys`; none if it shows none.
pub(super) fn usb_nodes(sys: &Path) -> Vec<UsbNode> {
    let entries = entries(&sys.join("bus/usb/devices"));
    entries.iter().filter_map(|entry| usb_node(entry, entry.file_name()?.to_str()?.parse().ok()?, &entries)).collect()
}

fn hid_node(entry: &Path) -> Option<HidNode> {
    // /sys/devices/…/usb1/1-2/1-2:1.0/0003:1209:0001.0001
    let device = entry.join("device").canonicalize().ok()?;
    let events = text(&device.join("uevent"))?;
    let event =
        |key: &str| events.lines().find_map(|line| line.split_once('=').filter(|(k, _)| *k == key)).map(|e| e.1);
    let mut ids = event("HID_ID")?.split(':').map(|digits| u32::from_str_radix(digits, 16));
    let (_bus, vendor_id, product_id) = (ids.next()?.ok()?, ids.next()?.ok()?, ids.next()?.ok()?);
    let (interface, place) = place(&device).map_or((None, None), |(path, place)| (Some(path), Some(place)));
    let release = interface.and_then(|interface| number(&interface.parent()?.join("bcdDevice")));
    Some(HidNode {
        path: Path::new("/dev").join(entry.file_name()?),
        vendor_id: u16::try_from(vendor_id).ok()?,
        product_id: u16::try_from(product_id).ok()?,
        release: release.unwrap_or_default(),
        usage: bytes(&device.join("report_descriptor")).map(|bytes| first_usage(&bytes).unwrap_or_default()),
        serial: event("HID_UNIQ").filter(|serial| !serial.is_empty()).map(str::to_owned),
        bus: place.map_or(Bus::None, Bus::At),
    })
}

/// The interface that a HID device belongs to, and its place on the bus, if it is on one.
fn place(device: &Path) -> Option<(PathBuf, BusPlace)> {
    device.ancestors().find_map(|path| {
        let (place, _interface) = path.file_name()?.to_str()?.split_once(':')?;
        Some((path.to_owned(), place.parse().ok()?))
    })
}

fn usb_node(path: &Path, place: BusPlace, entries: &[PathBuf]) -> Option<UsbNode> {
    let prefix = format!("{place}:");
    let mut interfaces = entries.iter().filter(|entry| {
        let is_of_device = entry.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(&prefix));
        is_of_device && text(&entry.join("bInterfaceClass")).as_deref() == Some(HID_CLASS)
    });
    let hid = interfaces.next();
    let driver = hid.and_then(|hid| fs::read_link(hid.join("driver")).ok());
    Some(UsbNode {
        vendor_id: number(&path.join("idVendor"))?,
        product_id: number(&path.join("idProduct"))?,
        release: number(&path.join("bcdDevice")).unwrap_or_default(),
        serial: text(&path.join("serial")),
        place,
        address: text(&path.join("devnum")).and_then(|number| number.parse().ok()),
        is_hid: hid.is_some(),
        driver: driver.and_then(|driver| Some(driver.file_name()?.to_str()?.to_owned())),
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn number(path: &Path) -> Option<u16> {
    u16::from_str_radix(&text(path)?, 16).ok()
}

fn text(path: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&bytes(path)?).trim_end_matches('\n').to_owned())
}

/// A file; one that goes away meanwhile isn't there.
fn bytes(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
