//! What the kernel has read of each fob.

use anyhow::{Context, Result, ensure};

use super::Guest;
use crate::bus::bytes;

pub(super) fn run(guest: &mut Guest) -> Result<String> {
    for fob in &guest.fobs {
        let place = &fob.place;
        let descriptors = bytes(&place.folder().join("descriptors"))?;
        let report = bytes(&place.hid().context("no HID device")?.join("report_descriptor"))?;
        ensure!(!descriptors.is_empty() && !report.is_empty());
    }
    Ok(format!("{} fobs", guest.fobs.len()))
}
