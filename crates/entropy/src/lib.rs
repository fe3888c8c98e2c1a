//! Randomness of a board: health tests of its noise source (SP 800-90B), conditioning, and HMAC_DRBG (SP 800-90A).
//!
//! A board implements [`Noise`] over its hardware and makes a [`Generator`] of it, which is the token's
//! [`Entropy`](keyfob_crypto::Entropy). A source that doesn't pass its tests gives no byte: the board stops.
//!
//! ```
//! use keyfob_crypto::Entropy;
//! use keyfob_entropy::{Failure, Generator, Noise, NoiseFailed};
//!
//! struct Hardware(u32);
//!
//! impl Noise for Hardware {
//!     const BITS: u32 = 8;
//!     const MIN_ENTROPY: u32 = 512; // two bits of each sample's eight
//!
//!     fn sample(&mut self) -> Result<u8, NoiseFailed> {
//!         // A register of the chip. What stands here is as good as an example can be.
//!         self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
//!         Ok(self.0.to_be_bytes()[0])
//!     }
//!
//!     fn halt(&mut self, failure: Failure) -> ! {
//!         std::process::exit(match failure {
//!             Failure::Hardware => 1,
//!             _ => 2,
//!         })
//!     }
//! }
//!
//! let mut generator = Generator::start(Hardware(7), b"the chip's unique id");
//! let mut key = [0; 32];
//! generator.fill(&mut key);
//! assert_ne!(key, [0; 32]);
//! ```
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cutoff;
mod drbg;
mod generator;
mod health;
mod noise;

pub use cutoff::{proportion_cutoff, repetition_cutoff, window};
pub use drbg::{HmacDrbg, RESEED_INTERVAL, ReseedNeeded};
pub use generator::{Generator, TRIES};
pub use health::{FALSE_ALARM, HealthTests, STARTUP_SAMPLES};
pub use noise::{Failure, Noise, NoiseFailed};
