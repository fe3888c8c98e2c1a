//! Snapshots: a token's word on the state of a partition. `docs/spec.md`, §7.12.

use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::{Decoder, FileId, FileKind, Firmware, Malformed, PartitionId, ProductId, Serial, UnixTime};
use minicbor::{Encoder, encode};

use crate::receipt::is_nonce;
use crate::{CounterState, Item, List};

/// All that a partition holds, apart from the contents of files and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot<'a> {
    /// The last update's epoch.
    pub epoch: u32,
    /// The last update's number.
    pub number: u32,
    /// The last update's digest.
    pub last_update: [u8; 32],
    /// The partition's time mark.
    pub mark: UnixTime,
    /// Certificates of lower epochs are refused.
    pub minimum_epoch: u32,
    /// The token's firmware.
    pub firmware: Firmware,
    /// The asker's nonce, 8 to 64 bytes.
    pub nonce: &'a [u8],
    /// The products that are granted, in no particular order.
    pub grants: List<'a, GrantState>,
    /// The features that are counted, in no particular order.
    pub counters: List<'a, CounterState>,
    /// The files, in no particular order.
    pub files: List<'a, FileState>,
}

/// Which grant of a product is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantState {
    /// The product.
    pub product: ProductId,
    /// The number of its grant.
    pub number: u32,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Whose file.
    pub product: ProductId,
    /// The file.
    pub file: FileId,
    /// Who may write it.
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u16,
}

impl<'a> Payload<'a> for Snapshot<'a> {
    const KIND: Kind = Kind::Snapshot;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 10)?;
        let snapshot = Self {
            epoch: decoder.u32()?,
            number: decoder.u32()?,
            last_update: *cbor::fixed(decoder)?,
            mark: UnixTime(decoder.u64()?),
            minimum_epoch: decoder.u32()?,
            firmware: Firmware(*cbor::fixed(decoder)?),
            nonce: decoder.bytes()?,
            grants: List::decode(decoder)?,
            counters: List::decode(decoder)?,
            files: List::decode(decoder)?,
        };
        if is_nonce(snapshot.nonce) { Ok(snapshot) } else { Err(Malformed) }
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        if !is_nonce(self.nonce) {
            return Err(encode::Error::message("nonce"));
        }
        encoder.array(10)?.u32(self.epoch)?.u32(self.number)?.bytes(&self.last_update)?.u64(self.mark.0)?;
        encoder.u32(self.minimum_epoch)?.bytes(&self.firmware.0)?.bytes(self.nonce)?;
        self.grants.encode(encoder)?;
        self.counters.encode(encoder)?;
        self.files.encode(encoder)
    }
}

impl<'a> Item<'a> for GrantState {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 2)?;
        Ok(Self { product: ProductId(decoder.u32()?), number: decoder.u32()? })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(2)?.u32(self.product.0)?.u32(self.number)?.ok()
    }
}

impl<'a> Item<'a> for FileState {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 4)?;
        let (product, file) = (ProductId(decoder.u32()?), FileId(decoder.u16()?));
        let kind = FileKind::from_number(decoder.u8()?).ok_or(Malformed)?;
        let size = decoder.u16()?;
        if kind.allows(size) { Ok(Self { product, file, kind, size }) } else { Err(Malformed) }
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(4)?.u32(self.product.0)?.u16(self.file.0)?.u8(self.kind.number())?.u16(self.size)?.ok()
    }
}
