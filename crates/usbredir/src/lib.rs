//! The usbredir protocol's side that has the device, without I/O.
//!
//! usbredir carries a USB device to another machine, most often a virtual one: QEMU's `-device usb-redir` is the other
//! side. [`Redirector`] takes the bytes that come from there and yields [`Event`]s; what is answered it turns into
//! bytes to be sent. It serves devices with control and interrupt endpoints; isochronous and bulk transfers are refused.
//! The protocol is `docs/usb-redirection-protocol.md` of the usbredir project, version 0.7, which calls this side
//! *usb-host* and the other one *usb-guest*.
//!
//! # Security
//! Whatever the other side sends, at most 64 KiB and a header of it are kept, and a packet that isn't as specified ends
//! the connection. What is to be sent grows as the caller answers: it stops receiving while much of it waits.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]

extern crate alloc;

mod capabilities;
mod description;
mod error;
mod event;
mod incoming;
mod number;
mod outgoing;
mod redirector;

pub use capabilities::Capabilities;
pub use description::{DeviceDescription, EndpointDescription, InterfaceDescription, Speed, TransferType};
pub use error::ProtocolError;
pub use event::{ControlRequest, Event, PacketId};
pub use number::Status;
pub use redirector::Redirector;
