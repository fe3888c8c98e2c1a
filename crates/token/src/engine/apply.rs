//! Updates: verified, then applied as a whole or not at all. `docs/spec.md`, §7.5.

use keyfob_crypto::{AgreementKey, Crypto, Secret, hpke};
use keyfob_licence::{Grant, HPKE_AAD_MAX, HPKE_INFO_LEN, Operation, Update, hpke_aad, hpke_info};
use keyfob_signed::{Kind, Signer, Verified, read_unverified};
use keyfob_wire::body::{ApplyAnswer, Body, Certificates};
use keyfob_wire::{FeatureId, Instant, PartitionId, ProductId, Serial, Slot, Status, Units, UpdateFile};

use super::anchor::ANCHOR;
use super::catalogue::{Catalogue, PRODUCTS};
use super::change::Change;
use super::clock::CLOCK;
use super::counter::{self, Counter};
use super::file::{FILE, PAGE, parts};
use super::file_update::{Usage, change_files};
use super::partition::{STATE, Sequence, state};
use super::queries::split_grant;
use super::root_change::SUCCESSION;
use super::sealed_store::{SealedStore, SealedTransaction, room};
use super::wipe::TOMBSTONE;
use super::{Caller, Engine, gather, key, no_space, partition, refused};
use crate::platform::Platform;
use crate::spot::Spot;

