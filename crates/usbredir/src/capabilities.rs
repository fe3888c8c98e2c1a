//! What a side says in its hello that it can.

use core::ops::BitAnd;

/// A set of capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// None.
    pub const NONE: Self = Self(0);
    /// A device's release is told when it is connected.
    pub const CONNECT_DEVICE_VERSION: Self = Self(1 << 1);
    /// What devices are wanted is told; this side doesn't mind.
    pub const FILTER: Self = Self(1 << 2);
    /// That a device has gone is acknowledged.
    pub const DEVICE_DISCONNECT_ACK: Self = Self(1 << 3);
    /// Endpoints' packet sizes are told.
    pub const EP_INFO_MAX_PACKET_SIZE: Self = Self(1 << 4);
    /// Packets' ids have 64 bits.
    pub const IDS_OF_64_BITS: Self = Self(1 << 5);
    /// Bulk packets' lengths have 32 bits.
    pub const BULK_LENGTH_OF_32_BITS: Self = Self(1 << 6);

    /// What this side can.
    pub const OURS: Self = Self(
        Self::CONNECT_DEVICE_VERSION.0
            | Self::FILTER.0
            | Self::DEVICE_DISCONNECT_ACK.0
            | Self::EP_INFO_MAX_PACKET_SIZE.0
            | Self::IDS_OF_64_BITS.0
            | Self::BULK_LENGTH_OF_32_BITS.0,
    );

    /// Whether all of these are in the set.
    #[must_use]
    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl BitAnd for Capabilities {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
