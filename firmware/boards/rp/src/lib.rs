//! What boards with an RP2040 and with an RP2350 have in common: flash outside the chip, USB, a watchdog, a light.
//!
//! The binary chooses the chip, by a feature of `embassy-rp`.
#![no_std]

mod condition;
mod flash;
mod tasks;

pub use condition::condition;
pub use flash::StateFlash;
pub use tasks::{PATIENCE, bus, lamp};
