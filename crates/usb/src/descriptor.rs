//! The descriptors (USB §9.6, HID §6.2).

use crate::{CONFIGURATION, Endpoint, INTERFACE, INTERFACE_CLASS, INTERVAL, Identity, REPORT_SIZE, USAGE, USAGE_PAGE};

/// Types of descriptors (USB table 9-5, HID §7.1).
pub(crate) const DEVICE: u8 = 1;
pub(crate) const CONFIGURATION_TYPE: u8 = 2;
pub(crate) const STRING: u8 = 3;
const INTERFACE_TYPE: u8 = 4;
const ENDPOINT: u8 = 5;
pub(crate) const HID: u8 = 0x21;
pub(crate) const REPORT: u8 = 0x22;

/// Indexes of strings.
pub(crate) const LANGUAGES: u8 = 0;
pub(crate) const MANUFACTURER: u8 = 1;
pub(crate) const PRODUCT: u8 = 2;
pub(crate) const SERIAL_NUMBER: u8 = 3;
/// The only language: English (United States).
pub(crate) const LANGUAGE: u16 = 0x0409;

const USB_2_0: u16 = 0x0200;
const HID_1_10: u16 = 0x0110;
const INTERRUPT: u8 = 3;
/// Bus powered, which has bit 7 set and no other, and no remote wakeup.
const ATTRIBUTES: u8 = 0x80;
/// 100 mA, in units of 2 mA.
const MAX_POWER: u8 = 50;
/// What a packet of endpoint 0 and of either other endpoint holds.
#[expect(clippy::as_conversions, reason = "64, in a constant")]
const PACKET: u8 = REPORT_SIZE as u8;

/// The report descriptor (HID §6.2.2): a collection of the token's usage with one input and one output report of 64
/// bytes, without report ids.
pub const REPORT_DESCRIPTOR: [u8; 34] = {
    let (page, [usage, _]) = (USAGE_PAGE.to_le_bytes(), USAGE.to_le_bytes());
    [
        0x06, page[0], page[1], // Usage Page
        0x09, usage, // Usage
        0xa1, 0x01, // Collection (Application)
        0x09, 0x20, //   Usage
        0x15, 0x00, //   Logical Minimum (0)
        0x26, 0xff, 0x00, //   Logical Maximum (255)
        0x75, 0x08, //   Report Size (8)
        0x95, PACKET, //   Report Count (64)
        0x81, 0x02, //   Input (Data, Variable, Absolute)
        0x09, 0x21, //   Usage
        0x15, 0x00, //   Logical Minimum (0)
        0x26, 0xff, 0x00, //   Logical Maximum (255)
        0x75, 0x08, //   Report Size (8)
        0x95, PACKET, //   Report Count (64)
        0x91, 0x02, //   Output (Data, Variable, Absolute)
        0xc0, // End Collection
    ]
};

/// The HID descriptor (HID §6.2.1).
pub(crate) const HID_DESCRIPTOR: [u8; 9] = {
    let version = HID_1_10.to_le_bytes();
    #[expect(clippy::as_conversions, reason = "34, in a constant")]
    let length = (REPORT_DESCRIPTOR.len() as u16).to_le_bytes();
    [9, HID, version[0], version[1], 0, 1, REPORT, length[0], length[1]]
};

/// The configuration with all that belongs to it: interface, HID, and the endpoints IN and OUT (USB §9.6.3).
pub const CONFIGURATION_DESCRIPTOR: [u8; 41] = {
    const INTERFACE_DESCRIPTOR: [u8; 9] = [9, INTERFACE_TYPE, INTERFACE, 0, 2, INTERFACE_CLASS, 0, 0, 0];
    let head = [9, CONFIGURATION_TYPE, 41, 0, 1, CONFIGURATION, 0, ATTRIBUTES, MAX_POWER];
    let mut whole = [0; 41];
    let (a, rest) = whole.split_at_mut(9);
    a.copy_from_slice(&head);
    let (b, rest) = rest.split_at_mut(9);
    b.copy_from_slice(&INTERFACE_DESCRIPTOR);
    let (c, rest) = rest.split_at_mut(9);
    c.copy_from_slice(&HID_DESCRIPTOR);
    let (d, e) = rest.split_at_mut(7);
    d.copy_from_slice(&endpoint_descriptor(Endpoint::In));
    e.copy_from_slice(&endpoint_descriptor(Endpoint::Out));
    whole
};

const fn endpoint_descriptor(endpoint: Endpoint) -> [u8; 7] {
    [7, ENDPOINT, endpoint.address(), INTERRUPT, PACKET, 0, INTERVAL]
}

/// The device descriptor (USB §9.6.1): the class is the interface's.
pub(crate) const fn device_descriptor(identity: &Identity) -> [u8; 18] {
    let (usb, release) = (USB_2_0.to_le_bytes(), identity.release.0.to_le_bytes());
    let (vendor, product) = (identity.vendor_id.to_le_bytes(), identity.product_id.to_le_bytes());
    let serial = if identity.serial.is_some() { SERIAL_NUMBER } else { 0 };
    [
        18,
        DEVICE,
        usb[0],
        usb[1],
        0,
        0,
        0,
        PACKET,
        vendor[0],
        vendor[1],
        product[0],
        product[1],
        release[0],
        release[1],
        MANUFACTURER,
        PRODUCT,
        serial,
        1,
    ]
}

/// Writes a string descriptor (USB §9.6.7) and returns how long it is. A text that is too long loses its end.
pub(crate) fn write_string(text: &str, buffer: &mut [u8; 255]) -> usize {
    let mut length = 2;
    let (head, units) = buffer.split_at_mut(2);
    for (place, unit) in units.chunks_exact_mut(2).zip(text.encode_utf16()) {
        place.copy_from_slice(&unit.to_le_bytes());
        length += 2;
    }
    // At most 2 and 2 × 126.
    head.copy_from_slice(&[u8::try_from(length).unwrap_or(u8::MAX), STRING]);
    length
}
