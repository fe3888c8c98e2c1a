//! The app's side without I/O: messages, the opening of sessions, requests in them.
//!
//! Whoever owns the transport moves reports: [`Link`] makes them of a message and puts an answer together again,
//! [`Opening`] and [`Handshake`] make the messages that open a [`Session`]. `docs/architecture.md` has the picture.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod link;
mod opening;
mod session;

pub use keyfob_channel::Ticket;
pub use link::{Link, Reply};
pub use opening::{App, Genuine, Handshake, OpenError, Opening};
pub use session::{Resuming, Session, SessionError};
