//! What a token is on USB: descriptors and the device's side of control requests, without I/O and without a heap.
//!
//! The emulator answers a host out of [`Device`], and firmware describes itself by the same constants, so that both
//! enumerate alike. Chapters and sections are those of the Universal Serial Bus Specification 2.0 ("USB") and of the
//! Device Class Definition for Human Interface Devices 1.11 ("HID"). `docs/spec.md` §12 has the bytes.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]

mod descriptor;
mod device;
mod endpoint;
mod identity;
mod setup;

pub use descriptor::{CONFIGURATION_DESCRIPTOR, REPORT_DESCRIPTOR};
pub use device::{CONTROL_BUFFER, Device, Reply};
pub use endpoint::{Endpoint, packets};
pub use identity::{Identity, Release, SerialNumber};
pub use setup::Setup;

/// The vendor id: that of pid.codes.
pub const VENDOR_ID: u16 = 0x1209;
/// The product id: the one that pid.codes keeps for tests.
pub const PRODUCT_ID: u16 = 0x0001;
/// The usage page of the report descriptor's collection, by which hosts know a token (HID §6.2.2.7: vendor-defined).
pub const USAGE_PAGE: u16 = 0xff4b;
/// The usage of the report descriptor's collection, by which hosts know a token.
pub const USAGE: u16 = 0x46;
/// The number of the only interface.
pub const INTERFACE: u8 = 0;
/// The value of the only configuration.
pub const CONFIGURATION: u8 = 1;
/// The interface's class (HID §4.1), without a subclass and a protocol.
pub const INTERFACE_CLASS: u8 = 3;
/// How many bytes a report has, and a packet of either endpoint.
pub const REPORT_SIZE: usize = 64;
/// How many frames of a millisecond pass between two polls of an endpoint.
pub const INTERVAL: u8 = 1;

/// A report, in either direction.
pub type Report = [u8; REPORT_SIZE];
