//! Fuzz targets: what each looks for is in `README.md`.
//!
//! [`TARGETS`] is the list. A target is a function that takes any bytes and panics if an invariant is broken, and a
//! function that makes its first inputs, always the same ones.

mod board;
mod cast;
mod edits;
pub mod environment;
mod fob;
mod target;
mod targets;
mod toy;

pub use target::Target;
pub use targets::TARGETS;
