//! What the other side is told about a device.

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceDescription<'a> {
    /// Its speed.
    pub speed: Speed,
    /// `bDeviceClass`.
    pub class: u8,
    /// `bDeviceSubClass`.
    pub subclass: u8,
    /// `bDeviceProtocol`.
    pub protocol: u8,
    /// `idVendor`.
    pub vendor_id: u16,
    /// `idProduct`.
    pub product_id: u16,
    /// `bcdDevice`.
    pub release: u16,
    /// `bMaxPacketSize0`.
    pub max_packet_size_0: u16,
    /// Its interfaces, of which 32 are told.
    pub interfaces: &'a [InterfaceDescription],
    /// Its endpoints other than 0.
    pub endpoints: &'a [EndpointDescription],
}

/// An interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterfaceDescription {
    /// `bInterfaceNumber`.
    pub number: u8,
    /// `bInterfaceClass`.
    pub class: u8,
    /// `bInterfaceSubClass`.
    pub subclass: u8,
    /// `bInterfaceProtocol`.
    pub protocol: u8,
}

/// An endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointDescription {
    /// `bEndpointAddress`.
    pub address: u8,
    /// How it transfers.
    pub transfer_type: TransferType,
    /// `bInterval`.
    pub interval: u8,
    /// The interface that it belongs to.
    pub interface: u8,
    /// `wMaxPacketSize`.
    pub max_packet_size: u16,
}

/// A device's speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// 1.5 Mbit/s.
    Low,
    /// 12 Mbit/s.
    Full,
    /// 480 Mbit/s.
    High,
    /// 5 Gbit/s.
    Super,
}

impl Speed {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Low => 0,
            Self::Full => 1,
            Self::High => 2,
            Self::Super => 3,
        }
    }
}

/// How an endpoint transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferType {
    /// Control transfers.
    Control,
    /// Interrupt transfers.
    Interrupt,
}

impl TransferType {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Control => 0,
            Self::Interrupt => 3,
        }
    }

    /// An endpoint that isn't there.
    pub(crate) const NONE: u8 = 255;
}
