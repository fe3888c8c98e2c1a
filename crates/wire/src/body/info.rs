//! `info`. Spec §8.

use minicbor::{Encode, Encoder, encode};

use super::{
    KeyBytes, Tombstone, Tombstones,
    cbor::{fixed, map, map_item, skip},
};
use crate::{BootId, Decoder, Firmware, Malformed, PartitionId, Serial};

/// What the token is and whose partitions it carries.
///
/// `P` yields [`PartitionInfo`] and `T` [`Tombstone`]: [`Partitions`] and [`Tombstones`] when read, anything that can
/// be walked twice (an array, a slice's copied iterator) when written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InfoAnswer<P, T> {
    /// The token's serial.
    pub serial: Serial,
    /// The kind of board. Spec §7.2.
    pub board: u8,
    /// The firmware's version.
    pub firmware: Firmware,
    /// Random at each power-up.
    pub boot: BootId,
    /// The levels of the device certificate. Spec §7.1.
    pub levels: u8,
    /// The partitions.
    pub partitions: P,
    /// Sessions in use.
    pub sessions: u32,
    /// How many wipes were done. Spec §7.9.
    pub wipes: u32,
    /// The partitions that were wiped, the first one first.
    pub tombstones: T,
}

/// One vendor's partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// The vendor's root key.
    pub vendor_root: KeyBytes,
    /// The partition.
    pub partition: PartitionId,
    /// The epoch of its last update.
    pub epoch: u32,
    /// The number of its last update.
    pub number: u32,
}

impl<'a> InfoAnswer<Partitions<'a>, Tombstones<'a>> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut serial, mut board, mut firmware, mut boot) = (None, None, None, None);
        let (mut levels, mut partitions, mut sessions) = (None, None, None);
        let (mut wipes, mut tombstones) = (None, None);
        map(body, |key, decoder| {
            match key {
                1 => serial = Some(Serial(fixed(decoder)?)),
                2 => board = Some(decoder.u8()?),
                3 => firmware = Some(Firmware(fixed(decoder)?)),
                4 => boot = Some(BootId(fixed(decoder)?)),
                5 => levels = Some(decoder.u8()?),
                6 => partitions = Some(Partitions::decode(decoder)?),
                7 => sessions = Some(decoder.u32()?),
                8 => wipes = Some(decoder.u32()?),
                9 => tombstones = Some(Tombstones::decode(decoder)?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self {
            serial: serial.ok_or(Malformed)?,
            board: board.ok_or(Malformed)?,
            firmware: firmware.ok_or(Malformed)?,
            boot: boot.ok_or(Malformed)?,
            levels: levels.ok_or(Malformed)?,
            partitions: partitions.ok_or(Malformed)?,
            sessions: sessions.ok_or(Malformed)?,
            wipes: wipes.ok_or(Malformed)?,
            tombstones: tombstones.ok_or(Malformed)?,
        })
    }
}

impl<C, P, T> Encode<C> for InfoAnswer<P, T>
where
    P: Clone + IntoIterator<Item = PartitionInfo>,
    T: Clone + IntoIterator<Item = Tombstone>,
{
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(9)?.u8(1)?.bytes(&self.serial.0)?.u8(2)?.u8(self.board)?;
        e.u8(3)?.bytes(&self.firmware.0)?.u8(4)?.bytes(&self.boot.0)?.u8(5)?.u8(self.levels)?;
        e.u8(6)?.array(self.partitions.clone().into_iter().map(|_| 1).sum())?;
        self.partitions.clone().into_iter().try_for_each(|partition| partition.encode(e, ctx))?;
        e.u8(7)?.u32(self.sessions)?.u8(8)?.u32(self.wipes)?;
        e.u8(9)?.array(self.tombstones.clone().into_iter().map(|_| 1).sum())?;
        self.tombstones.clone().into_iter().try_for_each(|tombstone| tombstone.encode(e, ctx))
    }
}

impl PartitionInfo {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        let (mut vendor_root, mut partition, mut epoch, mut number) = (None, None, None, None);
        map_item(decoder, |key, decoder| {
            match key {
                1 => vendor_root = Some(fixed(decoder)?),
                2 => partition = Some(PartitionId(fixed(decoder)?)),
                3 => epoch = Some(decoder.u32()?),
                4 => number = Some(decoder.u32()?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self {
            vendor_root: vendor_root.ok_or(Malformed)?,
            partition: partition.ok_or(Malformed)?,
            epoch: epoch.ok_or(Malformed)?,
            number: number.ok_or(Malformed)?,
        })
    }
}

impl<C> Encode<C> for PartitionInfo {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(4)?.u8(1)?.bytes(&self.vendor_root)?.u8(2)?.bytes(&self.partition.0)?;
        e.u8(3)?.u32(self.epoch)?.u8(4)?.u32(self.number)?.ok()
    }
}

/// The partitions of an answer that was read; each was looked at then.
#[derive(Clone, Debug)]
pub struct Partitions<'a> {
    decoder: Decoder<'a>,
    left: u64,
}

impl<'a> Partitions<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let left = decoder.array()?;
        let partitions = Self { decoder: decoder.clone(), left };
        for _ in 0..left {
            PartitionInfo::decode(decoder)?;
        }
        Ok(partitions)
    }
}

impl Iterator for Partitions<'_> {
    type Item = PartitionInfo;

    fn next(&mut self) -> Option<PartitionInfo> {
        self.left = self.left.checked_sub(1)?;
        PartitionInfo::decode(&mut self.decoder).ok()
    }
}
