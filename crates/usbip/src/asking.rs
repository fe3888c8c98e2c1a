//! What a connection begins with: a host asks for the list of devices, or for one of them.

use alloc::vec::Vec;

use crate::VERSION;
use crate::error::ProtocolError;
use crate::export::{BusId, Export};

const OP_REQ_DEVLIST: u16 = 0x8005;
const OP_REP_DEVLIST: u16 = 0x0005;
const OP_REQ_IMPORT: u16 = 0x8003;
pub(crate) const OP_REP_IMPORT: u16 = 0x0003;

/// A connection that hasn't said yet what it wants.
///
/// # Example
/// ```
/// # use keyfob_usbip::{Asking, Request, listed};
/// let mut asking = Asking::default();
/// let mut bytes = &[0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0][..];
/// assert_eq!(asking.feed(&mut bytes), Ok(Some(Request::List)));
/// let answer = listed(&[]);
/// # assert_eq!(answer, [0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 0]);
/// ```
#[derive(Debug, Default)]
pub struct Asking {
    header: [u8; 8],
    header_filled: usize,
    bus_id: [u8; 32],
    bus_id_filled: usize,
}

/// What a host asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// The list of devices (`OP_REQ_DEVLIST`). The answer is [`listed`], and the connection ends.
    List,
    /// The use of a device (`OP_REQ_IMPORT`). The answer is a [`Session`](crate::Session), or [`refused`] and the
    /// connection ends.
    Import(BusId),
}

/// Why a device can't be imported. The numbers are those of Linux's `usbip_common.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A host has it (`ST_DEV_BUSY`).
    Busy,
    /// There is no such device (`ST_NODEV`).
    NoDevice,
}

impl Asking {
    /// Takes bytes until it is clear what is asked for; those that come behind stay.
    ///
    /// # Errors
    /// [`ProtocolError`]: the connection has to be closed.
    pub fn feed(&mut self, bytes: &mut &[u8]) -> Result<Option<Request>, ProtocolError> {
        if !fill(&mut self.header, &mut self.header_filled, bytes) {
            return Ok(None);
        }
        let [major, minor, high, low, ..] = self.header;
        let (version, code) = (u16::from_be_bytes([major, minor]), u16::from_be_bytes([high, low]));
        if version != VERSION {
            return Err(ProtocolError::Version { found: version });
        }
        match code {
            OP_REQ_DEVLIST => Ok(Some(Request::List)),
            OP_REQ_IMPORT if fill(&mut self.bus_id, &mut self.bus_id_filled, bytes) => {
                BusId::parse(&self.bus_id).map(|bus_id| Some(Request::Import(bus_id))).ok_or(ProtocolError::BusId)
            }
            OP_REQ_IMPORT => Ok(None),
            _ => Err(ProtocolError::Code { code: code.into() }),
        }
    }
}

/// Writes the list of devices (`OP_REP_DEVLIST`).
#[must_use]
pub fn listed(exports: &[Export]) -> Vec<u8> {
    let mut output = reply(OP_REP_DEVLIST, 0).to_vec();
    output.extend_from_slice(&u32::try_from(exports.len()).unwrap_or(u32::MAX).to_be_bytes());
    for export in exports {
        export.write(&mut output);
        export.write_interfaces(&mut output);
    }
    output
}

/// Writes that a device can't be imported (`OP_REP_IMPORT`).
#[must_use]
pub fn refused(refusal: Refusal) -> [u8; 8] {
    reply(
        OP_REP_IMPORT,
        match refusal {
            Refusal::Busy => 2,
            Refusal::NoDevice => 4,
        },
    )
}

/// The header of a reply.
pub(crate) const fn reply(code: u16, status: u8) -> [u8; 8] {
    let ([major, minor], [high, low]) = (VERSION.to_be_bytes(), code.to_be_bytes());
    [major, minor, high, low, 0, 0, 0, status]
}

/// Moves bytes to where they are missing; says whether none is missing any more.
pub(crate) fn fill(place: &mut [u8], filled: &mut usize, bytes: &mut &[u8]) -> bool {
    let missing = place.get_mut(*filled..).unwrap_or_default();
    let count = missing.len().min(bytes.len());
    let (taken, rest) = bytes.split_at_checked(count).unwrap_or_default();
    missing.iter_mut().zip(taken).for_each(|(place, byte)| *place = *byte);
    *filled += count;
    *bytes = rest;
    *filled == place.len()
}
