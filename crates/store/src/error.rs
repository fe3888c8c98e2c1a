//! One error per operation.

use core::fmt::Debug;

use thiserror::Error;

/// Why a region couldn't be mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MountError<E: Debug> {
    /// The medium failed.
    #[error("flash failed: {0:?}")]
    Flash(E),
    /// What was programmed reads back otherwise.
    #[error("flash is worn out")]
    WornOut,
    /// The region is neither blank nor an undamaged store; the offset is where that was seen, from the region's start.
    #[error("store is damaged at {offset}")]
    Corrupt {
        /// Bytes from the start of the region.
        offset: u32,
    },
    /// The region was written by a version that this one doesn't know.
    #[error("flash format {version} isn't known")]
    UnknownFormat {
        /// The version found.
        version: u8,
    },
    /// The region was formatted with another size or another unit of writing.
    #[error("region was formatted for another geometry")]
    OtherGeometry,
    /// The region holds less than two sectors.
    #[error("region is too small")]
    TooSmall,
    /// The region holds more keys than the index.
    #[error("more keys than fit into the index")]
    NoRoom,
}

/// Why a value couldn't be read. It never means that the key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError<E: Debug> {
    /// The medium failed.
    #[error("flash failed: {0:?}")]
    Flash(E),
    /// The record is damaged.
    #[error("record is damaged")]
    Corrupt,
    /// The buffer is shorter than the value.
    #[error("value has {needed} bytes")]
    BufferTooSmall {
        /// The value's length.
        needed: usize,
    },
    /// An operation failed so badly that the region must be mounted again.
    #[error("mount again")]
    NeedsMount,
}

/// Why a change couldn't be added to a transaction, or a scrub didn't succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError<E: Debug> {
    /// The medium failed; the store must be mounted again before it is written to.
    #[error("flash failed: {0:?}")]
    Flash(E),
    /// What was programmed reads back otherwise; the store must be mounted again before it is written to.
    #[error("flash is worn out")]
    WornOut,
    /// A record that was to be copied is damaged.
    #[error("record is damaged")]
    Corrupt,
    /// The value is longer than [`MAX_VALUE`](crate::MAX_VALUE).
    #[error("value is too long")]
    TooLong,
    /// Neither compaction nor the index has room. Nothing was changed.
    #[error("no room")]
    NoRoom,
    /// An earlier operation failed.
    #[error("mount again")]
    NeedsMount,
}

/// Why a transaction may not have taken place: only the next mount tells whether it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommitError<E: Debug> {
    /// The medium failed.
    #[error("flash failed: {0:?}")]
    Flash(E),
    /// What was programmed reads back otherwise.
    #[error("flash is worn out")]
    WornOut,
    /// An earlier operation failed; this transaction did not take place.
    #[error("mount again")]
    NeedsMount,
}

/// Any failure below the public operations.
#[derive(Debug)]
pub(crate) enum Fault<E> {
    Flash(E),
    WornOut,
    Corrupt,
    NoRoom,
}

impl<E: Debug> From<Fault<E>> for ReadError<E> {
    fn from(fault: Fault<E>) -> Self {
        match fault {
            Fault::Flash(error) => Self::Flash(error),
            Fault::WornOut | Fault::Corrupt | Fault::NoRoom => Self::Corrupt,
        }
    }
}

impl<E: Debug> From<Fault<E>> for WriteError<E> {
    fn from(fault: Fault<E>) -> Self {
        match fault {
            Fault::Flash(error) => Self::Flash(error),
            Fault::WornOut => Self::WornOut,
            Fault::Corrupt => Self::Corrupt,
            Fault::NoRoom => Self::NoRoom,
        }
    }
}
