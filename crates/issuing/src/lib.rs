//! The maker's and the vendor's side: keys, certificates, building and signing.
//!
//! Nothing here talks to a token: bytes of requests come in, bytes of answers go out, and other crates carry them.
//! Formats: `docs/spec.md`, §4, §7, §8.3 and §10.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod directory;

mod endorsing;
mod entropy;
mod envelope;
mod maker;
mod product;
mod receipt;
mod record;
mod sealing;
mod succession;
mod update;
mod vendor;
mod wiping;

#[cfg(test)]
mod bench;

pub use endorsing::{EndorseError, Endorsed};
pub use entropy::OsEntropy;
pub use maker::{Certified, CertifyError, Maker, MakerError};
pub use product::{FeatureTerms, ProductGrant};
pub use receipt::{ReceiptError, Standing, read_receipt};
pub use record::{Sequence, TokenRecord};
pub use sealing::{SealError, seal_secret};
pub use succession::{Predecessor, TakeOverError, TakenOver};
pub use update::{IssueError, Issued, MAX_UPDATE_FILE, Step, UpdatePlan, UpdateSigner};
pub use vendor::{Vendor, VendorKind};
pub use wiping::WipeError;
