//! The token: a command engine, sessions around it, reports in, reports out.
//!
//! [`Token`] is what a board or the emulator runs: it takes reports and gives reports, and never waits. [`Engine`] is
//! the part that knows licences; tests and sweeps drive it as an authenticated [`Caller`]. `docs/architecture.md` has
//! the picture.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod channels;
mod engine;
mod outbox;
mod platform;
mod refusal;
mod sessions;
mod spot;
mod token;

pub use channels::CHANNELS;
pub use engine::{
    Caller, Engine, FEATURES, FILES, PAGES, PARTITIONS, PRODUCTS, SPENDS_PER_ADVANCE, STORE_KEYS, StartError,
    Surroundings, TOMBSTONES,
};
pub use platform::{Anchor, AnchorFailed, Button, Condition, Platform, Reset};
pub use refusal::refusal;
pub use sessions::{SESSIONS, Session, TICKETS};
pub use token::Token;
