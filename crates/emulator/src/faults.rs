//! What goes wrong between a program and the token, and when: faults at scripted points.
//!
//! A [`Fault`] is data with a text, such as `drop in 3`, `corrupt out command 0x94 every 5`, `kill program 2` or
//! `unplug for 2s after 10s`; a [`Script`] is a list of them. `docs/emulator.md` has the syntax. Faults act in an
//! [`Emulator`](crate::Emulator), whatever carries its reports.

mod armed;
mod line;
mod plan;
#[cfg(test)]
mod tests;

mod text;

pub use armed::{FaultId, FaultStatus, TooManyFaults};
pub(crate) use armed::{Faults, Random, SharedFaults};
pub(crate) use line::Line;
pub use plan::{
    Corruption, Direction, Fault, FlashOperation, Interruption, Offset, ReportAction, ReportPoint, Script, When,
};
pub use text::{FaultError, duration, written_duration};
