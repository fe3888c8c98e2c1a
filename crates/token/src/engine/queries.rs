//! What a token tells of itself and of its licences. `docs/spec.md`, §8.

use heapless::Vec;
use keyfob_crypto::SigningKey;
use keyfob_licence::{CounterState, Grant, List, Receipt};
use keyfob_signed::{read_unverified, sign};
use keyfob_wire::body::{
    Body, Certificates, FeatureEntry, GrantAnswer, GrantRequest, InfoAnswer, ListRequest, ListWriter, LoginAnswer,
    PartitionInfo, ReceiptAnswer, ReceiptRequest,
};
use keyfob_wire::{BootId, NoSpace, ProductId, Status, UnixTime};

use super::catalogue::{Catalogue, FEATURES};
use super::{Caller, Engine, key, no_space, partition, unreadable};
use crate::platform::Platform;

impl<P: Platform> Engine<P> {
    pub(super) fn login(&self, caller: &Caller, out: &mut [u8]) -> Result<usize, Status> {
        let answer = match *caller {
            Caller::Guest => LoginAnswer { epoch: 0, number: 0, mark: UnixTime::UNKNOWN },
            Caller::App { partition, .. } => {
                let partition = self.partition(partition)?;
                let sequence = partition.sequence;
                LoginAnswer { epoch: sequence.epoch, number: sequence.number, mark: partition.mark }
            }
        };
        answer.write(out).map_err(no_space)
    }

    pub(super) fn info(&mut self, sessions: usize, boot: BootId, out: &mut [u8]) -> Result<usize, Status> {
        let tombstones = self.tombstones()?;
        let partitions: Vec<_, { super::PARTITIONS }> = self
            .places()
            .map(|(_, partition)| PartitionInfo {
                vendor_root: partition.root.0.0,
                partition: partition.id,
                epoch: partition.sequence.epoch,
                number: partition.sequence.number,
            })
            .collect();
        InfoAnswer {
            serial: self.serial(),
            board: P::BOARD.0,
            firmware: P::FIRMWARE,
            boot,
            levels: P::LEVELS.number(),
            partitions: partitions.iter().copied(),
            sessions: u32::try_from(sessions).unwrap_or(u32::MAX),
            wipes: self.wipes,
            tombstones: tombstones.iter().copied(),
        }
        .write(out)
        .map_err(no_space)
    }

    pub(super) fn list(&mut self, caller: &Caller, asked: &ListRequest, out: &mut [u8]) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        let visible = |id: ProductId, public| match *caller {
            Caller::Guest => public,
            Caller::App { product, .. } => product.0 == 0 || product == id,
        };
        let Self { store, catalogue, scratch, .. } = self;
        let mut writer = ListWriter::new(out).map_err(no_space)?;
        let mut next = None;
        for product in catalogue.products(index) {
            if product.id < asked.start || !visible(product.id, product.public) {
                continue;
            }
            let stored = store.get(key::grant(index, product.id), scratch).map_err(unreadable)?;
            let (_, grant) = stored.and_then(split_grant).ok_or(Status::StorageFailed)?;
            let grant: Grant<'_> = read_unverified(grant).map_err(|_| Status::StorageFailed)?;
            if write_product(&mut writer, &grant, catalogue, index).is_err() {
                if writer.is_empty() {
                    return Err(Status::TooLong);
                }
                next = Some(product.id);
                break;
            }
        }
        writer.finish(next).map_err(no_space)
    }

    pub(super) fn grant(&mut self, caller: &Caller, asked: &GrantRequest, out: &mut [u8]) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        let product = self.catalogue.product(index, asked.product).ok_or(Status::ProductNotFound)?;
        match *caller {
            Caller::Guest if !product.public => return Err(Status::ProductNotFound),
            Caller::App { product, .. } if product.0 != 0 && product != asked.product => {
                return Err(Status::ProductNotPermitted);
            }
            _ => {}
        }
        let mut endorsement = [0; 400];
        let endorsement = partition::read(&mut self.store, index, &mut endorsement)?.endorsement;
        let stored = self.store.get(key::grant(index, asked.product), &mut self.scratch).map_err(unreadable)?;
        let (certificate, grant) = stored.and_then(split_grant).ok_or(Status::StorageFailed)?;
        let certificates = Certificates::new(certificate).map_err(no_space)?;
        GrantAnswer { grant, certificates, endorsement }.write(out).map_err(no_space)
    }

    pub(super) fn receipt(
        &mut self,
        caller: &Caller,
        asked: &ReceiptRequest<'_>,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        let counted: Vec<_, FEATURES> =
            self.catalogue.features(index).filter(|feature| feature.terms.counted).map(|f| f.id).collect();
        let mut counters: Vec<CounterState, FEATURES> = Vec::new();
        for feature in counted {
            let counter = self.read_counter(index, feature)?;
            let state = CounterState { feature, remaining: counter.remaining, spend_serial: counter.serial };
            counters.push(state).map_err(|_| Status::NoRoom)?;
        }
        let serial = self.serial();
        let Self { platform, store, partitions, scratch, .. } = self;
        let partition = partitions.get(usize::from(index)).and_then(Option::as_ref).ok_or(Status::UnknownVendor)?;
        let mut buffer = [0; 400];
        let stored = partition::read(store, index, &mut buffer)?;
        let key = <P::Crypto as keyfob_crypto::Crypto>::Signing::from_secret(&stored.proof);
        let key = key.map_err(|_| Status::StorageFailed)?;
        let receipt = Receipt {
            epoch: partition.sequence.epoch,
            number: partition.sequence.number,
            last_update: partition.sequence.digest,
            mark: partition.mark,
            firmware: P::FIRMWARE,
            nonce: asked.nonce,
            counters: List::new(&counters),
        };
        let binding = (serial, partition.id);
        let signed = sign::<P::Crypto, _>(&receipt, &binding, &key, platform.entropy(), scratch);
        let receipt = signed.map_err(|_| Status::StorageFailed)?;
        ReceiptAnswer { receipt, endorsement: stored.endorsement }.write(out).map_err(no_space)
    }
}

fn write_product(
    writer: &mut ListWriter<'_>,
    grant: &Grant<'_>,
    catalogue: &Catalogue,
    partition: u8,
) -> Result<(), NoSpace> {
    let mut product = writer.product(grant.product, grant.number, grant.name)?;
    for feature in grant.features {
        let counted = catalogue.feature(partition, feature.feature).filter(|feature| feature.terms.counted);
        let remaining = counted.map(|feature| feature.remaining);
        product.feature(FeatureEntry { feature: feature.feature, name: feature.name, remaining })?;
    }
    product.finish()
}

/// Takes a stored grant apart: the signer's certificate, if it wasn't the root, and the grant.
pub(super) fn split_grant(stored: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = stored.split_first_chunk()?;
    let (certificate, grant) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some(((!certificate.is_empty()).then_some(certificate), grant))
}
