//! A vendor's new root: signed by the old one, or by the recovery key, and by itself. `docs/spec.md`, §7.10.

use keyfob_crypto::{AgreementKey, Crypto, PublicKey, SigningKey};
use keyfob_licence::RootChange;
use keyfob_signed::{Invalid, VendorRoot, verify};
use keyfob_wire::cursor::{Reader, copy, join};
use keyfob_wire::{RootChangeFile, Status, VendorHint};

use super::apply::has_room;
use super::partition::{HEAD, ROOT};
use super::sealed_store::SealedStore;
use super::wipe::follows;
use super::{Caller, Engine, key, partition, refused};
use crate::platform::Platform;

/// The size of a stored succession.
pub(super) const SUCCESSION: usize = 4 + 33;

/// How often a partition's root changed, and who may change it besides the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Succession {
    pub(super) changes: u32,
    pub(super) recovery: Option<PublicKey>,
}

impl Succession {
    /// Nothing was stored yet.
    pub(super) const NEW: Self = Self { changes: 0, recovery: None };

    pub(super) fn to_bytes(self) -> [u8; SUCCESSION] {
        join(&[&self.changes.to_be_bytes(), &self.recovery.map_or([0; 33], |key| key.0)])
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (changes, key) = (reader.u32()?, reader.take()?);
        reader.end()?;
        Some(Self { changes, recovery: (key != [0; 33]).then_some(PublicKey(key)) })
    }
}

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn change_root(&mut self, caller: &Caller, file: &RootChangeFile<'_>) -> Result<usize, Status> {
        let index = self.named(caller, file.serial, file.partition)?;
        let change = self.verified_change(index, file)?;
        let partition = self.partition(index)?;
        let Succession { changes, recovery } = partition.succession;
        follows(change.number, changes)?;
        if self.find_partition(VendorHint(change.root.hint())).is_ok() {
            return Err(Status::AlreadyEnrolled);
        }
        self.verify_keys(index, VendorRoot(change.root), file)?;

        let succession = Succession { changes: change.number, recovery };
        let length = HEAD.saturating_add(file.endorsement.len());
        let size = SealedStore::<P>::record_size;
        has_room(&mut self.store, size(length).saturating_add(size(SUCCESSION)))?;
        let Self { platform, store, scratch, .. } = self;
        store.get(key::partition(index), scratch)?.ok_or(Status::StorageFailed)?;
        let value = scratch.get_mut(..length).ok_or(Status::TooLong)?;
        copy(value.get_mut(ROOT).ok_or(Status::StorageFailed)?, &change.root.0);
        copy(value.get_mut(HEAD..).ok_or(Status::StorageFailed)?, file.endorsement);
        let mut transaction = store.begin();
        let outcome = transaction
            .put_in_place(key::partition(index), scratch, length)
            .and_then(|()| transaction.put(key::succession(index), &succession.to_bytes()));
        zeroize::Zeroize::zeroize(&mut scratch[..]);
        outcome?;
        transaction.commit_for_good(platform)?;

        let partition = self.partition_mut(index)?;
        partition.root = VendorRoot(change.root);
        partition.succession = succession;
        Ok(0)
    }

    /// The change, if the old root or the recovery key, and the new root, have signed it.
    fn verified_change(&self, index: u8, file: &RootChangeFile<'_>) -> Result<RootChange, Status> {
        let partition = self.partition(index)?;
        let binding = (file.serial, file.partition);
        let by_root = verify::<P::Crypto, RootChange>(file.by_old, &partition.root.0, &binding);
        let by_old = match (by_root, &partition.succession.recovery) {
            (Err(Invalid::Signature), Some(key)) => verify::<P::Crypto, RootChange>(file.by_old, key, &binding),
            (other, _) => other,
        };
        let by_old = by_old.map_err(refused)?;
        let by_new = verify::<P::Crypto, RootChange>(file.by_new, &by_old.root, &binding).map_err(refused)?;
        if *by_new == *by_old { Ok(by_old.into_inner()) } else { Err(Status::SignatureInvalid) }
    }

    /// Whether the new root endorses the very keys that the partition has.
    fn verify_keys(&mut self, index: u8, root: VendorRoot, file: &RootChangeFile<'_>) -> Result<(), Status> {
        let wrong = Status::CertificateRefused;
        let endorsement = root.verify_endorsement::<P::Crypto>(file.endorsement, file.serial, 0).map_err(|_| wrong)?;
        let handshake = self.partition(index)?.handshake.public();
        let Self { store, scratch, .. } = self;
        let stored = partition::read(store, index, scratch)?;
        let failed = |_| Status::StorageFailed;
        let sealing = <P::Crypto as Crypto>::Agreement::from_secret(&stored.sealing).map_err(failed)?;
        let proof = <P::Crypto as Crypto>::Signing::from_secret(&stored.proof).map_err(failed)?;
        let same = endorsement.partition == file.partition
            && endorsement.handshake == handshake
            && endorsement.sealing == sealing.public()
            && endorsement.proof == proof.public()
            && endorsement.levels == P::LEVELS;
        if same { Ok(()) } else { Err(wrong) }
    }
}
