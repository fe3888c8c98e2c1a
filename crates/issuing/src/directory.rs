//! Keys and records on disk.
//!
//! | in a vendor's directory | what |
//! |---|---|
//! | `lock` | held while the directory is open, so that two commands can't issue one number twice |
//! | `root.key` | the root key; its purpose says whether the vendor is a test vendor |
//! | `feature-keys/FEATURE-SLOT.key` | made when first asked for |
//! | `tokens/KF-….toml` | the token's record: what was issued last |
//! | `tokens/KF-…/NNNN.kfu` | every update file that was issued, to be sent again |
//! | `tokens/KF-…/NNNN.toml` | the record as it was after update `NNNN`, to go back to |
//! | `tokens/KF-…/root-NNNN.kfr` | every root change file that was made |
//! | `retired/KF-…-PARTITION.toml` | the record of a token that was wiped, and beside it what was issued |
//! | `epoch` | the epoch of what is certified, if it isn't the first |
//! | `recovery.key` | the recovery key, until it is put elsewhere |
//! | `root.next.key` | the new root's key while the root is changed |
//! | `root.old-N.key` | the keys of the roots before |
//!
//! A maker's directory has `lock`, `root.key`, `batch.key` and `batch.certificate`.
//!
//! A secret key is a file of one line, `keyfob-secret-key-v1 PURPOSE HEX`, that only its owner may read, is refused for
//! another purpose, and is never overwritten. Records are replaced in one step: the old one or the new one is there.

mod error;
mod folder;
mod maker;
mod rotation;
mod secret_key;
mod vendor;

pub use error::{DirectoryError, IssueFailed, RewindFailed, RotationFailed};
pub use maker::MakerDirectory;
pub use vendor::VendorDirectory;

#[cfg(test)]
mod rotation_tests;
#[cfg(test)]
mod tests;
