//! The one signed envelope: COSE_Sign1, certificates, chains.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
