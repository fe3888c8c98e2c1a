//! The one signed envelope: COSE_Sign1, certificates, chains.
//!
//! Everything that is signed passes through [`verify`], which alone makes a [`Verified`]. Formats: `docs/spec.md`, §7.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod cbor;
mod certificate;
mod credential;
mod device;
mod envelope;
mod kind;
mod root;

pub use certificate::{Certificate, Levels, Rights, Role, Usage};
pub use credential::AppCredential;
pub use device::{BirthRequest, Board, Endorsement, EnrolmentRequest};
pub use envelope::{MAX_OVERHEAD, Payload, SignError, Verified, read_unverified, sign, verify};
pub use kind::{Binding, Kind};
pub use root::{Invalid, MakerRoot, Signer, TEST_MAKER_ROOT, VendorRoot};
