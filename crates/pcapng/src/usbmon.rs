//! USB transfers as Linux's usbmon writes them (`Documentation/usb/usbmon.rst`, `struct usbmon_packet`).
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 8 | the transfer's id: its submission and its completion have the same |
//! | 8 | 1 | `S` submitted, `C` completed, `E` couldn't be submitted |
//! | 9 | 1 | 0 isochronous, 1 interrupt, 2 control, 3 bulk |
//! | 10 | 1 | endpoint, bit 7 set if it is one to the host |
//! | 11 | 1 | device |
//! | 12 | 2 | bus |
//! | 14 | 1 | 0 if the setup packet is there |
//! | 15 | 1 | 0 if data is there |
//! | 16 | 12 | time: seconds `i64`, microseconds `i32` |
//! | 28 | 4 | status, 0 or minus an error number of Linux's |
//! | 32 | 4 | length of the transfer |
//! | 36 | 4 | length of the data that is there |
//! | 40 | 8 | setup packet |
//! | 48 | 4 | interval in frames |
//! | 52 | 12 | start frame, flags, isochronous descriptors |

use alloc::vec::Vec;

use crate::bytes::{Cursor, Order};

/// Bytes of the header.
const HEADER: usize = 64;
const IN: u8 = 0x80;
/// Linux's `EINPROGRESS`: the status of what has only been submitted.
const IN_PROGRESS: i32 = -115;

/// What happened to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was handed to the bus.
    Submitted,
    /// The bus is done with it.
    Completed,
    /// It couldn't be handed to the bus.
    Failed,
}

/// The kind of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At fixed times, unrepeated.
    Isochronous,
    /// Within a fixed time.
    Interrupt,
    /// With a setup packet.
    Control,
    /// Whenever there is room.
    Bulk,
}

/// A transfer's event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// The same for a transfer's submission and its completion.
    pub id: u64,
    /// What happened.
    pub event: Event,
    /// What it is.
    pub kind: Kind,
    /// The endpoint, with bit 7 set if it is one to the host.
    pub endpoint: u8,
    /// The device's address.
    pub device: u8,
    /// The bus.
    pub bus: u16,
    /// 0, or minus an error number of Linux's.
    pub status: i32,
    /// Bytes asked for or transferred.
    pub length: u32,
    /// The interval of an interrupt endpoint, in frames.
    pub interval: i32,
    /// The data that is there: of an OUT transfer with its submission, of an IN transfer with its completion.
    pub data: &'a [u8],
}

impl<'a> Transfer<'a> {
    /// An interrupt transfer that succeeded or was submitted, in the event that has the data.
    #[must_use]
    pub fn interrupt(id: u64, (bus, device): (u16, u8), endpoint: u8, data: &'a [u8]) -> Self {
        let is_in = endpoint & IN != 0;
        Self {
            id,
            event: if is_in { Event::Completed } else { Event::Submitted },
            kind: Kind::Interrupt,
            endpoint,
            device,
            bus,
            status: if is_in { 0 } else { IN_PROGRESS },
            length: u32::try_from(data.len()).unwrap_or(u32::MAX),
            interval: 1,
            data,
        }
    }

    /// Whether it goes to the host.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.endpoint & IN != 0
    }

    /// Writes header and data, little-endian, for a packet of that time.
    #[must_use]
    pub fn to_bytes(&self, nanoseconds: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER.saturating_add(self.data.len()));
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&[self.event.letter(), self.kind.number(), self.endpoint, self.device]);
        bytes.extend_from_slice(&self.bus.to_le_bytes());
        bytes.extend_from_slice(&[b'-', self.data_flag()]);
        bytes.extend_from_slice(&(nanoseconds / 1_000_000_000).to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(nanoseconds / 1000 % 1_000_000).unwrap_or_default().to_le_bytes());
        bytes.extend_from_slice(&self.status.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.data.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&self.interval.to_le_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend_from_slice(self.data);
        bytes
    }

    /// Says whether data is there, or why not.
    fn data_flag(&self) -> u8 {
        match (self.data, self.is_in()) {
            ([_, ..], _) => 0,
            ([], true) => b'<',
            ([], false) => b'>',
        }
    }

    pub(crate) fn parse(bytes: &'a [u8], order: Order) -> Option<Self> {
        let mut header = Cursor { rest: bytes, order };
        let id = header.u64()?;
        let event = Event::of(header.u8()?)?;
        let kind = Kind::of(header.u8()?)?;
        let (endpoint, device, bus) = (header.u8()?, header.u8()?, header.u16()?);
        let (_setup, _data, _time) = (header.u8()?, header.u8()?, header.take(12)?);
        let (status, length, captured) = (header.i32()?, header.u32()?, header.length()?);
        let _setup = header.take(8)?;
        let interval = header.i32()?;
        let _frames = header.take(8)?;
        let descriptors = header.length()?;
        // What is captured of an isochronous transfer begins with its descriptors, 16 bytes each.
        let _descriptors = header.take(descriptors.checked_mul(16)?)?;
        let data = header.rest.get(..captured).unwrap_or(header.rest);
        Some(Self { id, event, kind, endpoint, device, bus, status, length, interval, data })
    }
}

impl Event {
    fn letter(self) -> u8 {
        match self {
            Self::Submitted => b'S',
            Self::Completed => b'C',
            Self::Failed => b'E',
        }
    }

    fn of(letter: u8) -> Option<Self> {
        [Self::Submitted, Self::Completed, Self::Failed].into_iter().find(|event| event.letter() == letter)
    }
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Isochronous => 0,
            Self::Interrupt => 1,
            Self::Control => 2,
            Self::Bulk => 3,
        }
    }

    fn of(number: u8) -> Option<Self> {
        [Self::Isochronous, Self::Interrupt, Self::Control, Self::Bulk].into_iter().find(|kind| kind.number() == number)
    }
}
