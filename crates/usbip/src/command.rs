//! A session's messages: 48 bytes and, with some, a transfer's data.
//!
//! | offset | `USBIP_CMD_SUBMIT` | `USBIP_CMD_UNLINK` | `USBIP_RET_SUBMIT` | `USBIP_RET_UNLINK` |
//! |---|---|---|---|---|
//! | 0 | 1 | 2 | 3 | 4 |
//! | 4 | number | number | the request's number | the request's number |
//! | 8 | device | device | 0 | 0 |
//! | 12 | direction: 0 out, 1 in | | 0 | 0 |
//! | 16 | endpoint | | 0 | 0 |
//! | 20 | flags | number of what is taken back | status | status |
//! | 24 | length | | length | |
//! | 28 | first frame | | first frame | |
//! | 32 | packets, of isochronous ones | | packets | |
//! | 36 | interval | | errors | |
//! | 40 | setup, 8 bytes | | | |
//! | 48 | data, if out | | data, if in | |

use alloc::vec::Vec;

use crate::error::ProtocolError;

/// A header as it is sent.
pub(crate) type Header = [[u8; 4]; 12];

/// The number of a request to transfer something (`seqnum`): it is a connection's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrbId(pub(crate) u32);

/// Why a transfer wasn't carried out: a negative `errno` of Linux on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The endpoint is halted, or there is no such, or the device doesn't know the request (`EPIPE`).
    Stall,
    /// The device sent more than was asked for (`EOVERFLOW`).
    Overflow,
    /// There are too many transfers or this one is too long (`ENOMEM`).
    NoMemory,
    /// The device has gone (`ESHUTDOWN`).
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Submit(Submit),
    Unlink { number: u32, unlinked: UrbId },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Submit {
    pub(crate) urb: UrbId,
    pub(crate) is_in: bool,
    pub(crate) endpoint: u32,
    pub(crate) length: u32,
    /// 0 or all ones, as there are no isochronous packets; the answer says the same.
    pub(crate) packets: u32,
    pub(crate) setup: [u8; 8],
}

const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;
/// What a request was taken back with: `-ECONNRESET`.
const UNLINKED: i32 = -104;

impl Command {
    pub(crate) fn parse(header: &Header, device: u32) -> Result<Self, ProtocolError> {
        let [.., first, second] = *header;
        let [command, number, found, direction, endpoint, fifth, length, _, packets, ..] =
            header.map(u32::from_be_bytes);
        if !matches!(command, CMD_SUBMIT | CMD_UNLINK) {
            return Err(ProtocolError::Code { code: command });
        }
        if found != device {
            return Err(ProtocolError::Device { found, expected: device });
        }
        if command == CMD_UNLINK {
            return Ok(Self::Unlink { number, unlinked: UrbId(fifth) });
        }
        let is_in = match direction {
            0 => false,
            1 => true,
            _ => return Err(ProtocolError::Direction { direction }),
        };
        if !matches!(packets, 0 | u32::MAX) {
            return Err(ProtocolError::Isochronous { packets });
        }
        let mut setup = [0; 8];
        setup.iter_mut().zip([first, second].as_flattened()).for_each(|(place, byte)| *place = *byte);
        Ok(Self::Submit(Submit { urb: UrbId(number), is_in, endpoint, length, packets, setup }))
    }
}

impl Fault {
    const fn number(self) -> i32 {
        match self {
            Self::Stall => -32,
            Self::Overflow => -75,
            Self::NoMemory => -12,
            Self::Gone => -108,
        }
    }
}

/// Writes that a transfer was carried out, of which `data` goes to the host.
pub(crate) fn write_done(output: &mut Vec<u8>, urb: UrbId, packets: u32, length: u32, data: &[u8]) {
    write_submitted(output, urb, packets, 0, length);
    output.extend_from_slice(data);
}

/// Writes that a transfer wasn't carried out.
pub(crate) fn write_failed(output: &mut Vec<u8>, urb: UrbId, packets: u32, fault: Fault) {
    write_submitted(output, urb, packets, fault.number(), 0);
}

/// Writes whether a transfer was taken back, or had been answered before.
pub(crate) fn write_unlinked(output: &mut Vec<u8>, number: u32, was_pending: bool) {
    let status = if was_pending { UNLINKED } else { 0 };
    write(output, [RET_UNLINK, number, 0, 0, 0, status.cast_unsigned(), 0, 0, 0, 0, 0, 0]);
}

fn write_submitted(output: &mut Vec<u8>, urb: UrbId, packets: u32, status: i32, length: u32) {
    write(output, [RET_SUBMIT, urb.0, 0, 0, 0, status.cast_unsigned(), length, 0, packets, 0, 0, 0]);
}

fn write(output: &mut Vec<u8>, words: [u32; 12]) {
    output.extend_from_slice(words.map(u32::to_be_bytes).as_flattened());
}
