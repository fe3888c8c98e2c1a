//! A control transfer's first packet (USB §9.3).

/// The fields of a setup packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// `bmRequestType`: direction in bit 7, type in bits 5 and 6, recipient below.
    pub request_type: u8,
    /// `bRequest`.
    pub request: u8,
    /// `wValue`.
    pub value: u16,
    /// `wIndex`.
    pub index: u16,
    /// `wLength`: how much data follows, or how much the host takes at most.
    pub length: u16,
}

impl Setup {
    /// Reads a setup packet.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        let [request_type, request, value0, value1, index0, index1, length0, length1] = bytes;
        Self {
            request_type,
            request,
            value: u16::from_le_bytes([value0, value1]),
            index: u16::from_le_bytes([index0, index1]),
            length: u16::from_le_bytes([length0, length1]),
        }
    }

    /// Writes it.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        let Self { request_type, request, value, index, length } = self;
        let (value, index, length) = (value.to_le_bytes(), index.to_le_bytes(), length.to_le_bytes());
        [request_type, request, value[0], value[1], index[0], index[1], length[0], length[1]]
    }

    /// Whether the data goes to the host.
    #[must_use]
    pub const fn is_in(self) -> bool {
        self.request_type & 0x80 != 0
    }
}
