//! Packets out of a stream of bytes.
//!
//! | size | field |
//! |---|---|
//! | 4 | type |
//! | 4 | length of what follows the id |
//! | 4 or 8 | id |
//!
//! All numbers are little-endian. Ids have 8 bytes once both sides have said that they can.

use alloc::vec::Vec;

use crate::number::packet;
use crate::{PacketId, ProtocolError};

/// How much data a transfer may carry.
const DATA: u32 = 0xffff;
/// How long a packet of an unknown type may be, and be skipped.
const UNKNOWN: u32 = DATA;
/// How many bytes of 4 a hello may have for capabilities.
const HELLO_WORDS: u32 = 16;
/// The text of a hello.
pub(crate) const HELLO_TEXT: u32 = 64;
/// How long the other side's wishes for devices may be.
const FILTER: u32 = 4096;

/// A packet.
#[derive(Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) kind: u32,
    pub(crate) id: PacketId,
    pub(crate) body: &'a [u8],
}

/// Puts packets together. It keeps one at most, which is no longer than its type may be.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    buffer: Vec<u8>,
    /// The parts of the header, once it is there.
    header: Option<Header>,
    /// How much of a packet that isn't understood is still to come.
    skipping: u32,
    /// Whether ids have 64 bits.
    pub(crate) has_long_ids: bool,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    kind: u32,
    length: u32,
    id: u64,
}

impl Incoming {
    /// Takes bytes until a packet is whole. None once there are no more.
    pub(crate) fn take(&mut self, bytes: &mut &[u8]) -> Result<Option<Packet<'_>>, ProtocolError> {
        loop {
            if self.skipping > 0 {
                let (skipped, rest) = bytes.split_at(bytes.len().min(usize_of(self.skipping)));
                *bytes = rest;
                self.skipping -= u32::try_from(skipped.len()).unwrap_or(self.skipping);
                if self.skipping > 0 {
                    return Ok(None);
                }
            }
            let Some(header) = self.header else {
                if !self.fill(bytes, if self.has_long_ids { 16 } else { 12 }) {
                    return Ok(None);
                }
                let header = Header::read(&self.buffer);
                self.buffer.clear();
                match check(header)? {
                    Length::Fits => self.header = Some(header),
                    Length::Unknown => self.skipping = header.length,
                }
                continue;
            };
            if !self.fill(bytes, usize_of(header.length)) {
                return Ok(None);
            }
            self.header = None;
            return Ok(Some(Packet { kind: header.kind, id: PacketId(header.id), body: &self.buffer }));
        }
    }

    /// Lets the last packet go.
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Takes bytes until there are so many; false if there are too few.
    fn fill(&mut self, bytes: &mut &[u8], wanted: usize) -> bool {
        let missing = wanted.saturating_sub(self.buffer.len());
        let (taken, rest) = bytes.split_at(bytes.len().min(missing));
        self.buffer.extend_from_slice(taken);
        *bytes = rest;
        taken.len() == missing
    }
}

impl Header {
    fn read(bytes: &[u8]) -> Self {
        let number = |bytes: Option<&[u8]>| {
            let digits = bytes.unwrap_or_default().iter().rev();
            digits.fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let half = |bytes| u32::try_from(number(bytes)).unwrap_or_default();
        Self { kind: half(bytes.get(..4)), length: half(bytes.get(4..8)), id: number(bytes.get(8..)) }
    }
}

enum Length {
    Fits,
    Unknown,
}

/// Whether a packet may be so long: found out before any of it is kept.
fn check(header: Header) -> Result<Length, ProtocolError> {
    let Header { kind, length, .. } = header;
    let fits = match kind {
        packet::HELLO => (HELLO_TEXT..=HELLO_TEXT + 4 * HELLO_WORDS).contains(&length) && length.is_multiple_of(4),
        packet::RESET
        | packet::GET_CONFIGURATION
        | packet::CANCEL_DATA_PACKET
        | packet::FILTER_REJECT
        | packet::DEVICE_DISCONNECT_ACK => length == 0,
        packet::SET_CONFIGURATION
        | packet::GET_ALT_SETTING
        | packet::STOP_ISO_STREAM
        | packet::START_INTERRUPT_RECEIVING
        | packet::STOP_INTERRUPT_RECEIVING => length == 1,
        packet::SET_ALT_SETTING => length == 2,
        packet::START_ISO_STREAM => length == 3,
        packet::FILTER_FILTER => length <= FILTER,
        packet::CONTROL_PACKET => (10..=10 + DATA).contains(&length),
        packet::BULK_PACKET => (8..=10 + DATA).contains(&length),
        packet::ISO_PACKET | packet::INTERRUPT_PACKET => (4..=4 + DATA).contains(&length),
        packet::DEVICE_CONNECT
        | packet::DEVICE_DISCONNECT
        | packet::INTERFACE_INFO
        | packet::EP_INFO
        | packet::CONFIGURATION_STATUS
        | packet::ALT_SETTING_STATUS
        | packet::ISO_STREAM_STATUS
        | packet::INTERRUPT_RECEIVING_STATUS
        | packet::BULK_STREAMS_STATUS
        | packet::BULK_RECEIVING_STATUS
        | packet::BUFFERED_BULK_PACKET => return Err(ProtocolError::Direction { kind }),
        _ if length <= UNKNOWN => return Ok(Length::Unknown),
        _ => false,
    };
    if fits { Ok(Length::Fits) } else { Err(ProtocolError::Length { kind, length }) }
}

/// Addresses have 32 bits at least wherever there is a heap for packets.
fn usize_of(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
