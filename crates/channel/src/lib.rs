//! The Noise handshake and the secure records, both roles.
//!
//! `Noise_XX_P256_AESGCM_SHA256` of The Noise Protocol Framework, revision 34, with compressed points, and
//! `Noise_NNpsk0_P256_AESGCM_SHA256` to resume; `docs/spec.md`, §5 and §6. States are values: a message can't be written
//! before the one that it answers was verified. The token's states cost one public-key operation each, so that a board
//! can do something else in between.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod initiator;
mod records;
mod responder;
mod resume;
mod symmetric;

use keyfob_crypto::{BadKey, Crypto};

pub use initiator::{Answered, Authenticated, Initiator};
pub use records::{OVERHEAD as RECORD_OVERHEAD, RecordError, Records, Resting};
pub use responder::{Admitted, Agreed, Asked, Generated, Presented, Responder};
pub use resume::{RESUME_ANSWER, RESUME_REQUEST, ResumeAsked, ResumeGenerated, Resuming, Ticket, TicketId};
pub use symmetric::Prologue;

/// The size of handshake message 1.
pub const MESSAGE_1: usize = 33 + 8;
/// What handshake message 2 adds to its payload.
pub const MESSAGE_2_OVERHEAD: usize = 33 + 33 + 16 + 16;
/// What handshake message 3 adds to its payload.
pub const MESSAGE_3_OVERHEAD: usize = 33 + 16 + 16;

/// What a handshake leads to: a session in which nothing was sent yet.
pub struct Established<C: Crypto> {
    /// The session's records, from number 0.
    pub records: Resting<C>,
    /// What the session can be resumed with.
    pub ticket: Ticket,
}

impl<C: Crypto> Established<C> {
    /// Makes the session ready for use.
    #[must_use]
    pub fn wake(self) -> Awake<C> {
        Awake { records: self.records.wake(), ticket: self.ticket }
    }
}

/// A session that is ready for use.
pub struct Awake<C: Crypto> {
    /// The session's records.
    pub records: Records<C>,
    /// What the session can be resumed with.
    pub ticket: Ticket,
}

/// Why a handshake ended. What exactly was wrong is nobody's business on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A message has the wrong size, a key is no point, or something doesn't decrypt.
    #[error("the handshake message is not genuine")]
    Message,
    /// The certificate was refused.
    #[error("the certificate was refused: {0}")]
    Certificate(#[from] keyfob_signed::Invalid),
    /// The certified key is not the one that made the handshake.
    #[error("the certificate is somebody else's")]
    KeyMismatch,
    /// The buffer is too small.
    #[error("the buffer is too small")]
    Room,
}

impl From<BadKey> for HandshakeError {
    fn from(_: BadKey) -> Self {
        Self::Message
    }
}
