//! A virtual machine's end of usbredir, written from the protocol's text: it shares nothing with our own end.

mod guest;
mod rig;
mod wire;

pub use guest::{Guest, Pipe};
pub use rig::{Redirected, Running, Way};
pub use wire::{Answer, Capabilities, Packet, Wire, kind, status};
