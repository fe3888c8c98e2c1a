//! Receipts: a token's word on the updates it applied. `docs/spec.md`, §7.7.

use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::{Decoder, FeatureId, Firmware, Malformed, PartitionId, Serial, Units, UnixTime};
use minicbor::{Encoder, encode};

use crate::{Item, List};

/// Where a partition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The last update's epoch.
    pub epoch: u32,
    /// The last update's number.
    pub number: u32,
    /// The last update's digest.
    pub last_update: [u8; 32],
    /// The partition's time mark.
    pub mark: UnixTime,
    /// The token's firmware.
    pub firmware: Firmware,
    /// The asker's nonce, 8 to 64 bytes.
    pub nonce: &'a [u8],
    /// The features that are counted, in no particular order.
    pub counters: List<'a, CounterState>,
}

/// Where a feature's counter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterState {
    /// Whose counter.
    pub feature: FeatureId,
    /// What is left.
    pub remaining: Units,
    /// How often was spent from it.
    pub spend_serial: u32,
}

impl<'a> Payload<'a> for Receipt<'a> {
    const KIND: Kind = Kind::Receipt;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 7)?;
        let receipt = Self {
            epoch: decoder.u32()?,
            number: decoder.u32()?,
            last_update: *cbor::fixed(decoder)?,
            mark: UnixTime(decoder.u64()?),
            firmware: Firmware(*cbor::fixed(decoder)?),
            nonce: decoder.bytes()?,
            counters: List::decode(decoder)?,
        };
        if is_nonce(receipt.nonce) { Ok(receipt) } else { Err(Malformed) }
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        if !is_nonce(self.nonce) {
            return Err(encode::Error::message("nonce"));
        }
        encoder
            .array(7)?
            .u32(self.epoch)?
            .u32(self.number)?
            .bytes(&self.last_update)?
            .u64(self.mark.0)?
            .bytes(&self.firmware.0)?
            .bytes(self.nonce)?;
        self.counters.encode(encoder)
    }
}

impl<'a> Item<'a> for CounterState {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 3)?;
        Ok(Self { feature: FeatureId(decoder.u32()?), remaining: Units(decoder.u32()?), spend_serial: decoder.u32()? })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(3)?.u32(self.feature.0)?.u32(self.remaining.0)?.u32(self.spend_serial)?.ok()
    }
}

pub(crate) fn is_nonce(nonce: &[u8]) -> bool {
    (8..=64).contains(&nonce.len())
}
