//! What can go wrong with a directory. Every error says where; none says what a key file holds.

use std::{io, path::PathBuf};

use crate::{IssueError, MakerError, ReceiptError, TakeOverError};

/// Why a directory, or something in it, couldn't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// It exists, and is never overwritten.
    #[error("{} exists already and isn't overwritten", .0.display())]
    Exists(PathBuf),
    /// It doesn't exist.
    #[error("{} doesn't exist", .0.display())]
    Missing(PathBuf),
    /// Another command uses the directory.
    #[error("{} is in use by another command", .0.display())]
    Locked(PathBuf),
    /// Others than its owner may read or change it.
    #[error("{} may be read or changed by others: its permissions must be {mode:o}", path.display())]
    TooOpen {
        /// What.
        path: PathBuf,
        /// What its permissions must be.
        mode: u32,
    },
    /// It isn't a secret key's file.
    #[error("{} isn't a file with a secret key of Keyfob", .0.display())]
    NotAKey(PathBuf),
    /// It is a secret key for something else.
    #[error("{} holds a key for another purpose: {purpose} was wanted", path.display())]
    Purpose {
        /// What.
        path: PathBuf,
        /// The purpose that was wanted.
        purpose: String,
    },
    /// The record can't be read.
    #[error("{} isn't a token's record: {reason}", path.display())]
    Record {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It doesn't hold an epoch, or the last one.
    #[error("{} isn't an epoch, or the last one", .0.display())]
    Epoch(PathBuf),
    /// The token is known already, and updates were issued for it.
    #[error("{}: updates were issued already for this token", .0.display())]
    TokenInUse(PathBuf),
    /// The maker's keys and certificate don't go together.
    #[error("{}: {reason}", path.display())]
    Maker {
        /// The maker's directory.
        path: PathBuf,
        /// What is wrong.
        reason: MakerError,
    },
    /// The system refused.
    #[error("{}: {reason}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        reason: io::Error,
    },
}

/// Why no update was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueFailed {
    /// It can't be issued.
    #[error(transparent)]
    Refused(#[from] IssueError),
    /// It couldn't be recorded.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Why the root wasn't changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationFailed {
    /// A token can't be taken over.
    #[error(transparent)]
    Refused(#[from] TakeOverError),
    /// The directory can't be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Why updates weren't withdrawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewindFailed {
    /// The receipt is refused.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The token has applied all that was issued.
    #[error("the token has applied all updates: there is none to withdraw")]
    UpToDate,
    /// The token has applied something that isn't in the records.
    #[error("the token has applied updates that aren't in the records")]
    Unknown,
    /// The directory can't be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}
