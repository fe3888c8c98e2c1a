//! A host's end of USB/IP, written from the protocol's text: it shares nothing with our own end.

mod host;
mod rig;

pub use host::{Attached, Pipe};
pub use rig::Imported;
