//! What a token tells of itself and of its licences. `docs/spec.md`, §8.

use heapless::Vec;
use keyfob_licence::Grant;
use keyfob_signed::read_unverified;
use keyfob_wire::body::{
    Body, Certificates, FeatureEntry, GrantAnswer, GrantRequest, InfoAnswer, ListRequest, ListWriter, LoginAnswer,
    PartitionInfo,
};
use keyfob_wire::{BootId, NoSpace, ProductId, Status, UnixTime};

use super::catalogue::Catalogue;
use super::statement::STORED;
use super::{Caller, Engine, PARTITIONS, gather, key, no_space, partition};
use crate::platform::Platform;

impl<P: Platform> Engine<P> {
    #[inline(never)]
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

    #[inline(never)]
    pub(super) fn info(&mut self, sessions: usize, boot: BootId, out: &mut [u8]) -> Result<usize, Status> {
        let tombstones = self.tombstones()?;
        let partitions: Vec<_, PARTITIONS> = gather(self.places().map(|(_, partition)| PartitionInfo {
            vendor_root: partition.root.0.0,
            partition: partition.id,
            epoch: partition.sequence.epoch,
            number: partition.sequence.number,
        }));
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

    #[inline(never)]
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
            let stored = store.get(key::grant(index, product.id), scratch)?;
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

    #[inline(never)]
    pub(super) fn grant(&mut self, caller: &Caller, asked: &GrantRequest, out: &mut [u8]) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        self.shown_product(caller, index, asked.product)?;
        let mut endorsement = [0; STORED];
        let endorsement = partition::read(&mut self.store, index, &mut endorsement)?.endorsement;
        let stored = self.store.get(key::grant(index, asked.product), &mut self.scratch)?;
        let (certificate, grant) = stored.and_then(split_grant).ok_or(Status::StorageFailed)?;
        let certificates = Certificates::new(certificate).map_err(no_space)?;
        GrantAnswer { grant, certificates, endorsement }.write(out).map_err(no_space)
    }

    /// Whether a caller may see a product of a partition.
    pub(super) fn shown_product(&self, caller: &Caller, partition: u8, asked: ProductId) -> Result<(), Status> {
        let found = self.catalogue.product(partition, asked).ok_or(Status::ProductNotFound)?;
        match *caller {
            Caller::Guest if !found.public => Err(Status::ProductNotFound),
            Caller::App { product, .. } if product.0 != 0 && product != asked => Err(Status::ProductNotPermitted),
            _ => Ok(()),
        }
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
