//! Why a connection can't go on.

/// A packet that isn't as specified; the connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Something else came before the hello.
    #[error("packet type {kind} before the hello")]
    NoHello {
        /// The packet's type.
        kind: u32,
    },
    /// A hello came again.
    #[error("a second hello")]
    SecondHello,
    /// The packet isn't as long as its type says.
    #[error("packet type {kind} with {length} bytes")]
    Length {
        /// The packet's type.
        kind: u32,
        /// Its length.
        length: u32,
    },
    /// The data isn't as long as the packet says, or there is some where none belongs.
    #[error("packet type {kind} with other data than it says")]
    Data {
        /// The packet's type.
        kind: u32,
    },
    /// Only the side that has the device sends such a packet.
    #[error("packet type {kind} from the side that has no device")]
    Direction {
        /// The packet's type.
        kind: u32,
    },
}
