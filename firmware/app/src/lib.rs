//! The token's firmware, but for what a chip brings.
//!
//! A board's binary starts a [`Token`](keyfob_token::Token) and runs three futures: [`serve`] at the processor's lowest
//! priority, where cryptography may take its time, and [`usb`] and [`shine`] above it, so that a host is answered and
//! hears that the token works whatever that computes. [`Ports`] and [`Lamp`] lie between them. Nothing here knows a
//! chip: USB comes by `embassy-usb-driver`'s traits, time by `embassy-time`, and the rest by
//! [`Platform`](keyfob_token::Platform).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fault;
mod lamp;
mod ports;
mod queue;
mod randomness;
mod serve;
mod usb;
mod wait;

pub use fault::fail;
pub use lamp::{Lamp, Pattern, shine};
pub use ports::Ports;
pub use randomness::{Randomness, Source};
pub use serve::serve;
pub use usb::{About, usb};

use keyfob_wire::Firmware;

/// The firmware's version, which is the package's.
pub const VERSION: Firmware = Firmware([
    number(env!("CARGO_PKG_VERSION_MAJOR")),
    number(env!("CARGO_PKG_VERSION_MINOR")),
    number(env!("CARGO_PKG_VERSION_PATCH")),
]);

/// How often the loops come round when nothing happens, in milliseconds: a watchdog has to allow more.
pub const HEARTBEAT: u64 = 1_000;

/// Reads a part of the version. A part that doesn't fit a byte fails the build.
#[expect(clippy::panic, reason = "the compiler's")]
const fn number(text: &str) -> u8 {
    match u8::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("a part of the version doesn't fit a byte"),
    }
}
