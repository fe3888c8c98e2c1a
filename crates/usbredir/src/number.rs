//! The numbers of packets and statuses.

/// Types of packets.
pub(crate) mod packet {
    pub(crate) const HELLO: u32 = 0;
    pub(crate) const DEVICE_CONNECT: u32 = 1;
    pub(crate) const DEVICE_DISCONNECT: u32 = 2;
    pub(crate) const RESET: u32 = 3;
    pub(crate) const INTERFACE_INFO: u32 = 4;
    pub(crate) const EP_INFO: u32 = 5;
    pub(crate) const SET_CONFIGURATION: u32 = 6;
    pub(crate) const GET_CONFIGURATION: u32 = 7;
    pub(crate) const CONFIGURATION_STATUS: u32 = 8;
    pub(crate) const SET_ALT_SETTING: u32 = 9;
    pub(crate) const GET_ALT_SETTING: u32 = 10;
    pub(crate) const ALT_SETTING_STATUS: u32 = 11;
    pub(crate) const START_ISO_STREAM: u32 = 12;
    pub(crate) const STOP_ISO_STREAM: u32 = 13;
    pub(crate) const ISO_STREAM_STATUS: u32 = 14;
    pub(crate) const START_INTERRUPT_RECEIVING: u32 = 15;
    pub(crate) const STOP_INTERRUPT_RECEIVING: u32 = 16;
    pub(crate) const INTERRUPT_RECEIVING_STATUS: u32 = 17;
    pub(crate) const BULK_STREAMS_STATUS: u32 = 20;
    pub(crate) const CANCEL_DATA_PACKET: u32 = 21;
    pub(crate) const FILTER_REJECT: u32 = 22;
    pub(crate) const FILTER_FILTER: u32 = 23;
    pub(crate) const DEVICE_DISCONNECT_ACK: u32 = 24;
    pub(crate) const BULK_RECEIVING_STATUS: u32 = 27;
    pub(crate) const CONTROL_PACKET: u32 = 100;
    pub(crate) const BULK_PACKET: u32 = 101;
    pub(crate) const ISO_PACKET: u32 = 102;
    pub(crate) const INTERRUPT_PACKET: u32 = 103;
    pub(crate) const BUFFERED_BULK_PACKET: u32 = 104;
}

/// How a request or a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was done.
    Success,
    /// The other side gave it up.
    Cancelled,
    /// It makes no sense for this device.
    Invalid,
    /// It failed.
    IoError,
    /// The device answered STALL.
    Stall,
    /// It took too long.
    Timeout,
    /// The device sent more than there was room for.
    Babble,
}

impl Status {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Cancelled => 1,
            Self::Invalid => 2,
            Self::IoError => 3,
            Self::Stall => 4,
            Self::Timeout => 5,
            Self::Babble => 6,
        }
    }
}
