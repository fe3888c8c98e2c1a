//! Transactions on NOR flash.
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
