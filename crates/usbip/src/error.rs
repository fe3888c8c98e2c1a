//! Why a connection can't go on.

/// What the other side sent that isn't USB/IP, or not of the kind that is served here. The connection has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// It speaks another version.
    #[error("version {found:#06x} of USB/IP, not 0x0111")]
    Version {
        /// Which one.
        found: u16,
    },
    /// There is no such operation or command here.
    #[error("{code:#x} is nothing that a host asks for")]
    Code {
        /// Its number.
        code: u32,
    },
    /// The bus id isn't text that ends with a zero byte.
    #[error("a bus id without an end")]
    BusId,
    /// The direction is neither in nor out.
    #[error("a transfer of direction {direction}")]
    Direction {
        /// Its number.
        direction: u32,
    },
    /// The transfer is for another device than the one that was imported.
    #[error("a transfer for device {found:#x} on a connection to device {expected:#x}")]
    Device {
        /// For which one.
        found: u32,
        /// Which one was imported.
        expected: u32,
    },
    /// A transfer of that number is waiting already.
    #[error("two transfers have the number {number}")]
    Number {
        /// The number.
        number: u32,
    },
    /// Isochronous transfers aren't carried.
    #[error("an isochronous transfer of {packets} packets")]
    Isochronous {
        /// How many packets it has.
        packets: u32,
    },
}
