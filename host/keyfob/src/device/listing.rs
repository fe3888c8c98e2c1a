//! Asks the system what is plugged in.

use rusb::{Context, Device, UsbContext as _};

use super::{HidNode, UsbNode};

/// What HID and the bus show.
#[cfg(target_os = "linux")]
pub(super) fn listed() -> (Vec<HidNode>, Vec<UsbNode>) {
    let sys = std::path::Path::new("/sys");
    let usb = super::sysfs::usb_nodes(sys);
    // A container may have the devices and not what describes them.
    (super::sysfs::hid_nodes(sys), if usb.is_empty() { on_the_bus() } else { usb })
}

/// What HID and the bus show.
#[cfg(not(target_os = "linux"))]
pub(super) fn listed() -> (Vec<HidNode>, Vec<UsbNode>) {
    let Ok(api) = hidapi::HidApi::new() else { return (Vec::new(), on_the_bus()) };
    let nodes = api.device_list().map(|device| HidNode {
        path: device.path().to_string_lossy().into_owned().into(),
        vendor_id: device.vendor_id(),
        product_id: device.product_id(),
        release: device.release_number(),
        usage: Some((device.usage_page(), device.usage())),
        serial: device.serial_number().filter(|serial| !serial.is_empty()).map(str::to_owned),
        bus: super::Bus::Untold,
    });
    (nodes.collect(), on_the_bus())
}

/// What libusb lists.
fn on_the_bus() -> Vec<UsbNode> {
    let devices = crate::usb::context().and_then(|context| context.devices().ok());
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
        place: crate::usb::place(device)?,
        address: Some(device.address()),
        is_hid: crate::usb::interface(device).is_some(),
        driver: None,
    })
}

/// A version as USB writes it, in binary-coded decimals (USB 2.0, §9.6.1).
fn decimals(version: rusb::Version) -> u16 {
    let [major, minor, sub_minor] = [version.major(), version.minor(), version.sub_minor()].map(u16::from);
    (major / 10) << 12 | (major % 10) << 8 | minor << 4 | sub_minor
}
