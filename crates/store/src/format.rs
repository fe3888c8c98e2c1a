//! The bytes of headers and records.

use crc::{CRC_32_ISO_HDLC, Crc, Digest};

use crate::store::Key;

/// The longest value, in bytes.
pub const MAX_VALUE: usize = 4_200;

pub(crate) const VERSION: u8 = 1;
pub(crate) const HEADER: usize = 28;
pub(crate) const HEAD: usize = 11;
pub(crate) const TRAILER: usize = 5;
const MAGIC: [u8; 8] = *b"KFSTORE\0";

/// The start of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: u8,
    pub(crate) unit: u8,
    pub(crate) generation: u32,
    pub(crate) bank_size: u32,
    /// Bytes of records that were durable before the header was written.
    pub(crate) copied: u32,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let fields = MAGIC
            .into_iter()
            .chain([self.version, self.unit, 0, 0])
            .chain(self.generation.to_be_bytes())
            .chain(self.bank_size.to_be_bytes())
            .chain(self.copied.to_be_bytes());
        fill(&mut bytes, fields);
        if let Some((body, checksum)) = bytes.split_last_chunk_mut::<4>() {
            *checksum = CRC.checksum(body).to_be_bytes();
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        if CRC.checksum(body) != u32::from_be_bytes(*checksum) {
            return None;
        }
        let (magic, rest) = body.split_first_chunk::<8>()?;
        if *magic != MAGIC {
            return None;
        }
        let ([version, unit, _, _], rest) = rest.split_first_chunk::<4>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (bank_size, copied) = rest.split_first_chunk::<4>()?;
        Some(Self {
            version: *version,
            unit: *unit,
            generation: u32::from_be_bytes(*generation),
            bank_size: u32::from_be_bytes(*bank_size),
            copied: u32::from_be_bytes(copied.try_into().ok()?),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Put,
    Remove,
}

/// The start of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) action: Action,
    /// Whether a transaction begins here.
    pub(crate) first: bool,
    pub(crate) length: u16,
    pub(crate) key: Key,
}

impl Head {
    pub(crate) fn encode(&self) -> [u8; HEAD] {
        let kind = match self.action {
            Action::Put => KIND_PUT,
            Action::Remove => KIND_REMOVE,
        };
        let kind = kind | if self.first { FIRST } else { 0 };
        let mut bytes = [0; HEAD];
        fill(&mut bytes, [kind].into_iter().chain(self.length.to_be_bytes()).chain(self.key.0.to_be_bytes()));
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; HEAD]) -> Option<Self> {
        let ([kind], rest) = bytes.split_first_chunk::<1>()?;
        let (length, key) = rest.split_first_chunk::<2>()?;
        let length = u16::from_be_bytes(*length);
        let action = match kind & !FIRST {
            KIND_PUT if usize::from(length) <= MAX_VALUE => Action::Put,
            KIND_REMOVE if length == 0 => Action::Remove,
            _ => return None,
        };
        let key = Key(u64::from_be_bytes(key.try_into().ok()?));
        Some(Self { action, first: kind & FIRST != 0, length, key })
    }
}

/// What follows a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Another record of the same transaction.
    More,
    /// Nothing: the transaction is complete.
    Commit,
    /// Nothing: the transaction was given up.
    Abandoned,
}

impl Mark {
    pub(crate) fn encode(self) -> u8 {
        match self {
            Self::More => b'M',
            Self::Commit => b'C',
            Self::Abandoned => b'A',
        }
    }

    pub(crate) fn decode(byte: u8) -> Option<Self> {
        match byte {
            b'M' => Some(Self::More),
            b'C' => Some(Self::Commit),
            b'A' => Some(Self::Abandoned),
            _ => None,
        }
    }
}

/// The padding of a record whose value has `length` bytes.
pub(crate) fn padding(length: u16, unit: u32) -> u32 {
    let bare = OVERHEAD + u32::from(length);
    bare.next_multiple_of(unit) - bare
}

/// The bytes that a record occupies.
pub(crate) fn record_size(length: u16, unit: u32) -> u32 {
    (OVERHEAD + u32::from(length)).next_multiple_of(unit)
}

/// The bytes that a header occupies.
pub(crate) fn header_size(unit: u32) -> u32 {
    HEADER_U32.next_multiple_of(unit)
}

/// Begins a record's checksum, which also covers where the record is: what a lost erase left behind doesn't count.
pub(crate) fn record_checksum(generation: u32, offset: u32) -> Digest<'static, u32> {
    let mut digest = CRC.digest();
    digest.update(&generation.to_be_bytes());
    digest.update(&offset.to_be_bytes());
    digest
}

fn fill(bytes: &mut [u8], fields: impl Iterator<Item = u8>) {
    for (byte, field) in bytes.iter_mut().zip(fields) {
        *byte = field;
    }
}

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
const OVERHEAD: u32 = 16;
const HEADER_U32: u32 = 28;
const _: () = assert!(HEAD + TRAILER == OVERHEAD as usize && HEADER == HEADER_U32 as usize);
const KIND_PUT: u8 = 0x10;
const KIND_REMOVE: u8 = 0x20;
const FIRST: u8 = 0x01;
