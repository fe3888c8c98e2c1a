//! Named cases that every token must pass, over any transport.
//!
//! A [`Rig`] says how tokens are reached; [`Bench::new`] makes one ready and licensed; [`run`] runs the [`CASES`] on it.
//! Another transport is another `Rig`, nothing else. What a rig can't do, such as pulling the token out, makes the
//! cases that need it end as skipped, never as passed.

mod bench;
mod case;
mod cases;
mod direct;
mod licence;
mod other;
mod raw;
#[cfg(unix)]
mod served;

pub use bench::{Bench, Fob, Rig, certify, enrol};
pub use case::{Capability, Case, Failure, Outcome, Summary, run};
pub use cases::CASES;
pub use direct::{Desk, Device, Direct};
pub use licence::COUNTED;
pub use raw::{Begun, Channel, Raw, SessionId, message_reports};
#[cfg(unix)]
pub use served::Served;