/// The signer's certificate: none if the root signs, never more than one.
pub(super) fn signer_certificate<'a>(certificates: &Certificates<'a>) -> Result<Option<&'a [u8]>, Status> {
    match (certificates.only(), certificates.is_empty()) {
        (None, false) => Err(Status::SignatureInvalid),
        (certificate, _) => Ok(certificate),
    }
}

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn apply(
        &mut self,
        caller: &Caller,
        file: &UpdateFile<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let index = self.named(caller, file.serial, file.partition)?;
        let partition = self.partition(index)?;
        let binding = (file.serial, file.partition);
        let certificate = signer_certificate(&file.certificates)?;
        let signer = partition.root.signer::<P::Crypto>(certificate, Kind::Update, partition.minimum_epoch);
        let signer = signer.map_err(refused)?;
        let update = signer.verify::<P::Crypto, Update<'_>>(file.update, &binding).map_err(refused)?;
        succeeds(&update, &partition.sequence)?;

        // Memory is changed first, because it says what goes together; whatever fails before the commit, it is loaded
        // anew from what is stored.
        let applied = self.apply_verified(index, binding, certificate, &signer, &update, now);
        if applied.is_err() {
            self.load_catalogue()?;
        }
        applied?;
        ApplyAnswer { epoch: update.epoch, number: update.number }.write(out).map_err(no_space)
    }

    #[inline(never)]
    fn apply_verified(
        &mut self,
        index: u8,
        binding: (Serial, PartitionId),
        certificate: Option<&[u8]>,
        signer: &Signer,
        update: &Verified<Update<'_>>,
        now: Instant,
    ) -> Result<(), Status> {
        let uptime = self.uptime(now);
        let Self { platform, store, partitions, catalogue, scratch, .. } = self;
        let partition = partitions.get_mut(usize::from(index)).and_then(Spot::as_mut).ok_or(Status::UnknownVendor)?;
        let mut change = Change::of(partition);
        let sealing = partition::read(store, index, scratch)?.sealing;
        let sealing = <P::Crypto as Crypto>::Agreement::from_secret(&sealing).map_err(|_| Status::StorageFailed)?;

        let verified = || {
            update.grants.iter().map(|bytes| {
                let grant = signer.verify::<P::Crypto, Grant<'_>>(bytes, &binding).map_err(refused)?;
                Ok::<_, Status>((bytes, grant.into_inner()))
            })
        };
        for grant in verified() {
            let (_, grant) = grant?;
            if catalogue.product(index, grant.product).is_some_and(|product| product.number >= grant.number) {
                return Err(Status::UpdateMalformed);
            }
        }
        update.grants.iter().try_for_each(|bytes| {
            let grant: Grant<'_> = read_unverified(bytes).map_err(refused)?;
            catalogue.remove(index, grant.product);
            Ok::<_, Status>(())
        })?;
        for bytes in update.grants {
            let grant: Grant<'_> = read_unverified(bytes).map_err(refused)?;
            catalogue.insert(index, &grant, |feature| Ok(stored_counter(store, index, feature)?.remaining))?;
        }

        has_room(store, needed::<P>(certificate, update))?;
        let usage = Usage::of(store)?;

        let sequence = Sequence { epoch: update.epoch, number: update.number, digest: update.digest() };
        let mut transaction = store.begin();
        for bytes in update.grants {
            let grant: Grant<'_> = read_unverified(bytes).map_err(refused)?;
            put_grant(&mut transaction, index, grant.product, certificate, bytes, scratch)?;
        }
        let mut info = [0; HPKE_INFO_LEN];
        let info = hpke_info(&partition.root.0.digest(), binding.0, binding.1, &mut info);
        for (place, operation) in (0..).zip(update.operations) {
            match operation {
                Operation::InstallKey { feature, slot, enc, ciphertext } => {
                    catalogue.feature(index, feature).ok_or(Status::UpdateMalformed)?;
                    let mut aad = [0; HPKE_AAD_MAX];
                    let aad = hpke_aad(update.epoch, update.number, place, feature, slot, &mut aad);
                    let (sealed, tag) = ciphertext.split_last_chunk().ok_or(Status::UpdateMalformed)?;
                    let mut secret = Secret::<32>::from_slice(sealed).ok_or(Status::UpdateMalformed)?;
                    let opened = hpke::open::<P::Crypto>(&sealing, enc, info, aad, secret.expose_mut(), tag);
                    opened.map_err(|_| Status::UpdateMalformed)?;
                    put_key(&mut transaction, index, feature, slot, &secret)?;
                }
                Operation::SetCounter { feature, units } => {
                    change_counter(&mut transaction, catalogue, index, feature, |_| Some(units))?;
                }
                Operation::AddCounter { feature, units } => {
                    let add = |left: Units| left.0.checked_add(units.0).map(Units);
                    change_counter(&mut transaction, catalogue, index, feature, add)?;
                }
                Operation::SubtractCounter { feature, units } => {
                    let subtract = |left: Units| left.0.checked_sub(units.0).map(Units);
                    change_counter(&mut transaction, catalogue, index, feature, subtract)?;
                }
                // Below, file by file.
                Operation::CreateFile { .. } | Operation::WriteFile { .. } | Operation::RemoveFile { .. } => {}
                Operation::RaiseEpoch { .. } | Operation::SetRecoveryKey { .. } | Operation::SetMark { .. } => {
                    if !signer.is_root() {
                        return Err(Status::SignatureInvalid);
                    }
                    change.apply::<P::Crypto>(&operation, now, uptime)?;
                }
            }
        }
        change_files(&mut transaction, catalogue, index, update.operations, usage)?;
        let value = state(&sequence, change.mark, change.minimum_epoch);
        transaction.put(key::state(index), &value)?;
        if change.clock != partition.clock {
            transaction.put(key::clock(index), &change.clock.to_bytes())?;
        }
        if change.succession != partition.succession {
            transaction.put(key::succession(index), &change.succession.to_bytes())?;
        }
        transaction.commit_for_good(platform)?;
        partition.sequence = sequence;
        change.take_effect(partition);
        Ok(())
    }

    /// Loads what the stored grants say.
    pub(super) fn load_catalogue(&mut self) -> Result<(), Status> {
        let Self { store, partitions, catalogue, scratch, .. } = self;
        catalogue.clear();
        for (index, place) in (0..).zip(partitions) {
            if place.is_empty() {
                continue;
            }
            let granted = store.keys().filter_map(|key| key::granted_product(key, index));
            let products: heapless::Vec<ProductId, PRODUCTS> = gather(granted);
            for &product in &products {
                let stored = store.get(key::grant(index, product), scratch)?;
                let (_, grant) = stored.and_then(split_grant).ok_or(Status::StorageFailed)?;
                let grant: Grant<'_> = read_unverified(grant).map_err(|_| Status::StorageFailed)?;
                catalogue.insert(index, &grant, |feature| Ok(stored_counter(store, index, feature)?.remaining))?;
            }
        }
        Ok(())
    }
}

/// Whether an update is the next one.
fn succeeds(update: &Update<'_>, last: &Sequence) -> Result<(), Status> {
    let next = last.number.checked_add(1).ok_or(Status::UpdateOutOfOrder)?;
    if (update.epoch, update.number) <= (last.epoch, last.number) {
        Err(Status::UpdateReplayed)
    } else if (update.epoch, update.number) != (last.epoch, next) {
        Err(Status::UpdateOutOfOrder)
    } else if update.previous != last.digest {
        Err(Status::UpdateForked)
    } else {
        Ok(())
    }
}

