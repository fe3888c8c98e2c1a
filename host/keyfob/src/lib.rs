//! Talks to Keyfob licensing tokens.
//!
//! An app makes a [`Client`] from the credential that its vendor gave it, logs in to a feature and asks:
//!
//! ```no_run
//! use keyfob::{Client, FeatureId, Units, Verdict};
//!
//! # const CREDENTIAL: &[u8] = &[];
//! # fn main() -> Result<(), keyfob::Error> {
//! let client = Client::builder(CREDENTIAL).token("hid").open()?;
//! let session = client.login(FeatureId(42))?;
//! match session.check()? {
//!     Verdict::Full(_) => {}
//!     Verdict::Denied(refusal) => return Err(refusal.into()),
//! }
//! session.spend(Units(3))?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Guest`] is for tools: what anybody may do with any token, such as applying an update.

mod choice;
mod client;
mod connection;
mod device;
mod discovery;
mod entropy;
mod error;
mod guest;
mod hid;
mod keys;
mod labels;
mod memory;
mod pipe;
mod place;
mod session;
mod text;
mod trace;
mod transport;
mod uri;
#[cfg(feature = "usb")]
mod usb;
mod verdict;
mod watch;

pub use client::{Builder, Client};
pub use connection::Counts;
#[cfg(target_os = "linux")]
pub use device::devices_below;
pub use device::{Device, devices};
pub use discovery::{Found, Place, discover, only_token, places};
pub use entropy::OsEntropy;
pub use error::{Error, Kind};
pub use guest::{
    Enrolled, Granted, Guest, Health, Info, Licensed, LicensedFeature, Partition, Proven, Signed, Snapshot, TimeNonce,
    Tombstone,
};
pub use keyfob_client::Genuine;
pub use keyfob_wire::{
    FeatureId, FileId, FileKind, Modules, OperationId, ProductId, Serial, Slot, Status, Units, UnixTime,
};
pub use keys::{Challenge, Proof};
pub use labels::Labels;
pub use memory::File;
pub use place::{BusPlace, BusPlaceError};
pub use session::{Counter, Secret, Session, Spent};
pub use text::{TEXTS, Text, text};
pub use trace::{TRACE_VARIABLE, Trace, trace_to};
pub use transport::{Connect, Transport};
pub use uri::{HidName, TokenUri, UriError, UsbName};
#[cfg(feature = "usb")]
pub use usb::reset;
pub use verdict::{Details, Refusal, Verdict, Warning};
pub use watch::{Event, Watch, Watching, watch};
