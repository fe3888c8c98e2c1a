//! Reports, framing, identifiers, commands, status codes: bytes only.
//!
//! Untrusted bytes become typed values here. Layouts are those of `docs/spec.md`; each item names its section.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]

pub mod body;
pub mod cursor;
pub mod framing;
pub mod init;

mod command;
mod decoder;
mod error;
mod file;
mod id;
mod proof_file;
mod receipt_file;
mod report;
mod root_change_file;
mod sink;
mod snapshot_file;
mod status;
mod time_file;
mod update_file;
mod wipe_file;

pub use command::{Command, Operation};
pub use decoder::Decoder;
pub use error::{Malformed, NoSpace, TooLong};
pub use file::{FileKind, MAX_FILE, MAX_LABEL, MAX_TRANSFER};
pub use id::{
    BootId, ChannelId, FeatureId, FileId, Firmware, Instant, Modules, OperationId, PartitionId, ProductId, Serial,
    SerialError, Slot, Subject, Units, UnixTime, VendorHint,
};
pub use proof_file::ProofFile;
pub use receipt_file::ReceiptFile;
pub use report::{FIRST_CAPACITY, FOLLOWING_CAPACITY, Frame, REPORT_SIZE, Report};
pub use root_change_file::RootChangeFile;
pub use sink::Sink;
pub use snapshot_file::SnapshotFile;
pub use status::Status;
pub use time_file::TimeFile;
pub use update_file::UpdateFile;
pub use wipe_file::WipeFile;

/// The longest message, in bytes. Spec §2.
pub const MAX_MESSAGE: usize = 4096;

/// What a record adds to its plaintext: number and tag. Spec §6.
pub const RECORD_OVERHEAD: usize = 18;

/// The longest plaintext of a record, in bytes: what a request or an answer may take. Spec §6.
pub const MAX_PLAINTEXT: usize = MAX_MESSAGE - RECORD_OVERHEAD;

/// The longest plaintext whose record fits one report, in bytes. Spec §6.
pub const ONE_REPORT_PLAINTEXT: usize = FIRST_CAPACITY - RECORD_OVERHEAD;
