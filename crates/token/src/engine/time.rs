//! Signed time. `docs/spec.md`, §7.8 and §8.4.

use keyfob_licence::SignedTime;
use keyfob_signed::Kind;
use keyfob_wire::body::{Body, SetTimeAnswer, SetTimeRequest, TimeAnswer, TimeRequest};
use keyfob_wire::{Instant, Status};

use super::apply::signer_certificate;
use super::partition::state;
use super::{Caller, Engine, key, no_space, refused};
use crate::platform::Platform;

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn time(
        &mut self,
        caller: &Caller,
        asked: &TimeRequest,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        let nonce = self.random();
        let partition = self.partition_mut(index)?;
        partition.time_nonce = Some(nonce);
        TimeAnswer { nonce, mark: partition.mark, now: partition.time(now), partition: partition.id }
            .write(out)
            .map_err(no_space)
    }

    #[inline(never)]
    pub(super) fn set_time(
        &mut self,
        caller: &Caller,
        asked: &SetTimeRequest<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let index = self.addressed(caller, asked.hint)?;
        let serial = self.serial();
        let partition = self.partition(index)?;
        let binding = (serial, partition.id);
        let certificate = signer_certificate(&asked.certificates)?;
        let signer = partition.root.signer::<P::Crypto>(certificate, Kind::Time, partition.minimum_epoch);
        let time = signer.and_then(|signer| signer.verify::<P::Crypto, SignedTime>(asked.time, &binding));
        let time = time.map_err(refused)?;
        if partition.time_nonce != Some(time.nonce) {
            return Err(Status::NonceUnknown);
        }
        if time.time <= partition.mark {
            return Err(Status::TimeNotLater);
        }
        let value = state(&partition.sequence, time.time, partition.minimum_epoch);
        let (mut clock, before) = (partition.clock, partition.clock);
        clock.refill();
        let mut transaction = self.store.begin();
        transaction.put(key::state(index), &value)?;
        if clock != before {
            transaction.put(key::clock(index), &clock.to_bytes())?;
        }
        transaction.commit_for_good(&mut self.platform)?;
        let partition = self.partition_mut(index)?;
        partition.time_nonce = None;
        partition.mark = time.time;
        partition.marked = Some(now);
        partition.clock = clock;
        SetTimeAnswer { mark: time.time }.write(out).map_err(no_space)
    }
}
