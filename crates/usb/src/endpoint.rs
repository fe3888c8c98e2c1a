//! The two endpoints that carry reports.

use crate::{REPORT_SIZE, Report};

/// An interrupt endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// To the host.
    In,
    /// From the host.
    Out,
}

impl Endpoint {
    /// Both.
    pub const ALL: [Self; 2] = [Self::In, Self::Out];

    /// The address (USB §9.6.6): number 1, and bit 7 for the direction.
    #[must_use]
    pub const fn address(self) -> u8 {
        match self {
            Self::In => 0x81,
            Self::Out => 0x01,
        }
    }

    /// The endpoint of an address.
    #[must_use]
    pub fn from_address(address: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.address() == address)
    }
}

/// Cuts a transfer to the OUT endpoint into packets, as a host's controller does, and yields those that are reports. A
/// packet of another length is taken and means nothing.
pub fn packets(transfer: &[u8]) -> impl Iterator<Item = &Report> {
    transfer.chunks(REPORT_SIZE).filter_map(|packet| packet.try_into().ok())
}
