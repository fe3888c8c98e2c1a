//! Transactions on NOR flash.
//!
//! A [`Store`] keeps values by key in a region of flash. A [`Transaction`] changes any number of them together: after
//! [`Transaction::commit`] has returned `Ok`, the changes are there whatever happens to the power; before, a power cut
//! leaves all of them or none. A lone value takes 16 bytes more than itself, and every commit exactly one
//! [`Flash::barrier`].
//!
//! # Layout
//! The region's halves are two banks, of which one counts. Numbers are big-endian; checksums are CRC-32 (ISO-HDLC, as
//! in zlib). `docs/flash-format.md` is the whole text.
//!
//! | header, at a bank's start | offset | size |
//! |---|---|---|
//! | `KFSTORE` and a zero | 0 | 8 |
//! | format version, 1 | 8 | 1 |
//! | unit: the flash's `WRITE_SIZE` | 9 | 1 |
//! | zero | 10 | 2 |
//! | generation: of two valid banks the later counts | 12 | 4 |
//! | bank size | 16 | 4 |
//! | bytes of records that were copied here before the header was written | 20 | 4 |
//! | checksum of the above | 24 | 4 |
//!
//! | record, from a multiple of the unit | offset | size |
//! |---|---|---|
//! | kind: 0x10 put, 0x20 remove; bit 0 set in the first record of a transaction | 0 | 1 |
//! | length n of the value | 1 | 2 |
//! | key | 3 | 8 |
//! | value | 11 | n |
//! | padding, 0xff, so that the record is a multiple of the unit | 11 + n | p |
//! | mark: `M` more follow, `C` committed, `A` abandoned | 11 + n + p | 1 |
//! | checksum of generation, offset in the bank (4 bytes each) and the above | 12 + n + p | 4 |
//!
//! The mark is programmed when it is known what follows. So there is no commit record, and a transaction counts if and
//! only if all its records are undamaged and the last says `C`.
//!
//! # What is assumed of the medium
//! - Erased bytes read 0xff. Each word is programmed once between erases; nothing is taken for granted about
//!   programming one twice.
//! - An interrupted program leaves the words it was to change with any content, an interrupted erase its sector.
//!   Other words and sectors keep theirs.
//! - Between two barriers the medium may reorder and lose. What was before a barrier stays.
//! - What reads back right when mounting goes on to do so. A bank that reads as blank is nevertheless erased before it
//!   is used, unless that happened since mounting: its last erase may have been interrupted.
//!
//! # What damage does
//! A flipped bit in a committed transaction is an error, with one exception: **a damaged last transaction can't be told
//! from an interrupted one, and is dropped at the next mount.** No other transaction is, because nothing but one
//! unfinished transaction can be at a log's end, and records that a compaction copied were durable before the header.
//! A value is checked again each time it is read.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod compaction;
mod error;
mod flash;
mod format;
mod index;
mod log;
mod medium;
mod mount;
pub mod sim;
mod store;
mod transaction;

pub use error::{CommitError, MountError, ReadError, WriteError};
pub use flash::Flash;
pub use format::MAX_VALUE;
pub use medium::Statistics;
pub use store::{Key, Store};
pub use transaction::Transaction;
