//! Reports, framing, identifiers, commands, status codes: bytes only.
//!
//! Untrusted bytes become typed values here. Layouts are those of `docs/spec.md`; each item names its section.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod id;
mod status;

pub use id::{
    BootId, ChannelId, FeatureId, Firmware, Instant, Modules, OperationId, PartitionId, ProductId, Serial, SerialError,
    Slot, Subject, Units, UnixTime, VendorHint,
};
pub use status::Status;
