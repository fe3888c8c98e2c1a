//! What a token signs for others to see: receipts, snapshots, proofs. `docs/spec.md`, §7.7, §7.11 and §7.12.

use heapless::Vec;
use keyfob_crypto::{Crypto, SigningKey};
use keyfob_licence::{CounterState, FileState, GrantState, List, Proof, Receipt, Request, Snapshot, State, judge};
use keyfob_signed::{Endorsement, Payload, Rights, read_unverified, sign};
use keyfob_wire::body::{
    Body, ProveAnswer, ProveRequest, ReceiptAnswer, ReceiptRequest, SnapshotAnswer, SnapshotRequest,
};
use keyfob_wire::{Instant, PartitionId, Serial, Status};

use super::catalogue::{FEATURES, PRODUCTS};
use super::file::{FILES, Place, stored};
use super::sealed_store::room;
use super::{Caller, Engine, gather, key, no_space, partition};
use crate::platform::Platform;

/// Room for an endorsement and the secrets before it.
pub(super) const STORED: usize = room(400);

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn receipt(
        &mut self,
        caller: &Caller,
        asked: &ReceiptRequest<'_>,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        let counters = self.counters(index)?;
        let partition = self.partition(index)?;
        let receipt = Receipt {
            epoch: partition.sequence.epoch,
            number: partition.sequence.number,
            last_update: partition.sequence.digest,
            mark: partition.mark,
            firmware: P::FIRMWARE,
            nonce: asked.nonce,
            counters: List::new(&counters),
        };
        let mut buffer = [0; STORED];
        let (receipt, endorsement) = self.sign_as_partition(index, &receipt, &mut buffer)?;
        ReceiptAnswer { receipt, endorsement }.write(out).map_err(no_space)
    }

    #[inline(never)]
    pub(super) fn snapshot(
        &mut self,
        caller: &Caller,
        asked: &SnapshotRequest<'_>,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        let counters = self.counters(index)?;
        let files = self.file_states(index)?;
        let products = self.catalogue.products(index);
        let grants: Vec<_, PRODUCTS> =
            gather(products.map(|product| GrantState { product: product.id, number: product.number }));
        let partition = self.partition(index)?;
        let snapshot = Snapshot {
            epoch: partition.sequence.epoch,
            number: partition.sequence.number,
            last_update: partition.sequence.digest,
            mark: partition.mark,
            minimum_epoch: partition.minimum_epoch,
            firmware: P::FIRMWARE,
            nonce: asked.nonce,
            grants: List::new(&grants),
            counters: List::new(&counters),
            files: List::new(&files),
        };
        let mut buffer = [0; STORED];
        let (snapshot, endorsement) = self.sign_as_partition(index, &snapshot, &mut buffer)?;
        SnapshotAnswer { snapshot, endorsement }.write(out).map_err(no_space)
    }

    #[inline(never)]
    pub(super) fn prove(
        &mut self,
        caller: &Caller,
        asked: &ProveRequest<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let Caller::App { subject, .. } = *caller else {
            return Err(Status::NotPermitted);
        };
        let (index, feature) = self.feature(caller, asked.feature, Rights::PROVE)?;
        let time = self.time_of_judgement(index, &feature.terms, asked.time, now)?;
        let decision = judge(&feature.terms, &State { remaining: feature.remaining }, time, &Request::default());
        let partition = self.partition(index)?;
        let proof = Proof {
            audience: asked.audience,
            time: time.time,
            nonce: asked.nonce,
            feature: asked.feature,
            status: decision.status(),
            quality: time.quality,
            context: asked.context,
            app: subject,
            number: partition.sequence.number,
            epoch: partition.sequence.epoch,
        };
        let mut buffer = [0; STORED];
        let (proof, endorsement) = self.sign_as_partition(index, &proof, &mut buffer)?;
        ProveAnswer { proof, endorsement }.write(out).map_err(no_space)
    }

    /// Where a partition's counters stand.
    fn counters(&mut self, index: u8) -> Result<Vec<CounterState, FEATURES>, Status> {
        let counted = self.catalogue.features(index).filter(|feature| feature.terms.counted);
        let state = |feature: super::catalogue::Feature| CounterState {
            feature: feature.id,
            remaining: feature.remaining,
            spend_serial: 0,
        };
        let mut counters: Vec<_, FEATURES> = gather(counted.map(state));
        for state in &mut counters {
            let counter = self.read_counter(index, state.feature)?;
            (state.remaining, state.spend_serial) = (counter.remaining, counter.serial);
        }
        Ok(counters)
    }

    /// What a partition's files are.
    fn file_states(&mut self, index: u8) -> Result<Vec<FileState, FILES>, Status> {
        let of_partition = self.store.keys().filter_map(key::described_file).filter(|(place, ..)| *place == index);
        let places: Vec<_, FILES> =
            gather(of_partition.map(|(partition, product, file)| Place { partition, product, file }));
        let mut files = Vec::new();
        for place in &places {
            let file = stored(&mut self.store, place)?.ok_or(Status::StorageFailed)?;
            let state = FileState { product: place.product, file: place.file, kind: file.kind, size: file.size };
            files.push(state).map_err(|_| Status::StorageFailed)?;
        }
        Ok(files)
    }

    /// Signs with a partition's proof key; returns what was signed, and the endorsement that says whose key it is.
    fn sign_as_partition<'e, 'b, 'a, T>(
        &'e mut self,
        index: u8,
        payload: &T,
        buffer: &'b mut [u8; STORED],
    ) -> Result<(&'e [u8], &'b [u8]), Status>
    where
        T: Payload<'a, Binding = (Serial, PartitionId)>,
    {
        let binding = (self.serial(), self.partition(index)?.id);
        let Self { platform, store, scratch, .. } = self;
        let stored = partition::read(store, index, buffer)?;
        let failed = Status::StorageFailed;
        let endorsement: Endorsement = read_unverified(stored.endorsement).map_err(|_| failed)?;
        let key = <P::Crypto as Crypto>::Signing::from_pair(&stored.proof, &endorsement.proof).map_err(|_| failed)?;
        let signed = sign::<P::Crypto, _>(payload, &binding, &key, platform.entropy(), scratch);
        Ok((signed.map_err(|_| failed)?, stored.endorsement))
    }
}
