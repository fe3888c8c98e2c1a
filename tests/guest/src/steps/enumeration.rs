//! What the kernel has read of each fob.

use anyhow::{Context, Result, ensure};
use keyfob_usb::{CONFIGURATION_DESCRIPTOR, PRODUCT_ID, REPORT_DESCRIPTOR, VENDOR_ID};

use super::Guest;
use crate::bus::bytes;

/// Compares it with what a token is on USB, byte for byte.
pub(super) fn run(guest: &mut Guest) -> Result<String> {
    for fob in &guest.fobs {
        let place = &fob.place;
        let descriptors = bytes(&place.folder().join("descriptors"))?;
        let (device, configuration) = descriptors.split_first_chunk::<18>().context("no device descriptor")?;
        let ids = [VENDOR_ID.to_le_bytes(), PRODUCT_ID.to_le_bytes()].concat();
        ensure!(device[..8] == [18, 1, 0, 2, 0, 0, 0, 64] && device[8..12] == ids, "device descriptor {device:02x?}");
        // Manufacturer and product have a string, a fob that is new has no serial.
        ensure!(device[14..] == [1, 2, 0, 1], "device descriptor {device:02x?}");
        ensure!(configuration == CONFIGURATION_DESCRIPTOR, "configuration {configuration:02x?}");
        let report = bytes(&place.hid().context("no HID device")?.join("report_descriptor"))?;
        ensure!(report == REPORT_DESCRIPTOR, "report descriptor {report:02x?}");
        let text = |name| place.attribute(name);
        ensure!(text("manufacturer").as_deref() == Some("Keyfob"), "{:?}", text("manufacturer"));
        ensure!(text("product").as_deref() == Some("Keyfob token"), "{:?}", text("product"));
        ensure!(
            (text("speed").as_deref(), text("bmAttributes").as_deref()) == (Some("12"), Some("80")),
            "speed, power"
        );
    }
    Ok(format!("{} fobs, byte for byte", guest.fobs.len()))
}
