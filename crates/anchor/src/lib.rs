//! A counter that only rises, in one-time-programmable memory.
//!
//! It is unary: each step sets one bit, which nothing clears. A bit lies in three rows, and counts if two of them have
//! it: so neither a bit that doesn't program, nor one that a power cut has left halfway, changes the count.
//!
//! | rows | hold |
//! |---|---|
//! | 0, 1, 2 | the first [`BITS`](Otp::BITS) steps, the lowest bit first, three times |
//! | 3, 4, 5 | the next |
//!
//! A step that doesn't program at all is left out, and the next bit taken: the count is how many bits there are, not
//! where the last one is. One in 32 bits is kept back for that.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod counter;
mod otp;
pub mod sim;

pub use counter::{CounterError, UnaryCounter};
pub use otp::Otp;
