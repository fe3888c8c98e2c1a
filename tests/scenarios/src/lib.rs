//! What the whole-system tests share: a fob on a desk, what can be seen of its state, and ways to it that count or
//! attack. The tests themselves lie in `tests`.

mod machine;
mod recorder;
mod reports;
mod stand;
mod state;
mod tap;
#[cfg(unix)]
pub mod usbip;
#[cfg(unix)]
pub mod usbredir;
pub mod watched;

pub use machine::{Kept, Machine, Plain};
pub use recorder::{Recorder, Recording};
pub use reports::{Counter, Rows};
pub use stand::{COUNTED, CREDENTIAL_SUBJECT, EXPIRY, PRODUCT, SLOT, TIMED, TODAY, licence, stand};
pub use state::State;
pub use tap::{Attack, Tally, Tapped};
