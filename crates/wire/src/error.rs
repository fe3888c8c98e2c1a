//! What can be wrong with bytes, and with room for them.

/// The bytes aren't laid out as specified; a token answers [`Status::BadRequest`](crate::Status::BadRequest).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not laid out as specified")]
pub struct Malformed;

/// The buffer is too small for what is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the buffer is too small")]
pub struct NoSpace;

impl<E> From<minicbor::encode::Error<E>> for NoSpace {
    fn from(_: minicbor::encode::Error<E>) -> Self {
        Self
    }
}

/// The message is longer than [`MAX_MESSAGE`](crate::MAX_MESSAGE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is longer than 4,096 bytes")]
pub struct TooLong;
