//! What `info` says of partitions that were wiped. Spec §7.9 and §8.

use minicbor::{
    Encode, Encoder,
    encode::{self, Write},
};

use super::cbor::{array, fixed};
use crate::{Decoder, Malformed, PartitionId, VendorHint};

/// A partition that was wiped, and where its updates stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Whose it was.
    pub vendor: VendorHint,
    /// The partition.
    pub partition: PartitionId,
    /// The epoch of its last update.
    pub epoch: u32,
    /// The number of its last update.
    pub number: u32,
}

impl Tombstone {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        array(decoder, 4)?;
        Ok(Self {
            vendor: VendorHint(fixed(decoder)?),
            partition: PartitionId(fixed(decoder)?),
            epoch: decoder.u32()?,
            number: decoder.u32()?,
        })
    }
}

impl<C> Encode<C> for Tombstone {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.bytes(&self.vendor.0)?.bytes(&self.partition.0)?.u32(self.epoch)?.u32(self.number)?.ok()
    }
}

/// The tombstones of an answer that was read; each was looked at then.
#[derive(Clone, Debug)]
pub struct Tombstones<'a> {
    decoder: Decoder<'a>,
    left: u64,
}

impl<'a> Tombstones<'a> {
    pub(super) fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let left = decoder.array()?;
        let tombstones = Self { decoder: decoder.clone(), left };
        for _ in 0..left {
            Tombstone::decode(decoder)?;
        }
        Ok(tombstones)
    }
}

impl Iterator for Tombstones<'_> {
    type Item = Tombstone;

    fn next(&mut self) -> Option<Tombstone> {
        self.left = self.left.checked_sub(1)?;
        Tombstone::decode(&mut self.decoder).ok()
    }
}
