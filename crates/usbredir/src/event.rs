//! What the other side wants.

use alloc::vec::Vec;

use crate::Capabilities;

/// By what a request finds its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PacketId(pub u64);

/// What a packet from the other side means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The other side is there; a device can be connected now.
    Hello {
        /// What both sides can.
        common: Capabilities,
    },
    /// The device is to be reset. There is no answer.
    Reset,
    /// To be answered by [`configuration_status`](crate::Redirector::configuration_status).
    SetConfiguration {
        /// The request.
        id: PacketId,
        /// Which one.
        configuration: u8,
    },
    /// To be answered by [`configuration_status`](crate::Redirector::configuration_status).
    GetConfiguration {
        /// The request.
        id: PacketId,
    },
    /// To be answered by [`alt_setting_status`](crate::Redirector::alt_setting_status).
    SetAltSetting {
        /// The request.
        id: PacketId,
        /// Of which interface.
        interface: u8,
        /// Which one.
        alternate: u8,
    },
    /// To be answered by [`alt_setting_status`](crate::Redirector::alt_setting_status).
    GetAltSetting {
        /// The request.
        id: PacketId,
        /// Of which interface.
        interface: u8,
    },
    /// An endpoint is to be read from now on. To be answered by
    /// [`interrupt_receiving_status`](crate::Redirector::interrupt_receiving_status).
    StartInterruptReceiving {
        /// The request.
        id: PacketId,
        /// Which one.
        endpoint: u8,
    },
    /// An endpoint isn't to be read any more. To be answered by
    /// [`interrupt_receiving_status`](crate::Redirector::interrupt_receiving_status).
    StopInterruptReceiving {
        /// The request.
        id: PacketId,
        /// Which one.
        endpoint: u8,
    },
    /// A control transfer. To be answered by [`control_answer`](crate::Redirector::control_answer).
    Control {
        /// The request.
        id: PacketId,
        /// What it says.
        request: ControlRequest,
    },
    /// A transfer to an interrupt endpoint. To be answered by
    /// [`interrupt_out_status`](crate::Redirector::interrupt_out_status).
    InterruptOut {
        /// The request.
        id: PacketId,
        /// Which one.
        endpoint: u8,
        /// What is sent.
        data: Vec<u8>,
    },
    /// A transfer isn't wanted any more. If it wasn't answered yet, it is to be answered with
    /// [`Status::Cancelled`](crate::Status::Cancelled).
    Cancel {
        /// The transfer's id.
        id: PacketId,
    },
    /// The other side doesn't want this device.
    Rejected,
    /// The other side knows that the device has gone; another one can be connected now.
    Disconnected,
}

/// A control transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRequest {
    /// The endpoint: 0, with bit 7 if the data goes to the other side.
    pub endpoint: u8,
    /// `bRequest`.
    pub request: u8,
    /// `bmRequestType`.
    pub request_type: u8,
    /// `wValue`.
    pub value: u16,
    /// `wIndex`.
    pub index: u16,
    /// `wLength`.
    pub length: u16,
    /// What is sent with it, `length` bytes or nothing.
    pub data: Vec<u8>,
}
