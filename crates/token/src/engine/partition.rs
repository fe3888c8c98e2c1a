//! A vendor's walled-off place: its keys, where its updates stand, its time.

use keyfob_crypto::{AgreementKey, Crypto, PublicKey, Secret};
use keyfob_signed::{Endorsement, VendorRoot, read_unverified};
use keyfob_wire::{Instant, PartitionId, Status, UnixTime, VendorHint};

use super::clock::{CLOCK, PcClock};
use super::root_change::{SUCCESSION, Succession};
use super::sealed_store::{SealedStore, room};
use super::{Caller, Engine, Place, StartError, key};
use crate::platform::Platform;
use crate::spot::Spot;

/// How many vendors a token can carry.
pub const PARTITIONS: usize = 4;

/// The size of a stored partition without its endorsement.
pub(super) const HEAD: usize = 8 + 33 + 3 * 32;
/// Where the vendor's root key lies in it.
pub(super) const ROOT: core::ops::Range<usize> = 8..8 + 33;
/// The size of a stored state.
pub(super) const STATE: usize = 4 + 4 + 32 + 8 + 4;

/// What is kept of a partition in memory.
pub(super) struct Partition<C: Crypto> {
    pub(super) id: PartitionId,
    pub(super) root: VendorRoot,
    pub(super) handshake: C::Agreement,
    pub(super) sequence: Sequence,
    pub(super) mark: UnixTime,
    /// When the mark was set, if since power-up.
    pub(super) marked: Option<Instant>,
    pub(super) minimum_epoch: u32,
    /// The nonce that signed time has to carry.
    pub(super) time_nonce: Option<[u8; 16]>,
    pub(super) clock: PcClock,
    pub(super) succession: Succession,
}

/// The last update: its place in the order, and its digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) epoch: u32,
    pub(super) number: u32,
    pub(super) digest: [u8; 32],
}

impl Sequence {
    /// Before the first update.
    pub(super) const START: Self = Self { epoch: 1, number: 0, digest: [0; 32] };
}

impl<C: Crypto> Partition<C> {
    /// The token's time for this vendor: the mark, and what has passed since it was set.
    pub(super) fn time(&self, now: Instant) -> UnixTime {
        let passed = self.marked.map_or(0, |marked| now.since(marked) / 1_000);
        UnixTime(self.mark.0.saturating_add(passed))
    }

    /// What tells it from others that were, or will be, at its place.
    pub(super) fn place(&self, index: u8) -> Place {
        Place { index, id: self.id, root_changes: self.succession.changes }
    }

    pub(super) fn hint(&self) -> VendorHint {
        VendorHint(self.root.0.hint())
    }
}

/// What is stored of a partition beyond what is kept in memory.
pub(super) struct Stored<'b> {
    pub(super) sealing: Secret<32>,
    pub(super) proof: Secret<32>,
    pub(super) endorsement: &'b [u8],
}

/// A stored partition, taken apart.
struct Parts<'b> {
    id: PartitionId,
    root: PublicKey,
    handshake: Secret<32>,
    stored: Stored<'b>,
}

fn parts(value: &[u8]) -> Option<Parts<'_>> {
    let (id, rest) = value.split_first_chunk()?;
    let (root, rest) = rest.split_first_chunk()?;
    let (handshake, rest) = rest.split_first_chunk()?;
    let (sealing, rest) = rest.split_first_chunk()?;
    let (proof, endorsement) = rest.split_first_chunk()?;
    Some(Parts {
        id: PartitionId(*id),
        root: PublicKey(*root),
        handshake: Secret::new(*handshake),
        stored: Stored { sealing: Secret::new(*sealing), proof: Secret::new(*proof), endorsement },
    })
}

/// Reads a partition's secrets and endorsement through `scratch`, which is left without the secrets.
pub(super) fn read<'b, P: Platform>(
    store: &mut SealedStore<P>,
    index: u8,
    scratch: &'b mut [u8],
) -> Result<Stored<'b>, Status> {
    let length = store.get(key::partition(index), scratch)?.ok_or(Status::StorageFailed)?.len();
    let value = scratch.get_mut(..length).ok_or(Status::StorageFailed)?;
    let (head, endorsement) = value.split_at_mut_checked(HEAD).ok_or(Status::StorageFailed)?;
    let found = parts(head).map(|parts| (parts.stored.sealing, parts.stored.proof));
    zeroize::Zeroize::zeroize(head);
    let (sealing, proof) = found.ok_or(Status::StorageFailed)?;
    Ok(Stored { sealing, proof, endorsement })
}

