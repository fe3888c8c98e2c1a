//! What is on the bus, whether the user may open it or not.

use rusb::{Context, Device, UsbContext as _};

use crate::device::UsbNode;

/// What libusb lists.
pub(crate) fn on_the_bus() -> Vec<UsbNode> {
    let devices = super::context().and_then(|context| context.devices().ok());
    devices.iter().flat_map(|devices| devices.iter()).filter_map(|device| usb_node(&device)).collect()
}

/// What is known of a device without opening it. Its serial would have to be asked of it.
fn usb_node(device: &Device<Context>) -> Option<UsbNode> {
    let descriptor = device.device_descriptor().ok()?;
    Some(UsbNode {
        vendor_id: descriptor.vendor_id(),
        product_id: descriptor.product_id(),
        release: decimals(descriptor.device_version()),
        serial: None,
        place: super::place(device)?,
        address: Some(device.address()),
        is_hid: super::interface(device).is_some(),
        driver: None,
    })
}

/// A version as USB writes it, in binary-coded decimals (USB 2.0, §9.6.1).
fn decimals(version: rusb::Version) -> u16 {
    let [major, minor, sub_minor] = [version.major(), version.minor(), version.sub_minor()].map(u16::from);
    (major / 10) << 12 | (major % 10) << 8 | minor << 4 | sub_minor
}
