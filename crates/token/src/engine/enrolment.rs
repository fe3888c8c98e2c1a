//! Enrolment: a vendor gets a partition with keys of its own. `docs/spec.md`, §7.3, §7.4 and §8.

use keyfob_crypto::{AgreementKey, Crypto, Entropy, PublicKey, Secret, SigningKey};
use keyfob_signed::{EnrolmentRequest, VendorRoot, sign};
use keyfob_wire::body::{Body, EndorseAnswer, EndorseRequest, EnrolAnswer, EnrolRequest};
use keyfob_wire::{PartitionId, Status, UnixTime, VendorHint};

use super::apply::has_room;
use super::clock::{CLOCK, PcClock};
use super::partition::{HEAD, Partition, STATE, Sequence, state};
use super::root_change::Succession;
use super::sealed_store::SealedStore;
use super::{Engine, device, key, no_space};
use crate::platform::Platform;

/// A partition in the making. It lives in memory only.
pub(super) struct Enrolment {
    partition: PartitionId,
    root: PublicKey,
    handshake: Secret<32>,
    sealing: Secret<32>,
    proof: Secret<32>,
}

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn enrol(&mut self, asked: &EnrolRequest, out: &mut [u8]) -> Result<usize, Status> {
        let root = PublicKey(asked.vendor_root);
        root.check::<P::Crypto>().map_err(|_| Status::BadRequest)?;
        if self.find_partition(VendorHint(root.hint())).is_ok() {
            return Err(Status::AlreadyEnrolled);
        }
        self.free_place()?;
        let entropy = self.platform.entropy();
        let mut partition = PartitionId::default();
        entropy.fill(&mut partition.0);
        let handshake = <P::Crypto as Crypto>::Agreement::generate(entropy);
        let sealing = <P::Crypto as Crypto>::Agreement::generate(entropy);
        let proof = <P::Crypto as Crypto>::Signing::generate(entropy);
        let request = EnrolmentRequest {
            partition,
            vendor: root.digest(),
            handshake: handshake.public(),
            sealing: sealing.public(),
            proof: proof.public(),
            nonce: asked.nonce,
        };
        self.enrolment.set(Enrolment {
            partition,
            root,
            handshake: handshake.to_secret(),
            sealing: sealing.to_secret(),
            proof: proof.to_secret(),
        });

        let Self { platform, store, device, scratch, .. } = self;
        let device = device.as_ref().ok_or(Status::NotReady)?;
        let mut signed = [0; 400];
        let signed = sign::<P::Crypto, _>(&request, &device.serial, &device.signing, platform.entropy(), &mut signed);
        let certificates = device::certificates(store, scratch)?;
        EnrolAnswer {
            request: signed.map_err(|_| Status::StorageFailed)?,
            device_signing: certificates.device_signing,
            batch: certificates.batch,
            maker_root: certificates.maker_root,
        }
        .write(out)
        .map_err(no_space)
    }

    #[inline(never)]
    pub(super) fn endorse(&mut self, asked: &EndorseRequest<'_>, out: &mut [u8]) -> Result<usize, Status> {
        let serial = self.serial();
        let enrolment = self.enrolment.as_ref().ok_or(Status::NoEnrolment)?;
        let index = self.free_place()?;
        let root = VendorRoot(enrolment.root);
        let endorsement = root.verify_endorsement::<P::Crypto>(asked.endorsement, serial, 0);
        let endorsement = endorsement.map_err(|_| Status::CertificateRefused)?;
        let refused = |_| Status::CertificateRefused;
        let handshake = <P::Crypto as Crypto>::Agreement::from_secret(&enrolment.handshake).map_err(refused)?;
        let sealing = <P::Crypto as Crypto>::Agreement::from_secret(&enrolment.sealing).map_err(refused)?;
        let proof = <P::Crypto as Crypto>::Signing::from_secret(&enrolment.proof).map_err(refused)?;
        if endorsement.partition != enrolment.partition
            || endorsement.handshake != handshake.public()
            || endorsement.sealing != sealing.public()
            || endorsement.proof != proof.public()
            || endorsement.levels != P::LEVELS
        {
            return Err(Status::CertificateRefused);
        }

        let length = HEAD.saturating_add(asked.endorsement.len());
        let size = SealedStore::<P>::record_size;
        has_room(&mut self.store, size(length).saturating_add(size(STATE)).saturating_add(size(CLOCK)))?;
        let value = self.scratch.get_mut(..length).ok_or(Status::TooLong)?;
        let secrets = [&enrolment.handshake, &enrolment.sealing, &enrolment.proof];
        let ids = enrolment.partition.0.iter().chain(&enrolment.root.0);
        let bytes = ids.chain(secrets.into_iter().flat_map(Secret::expose)).chain(asked.endorsement);
        value.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);

        let minimum_epoch = 0;
        let mut transaction = self.store.begin();
        let outcome = transaction
            .put_in_place(key::partition(index), &mut self.scratch, length)
            .and_then(|()| {
                let state = state(&Sequence::START, UnixTime::UNKNOWN, minimum_epoch);
                transaction.put(key::state(index), &state)
            })
            // Its room is taken from the start, so that there is no lack of it later.
            .and_then(|()| transaction.put(key::clock(index), &PcClock::NEW.to_bytes()));
        zeroize::Zeroize::zeroize(&mut self.scratch[..]);
        outcome?;
        transaction.commit_for_good(&mut self.platform)?;

        let partition = Partition {
            id: enrolment.partition,
            root,
            handshake,
            sequence: Sequence::START,
            mark: UnixTime::UNKNOWN,
            marked: None,
            minimum_epoch,
            time_nonce: None,
            clock: PcClock::NEW,
            succession: Succession::NEW,
        };
        self.enrolment.clear();
        let id = partition.id;
        if let Some(place) = self.partitions.get_mut(usize::from(index)) {
            place.set(partition);
        }
        EndorseAnswer { partition: id }.write(out).map_err(no_space)
    }

    /// A place that no partition has.
    fn free_place(&self) -> Result<u8, Status> {
        let free = (0..).zip(&self.partitions).find(|(_, place)| place.is_empty());
        free.map(|(index, _)| index).ok_or(Status::NoRoom)
    }
}
