//! Wiping: a partition goes with all that is in it, and leaves a tombstone. `docs/spec.md`, §7.9.
//!
//! The partition's record and its tombstone change in one transaction: after it there is no such partition. What it
//! leaves is removed piece by piece, so that it goes from a full store too; its state goes last, once the flash is
//! scrubbed, so that a power-up knows whether there is still something to do.

use keyfob_licence::Wipe;
use keyfob_signed::Kind;
use keyfob_store::Key;
use keyfob_wire::body::Tombstone;
use keyfob_wire::cursor::{Reader, join};
use keyfob_wire::{PartitionId, Serial, Status, UnixTime, VendorHint, WipeFile};

use super::partition::Sequence;
use super::sealed_store::room;
use super::{Caller, Engine, PARTITIONS, key, refused};
use crate::platform::{Button, Platform};

/// How many partitions can be wiped in a token's life.
pub const TOMBSTONES: usize = 16;
/// The size of a stored tombstone.
pub(super) const TOMBSTONE: usize = 32 + 8 + 4 + 4 + 8;

/// Writes a tombstone to store.
fn tombstone(vendor: &[u8; 32], id: PartitionId, sequence: &Sequence, mark: UnixTime) -> [u8; TOMBSTONE] {
    join(&[vendor, &id.0, &sequence.epoch.to_be_bytes(), &sequence.number.to_be_bytes(), &mark.0.to_be_bytes()])
}

fn read_tombstone(bytes: &[u8]) -> Option<Tombstone> {
    let mut reader = Reader::new(bytes);
    let vendor = reader.take::<32>()?;
    let tombstone = Tombstone {
        vendor: VendorHint(*vendor.first_chunk()?),
        partition: PartitionId(reader.take()?),
        epoch: reader.u32()?,
        number: reader.u32()?,
    };
    reader.u64()?;
    reader.end().map(|()| tombstone)
}

/// Whether a numbered order is the next one after so many.
pub(super) fn follows(number: u32, done: u32) -> Result<(), Status> {
    match done.checked_add(1) {
        _ if number <= done => Err(Status::UpdateReplayed),
        Some(next) if number == next => Ok(()),
        _ => Err(Status::UpdateOutOfOrder),
    }
}

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn wipe(&mut self, caller: &Caller, file: &WipeFile<'_>) -> Result<usize, Status> {
        let button = self.platform.button();
        let index = self.named(caller, file.serial, file.partition)?;
        let partition = self.partition(index)?;
        let binding = (file.serial, file.partition);
        let signer = partition.root.signer::<P::Crypto>(None, Kind::Wipe, partition.minimum_epoch);
        let wipe = signer.and_then(|signer| signer.verify::<P::Crypto, Wipe>(file.wipe, &binding));
        let wipe = wipe.map_err(refused)?;
        follows(wipe.sequence, self.wipes)?;
        if button == Button::Released {
            return Err(Status::ButtonNeeded);
        }
        if usize::try_from(self.wipes).is_ok_and(|wipes| wipes >= TOMBSTONES) {
            return Err(Status::NoRoom);
        }

        let stone = tombstone(&partition.root.0.digest(), partition.id, &partition.sequence, partition.mark);
        let mut transaction = self.store.begin();
        transaction.put(key::tombstone(wipe.sequence), &stone)?;
        transaction.remove(key::partition(index))?;
        transaction.commit_for_good(&mut self.platform)?;
        self.wipes = wipe.sequence;
        if let Some(place) = self.partitions.get_mut(usize::from(index)) {
            place.clear();
        }
        self.catalogue.remove_partition(index);
        self.finish_wipe(index).map(|()| 0)
    }

    /// Removes what wiped partitions have left, if the power went before that was done.
    pub(super) fn finish_wipes(&mut self) -> Result<(), Status> {
        for (index, _) in (0..).zip(0..PARTITIONS) {
            let gone = self.partition(index).is_err();
            if gone && self.store.contains(key::state(index))? {
                self.finish_wipe(index)?;
            }
        }
        Ok(())
    }

    fn finish_wipe(&mut self, index: u8) -> Result<(), Status> {
        let state = key::state(index);
        let of_partition = |key: &Key| key::place(*key) == Some(index) && *key != state;
        loop {
            let next = self.store.keys().find(of_partition);
            let Some(key) = next else { break };
            self.remove(key)?;
        }
        self.store.scrub()?;
        self.remove(state)
    }

    fn remove(&mut self, key: Key) -> Result<(), Status> {
        let mut transaction = self.store.begin();
        transaction.remove(key)?;
        transaction.commit()
    }

    /// The partition that a file names, unless the caller is of another one.
    pub(super) fn named(&self, caller: &Caller, serial: Serial, id: PartitionId) -> Result<u8, Status> {
        let found = self.places().find(|(_, partition)| partition.id == id);
        let (index, _) = found.ok_or(Status::WrongToken)?;
        let foreign = matches!(*caller, Caller::App { partition, .. } if partition != index);
        if serial != self.serial() || foreign { Err(Status::WrongToken) } else { Ok(index) }
    }

    /// The partitions that were wiped, the first one first.
    pub(super) fn tombstones(&mut self) -> Result<heapless::Vec<Tombstone, TOMBSTONES>, Status> {
        let mut stones = heapless::Vec::new();
        for sequence in 1..=self.wipes {
            let mut buffer = [0; room(TOMBSTONE)];
            let stored = self.store.get(key::tombstone(sequence), &mut buffer)?;
            let stone = stored.and_then(read_tombstone).ok_or(Status::StorageFailed)?;
            stones.push(stone).map_err(|_| Status::StorageFailed)?;
        }
        Ok(stones)
    }
}
