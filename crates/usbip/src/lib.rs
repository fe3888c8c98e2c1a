//! USB/IP: the side of the protocol that has the device, without I/O.
//!
//! Bytes of a connection go in and events come out; answers go in and bytes come out. What a connection begins with is
//! [`Asking`]; a host that imports the device goes on with a [`Session`]. Transfers wait as long as the device has
//! nothing to say, in any number up to [`MAX_PENDING`], and may be taken back meanwhile. Isochronous transfers aren't
//! carried.
//!
//! Memory stays bounded whatever the other side sends: see [`Session::feed`].
//!
//! The protocol is that of Linux's `Documentation/usb/usbip_protocol.rst`, version 1.1.1; items name its messages. A
//! connection should have `TCP_NODELAY`, or each report waits for the one before to be acknowledged.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]

extern crate alloc;

mod asking;
mod command;
mod error;
mod export;
mod pending;
mod session;

pub use asking::{Asking, Refusal, Request, listed, refused};
pub use command::{Fault, UrbId};
pub use error::ProtocolError;
pub use export::{BusId, Class, Export, Speed, TooLong};
pub use pending::Endpoint;
pub use session::{Event, Session};

/// The version of the protocol, 1.1.1.
pub const VERSION: u16 = 0x0111;

/// The TCP port that hosts use if none is said.
pub const PORT: u16 = 3240;

/// How many transfers may wait at once. One more is answered at once with [`Fault::NoMemory`].
pub const MAX_PENDING: usize = 256;

/// The longest transfer, in bytes; a control transfer can't be longer. A longer one is answered with
/// [`Fault::NoMemory`].
pub const MAX_TRANSFER: usize = 65_536;
