//! Asks the system what is plugged in.

use super::{HidNode, UsbNode};
#[cfg(feature = "usb")]
use crate::usb::on_the_bus;

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

/// Nothing: without libusb nobody looks at the bus itself.
#[cfg(not(feature = "usb"))]
fn on_the_bus() -> Vec<UsbNode> {
    Vec::new()
}