/// What an update needs of the store.
fn needed<P: Platform>(certificate: Option<&[u8]>, update: &Update<'_>) -> usize {
    let size = SealedStore::<P>::record_size;
    let overhead = 2usize.saturating_add(certificate.unwrap_or_default().len());
    let grants = update.grants.iter().map(|grant| size(overhead.saturating_add(grant.len())));
    let operations = update.operations.iter().map(|operation| match operation {
        Operation::InstallKey { .. } => size(32),
        Operation::CreateFile { .. } => size(FILE),
        Operation::WriteFile { offset, bytes, .. } => size(PAGE).saturating_mul(parts(offset, bytes.len()).count()),
        // Whoever takes something away is not to be refused for want of room.
        Operation::RemoveFile { .. } | Operation::RaiseEpoch { .. } => 0,
        Operation::SetRecoveryKey { .. } => size(SUCCESSION),
        Operation::SetMark { .. } => size(CLOCK),
        _ => size(counter::SIZE),
    });
    grants.chain(operations).sum()
}

/// Whether that much fits the store, so that there is still room afterwards for any spend, any change of state, and the
/// beginning of a wipe.
pub(super) fn has_room<P: Platform>(store: &mut SealedStore<P>, needed: usize) -> Result<(), Status> {
    let size = SealedStore::<P>::record_size;
    let states = size(STATE).saturating_mul(2).saturating_add(size(CLOCK));
    let anchor = if P::ANCHOR.is_some() { size(ANCHOR) } else { 0 };
    let kept_back = states.saturating_add(size(counter::SIZE)).saturating_add(size(TOMBSTONE)).saturating_add(anchor);
    let free = store.free()?;
    if needed.saturating_add(kept_back) <= free { Ok(()) } else { Err(Status::NoRoom) }
}

pub(super) fn stored_counter<P: Platform>(
    store: &mut SealedStore<P>,
    index: u8,
    feature: FeatureId,
) -> Result<Counter, Status> {
    let mut buffer = [0; room(counter::SIZE)];
    match store.get(key::counter(index, feature), &mut buffer)? {
        None => Ok(Counter::default()),
        Some(bytes) => Counter::from_bytes(bytes).ok_or(Status::StorageFailed),
    }
}

fn put_grant<P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    index: u8,
    product: ProductId,
    certificate: Option<&[u8]>,
    grant: &[u8],
    scratch: &mut [u8],
) -> Result<(), Status> {
    let certificate = certificate.unwrap_or_default();
    let length = u16::try_from(certificate.len()).map_err(|_| Status::TooLong)?.to_be_bytes();
    let size = length.len().saturating_add(certificate.len()).saturating_add(grant.len());
    let value = scratch.get_mut(..size).ok_or(Status::TooLong)?;
    let bytes = length.iter().chain(certificate).chain(grant);
    value.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    transaction.put_in_place(key::grant(index, product), scratch, size)
}

fn put_key<P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    index: u8,
    feature: FeatureId,
    slot: Slot,
    secret: &Secret<32>,
) -> Result<(), Status> {
    transaction.put(key::feature_key(index, feature, slot), secret.expose())
}

/// Changes what is left of a counter; its spends are remembered.
fn change_counter<P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    catalogue: &mut Catalogue,
    index: u8,
    feature: FeatureId,
    new: impl FnOnce(Units) -> Option<Units>,
) -> Result<(), Status> {
    let granted = catalogue.remaining_mut(index, feature).ok_or(Status::UpdateMalformed)?;
    let remaining = new(*granted).ok_or(Status::UpdateMalformed)?;
    *granted = remaining;
    let mut buffer = [0; room(counter::SIZE)];
    // What is stored is from before the transaction: its spends are right, what is left is in memory.
    let mut counter = match transaction.get(key::counter(index, feature), &mut buffer)? {
        None => Counter::default(),
        Some(bytes) => Counter::from_bytes(bytes).ok_or(Status::StorageFailed)?,
    };
    counter.remaining = remaining;
    transaction.put(key::counter(index, feature), &counter.to_bytes())
}
