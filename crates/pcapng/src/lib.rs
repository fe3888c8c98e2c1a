//! Reads and writes pcapng files of USB transfers, without I/O.
//!
//! Blocks are those of the pcapng format (draft-ietf-opsawg-pcapng), packets those of Linux's usbmon
//! (`LINKTYPE_USB_LINUX_MMAPPED`, 220), which Wireshark dissects. A file is [`section`], then [`interface`] and
//! [`packet`] in any order, as long as an interface comes before its packets; each is written at once and whole, so that
//! a file that was cut short reads up to the cut.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]

extern crate alloc;

mod block;
mod bytes;
mod reader;
mod usbmon;

pub use block::{Interface, interface, packet, section};
pub use reader::{Damaged, Packet, Reader};
pub use usbmon::{Event, Kind, Transfer};

/// The link type of USB transfers with usbmon's 64-byte header.
pub const LINKTYPE_USB_LINUX_MMAPPED: u16 = 220;
