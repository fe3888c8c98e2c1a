//! The token: a command engine, sessions around it, reports in, reports out.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
