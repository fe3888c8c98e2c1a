//! Terms and [`judge`]; grants, updates, receipts, snapshots, proofs.
//!
//! `terms`, `clock`, `judge` and `explain` know neither CBOR nor cryptography. The other modules are payloads of
//! `keyfob-signed`'s envelope, read in place: lists stay encoded and are decoded as they are walked.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clock;
mod explain;
mod grant;
mod hpke;
mod judge;
mod list;
mod proof;
mod receipt;
mod root_change;
mod snapshot;
mod terms;
mod time;
mod update;
mod wipe;

pub use clock::{CLOCK_TOLERANCE, Clock, Now, Quality, Times};
pub use explain::{Outcome, Rule, explain};
pub use grant::{FeatureGrant, Grant, GrantError, MAX_NAME};
pub use hpke::{HPKE_AAD_MAX, HPKE_INFO_LEN, hpke_aad, hpke_info};
pub use judge::{Decision, judge};
pub use list::{Item, Iter, List};
pub use proof::Proof;
pub use receipt::{CounterState, Receipt};
pub use root_change::RootChange;
pub use snapshot::{FileState, GrantState, Snapshot};
pub use terms::{Refusal, Request, State, Term, Terms};
pub use time::SignedTime;
pub use update::{Operation, Update};
pub use wipe::Wipe;