/// Writes a partition's state to store.
pub(super) fn state(sequence: &Sequence, mark: UnixTime, minimum_epoch: u32) -> [u8; STATE] {
    keyfob_wire::cursor::join(&[
        &sequence.epoch.to_be_bytes(),
        &sequence.number.to_be_bytes(),
        &sequence.digest,
        &mark.0.to_be_bytes(),
        &minimum_epoch.to_be_bytes(),
    ])
}

fn read_state(bytes: &[u8]) -> Option<(Sequence, UnixTime, u32)> {
    let mut reader = keyfob_wire::cursor::Reader::new(bytes);
    let sequence = Sequence { epoch: reader.u32()?, number: reader.u32()?, digest: reader.take()? };
    let (mark, minimum_epoch) = (UnixTime(reader.u64()?), reader.u32()?);
    reader.end().map(|()| (sequence, mark, minimum_epoch))
}

impl<P: Platform> Engine<P> {
    pub(super) fn load_partitions(&mut self) -> Result<(), StartError> {
        for (index, place) in (0..).zip(&mut self.partitions) {
            let corrupt = StartError::Corrupt;
            let found = self.store.get(key::partition(index), &mut self.scratch).map_err(|_| corrupt)?;
            let Some(value) = found else {
                continue;
            };
            let parts = parts(value).ok_or(corrupt)?;
            // None is stored but for the very keys that it lies beside.
            let endorsement: Endorsement = read_unverified(parts.stored.endorsement).map_err(|_| corrupt)?;
            let mut buffer = [0; room(STATE)];
            let state = self.store.get(key::state(index), &mut buffer).map_err(|_| corrupt)?.ok_or(corrupt)?;
            let (sequence, mark, minimum_epoch) = read_state(state).ok_or(corrupt)?;
            let mut buffer = [0; room(CLOCK)];
            let clock = self.store.get(key::clock(index), &mut buffer).map_err(|_| corrupt)?;
            let clock = clock.map_or(Some(PcClock::NEW), PcClock::from_bytes).ok_or(corrupt)?;
            let mut buffer = [0; room(SUCCESSION)];
            let succession = self.store.get(key::succession(index), &mut buffer).map_err(|_| corrupt)?;
            let succession = succession.map_or(Some(Succession::NEW), Succession::from_bytes).ok_or(corrupt)?;
            place.set(Partition {
                id: parts.id,
                root: VendorRoot(parts.root),
                handshake: AgreementKey::from_pair(&parts.handshake, &endorsement.handshake).map_err(|_| corrupt)?,
                sequence,
                mark,
                marked: None,
                minimum_epoch,
                time_nonce: None,
                clock,
                succession,
            });
        }
        zeroize::Zeroize::zeroize(&mut self.scratch[..]);
        Ok(())
    }

    pub(super) fn partition(&self, index: u8) -> Result<&Partition<P::Crypto>, Status> {
        self.partitions.get(usize::from(index)).and_then(Spot::as_ref).ok_or(Status::UnknownVendor)
    }

    pub(super) fn partition_mut(&mut self, index: u8) -> Result<&mut Partition<P::Crypto>, Status> {
        self.partitions.get_mut(usize::from(index)).and_then(Spot::as_mut).ok_or(Status::UnknownVendor)
    }

    /// The partitions with their places.
    pub(super) fn places(&self) -> impl Iterator<Item = (u8, &Partition<P::Crypto>)> {
        (0..).zip(&self.partitions).filter_map(|(index, place)| place.as_ref().map(|partition| (index, partition)))
    }

    /// The partition that was found at a place, if it is still that one and under the same root.
    pub(super) fn held(&self, place: Place) -> Result<&Partition<P::Crypto>, Status> {
        let partition = self.partition(place.index).ok();
        partition.filter(|partition| partition.place(place.index) == place).ok_or(Status::SessionRefused)
    }

    pub(super) fn find_partition(&self, hint: VendorHint) -> Result<u8, Status> {
        let found = self.places().find(|(_, partition)| partition.hint() == hint);
        found.map(|(index, _)| index).ok_or(Status::UnknownVendor)
    }

    /// The partition that a request is about: an app's own, or the one that a guest names.
    pub(super) fn addressed(&self, caller: &Caller, hint: Option<VendorHint>) -> Result<u8, Status> {
        match *caller {
            Caller::App { partition, .. } => Ok(partition),
            Caller::Guest => self.find_partition(hint.ok_or(Status::BadRequest)?),
        }
    }
}
