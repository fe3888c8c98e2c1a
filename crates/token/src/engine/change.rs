//! What only the root may change of a partition by an update. `docs/spec.md`, §7.5.

use keyfob_crypto::Crypto;
use keyfob_licence::Operation;
use keyfob_wire::{Instant, Status, UnixTime};

use super::clock::PcClock;
use super::partition::Partition;
use super::root_change::Succession;

/// A partition as an update leaves it; it takes effect once it is stored.
pub(super) struct Change {
    pub(super) mark: UnixTime,
    pub(super) minimum_epoch: u32,
    pub(super) clock: PcClock,
    pub(super) succession: Succession,
    marked: Option<Instant>,
}

impl Change {
    pub(super) fn of<C: Crypto>(partition: &Partition<C>) -> Self {
        let Partition { mark, minimum_epoch, clock, succession, marked, .. } = *partition;
        Self { mark, minimum_epoch, clock, succession, marked }
    }

    /// Takes in an operation, after so many seconds of this power-up.
    pub(super) fn apply<C: Crypto>(
        &mut self,
        operation: &Operation<'_>,
        now: Instant,
        uptime: u64,
    ) -> Result<(), Status> {
        match *operation {
            Operation::RaiseEpoch { epoch } if epoch < self.minimum_epoch => return Err(Status::UpdateMalformed),
            Operation::RaiseEpoch { epoch } => self.minimum_epoch = epoch,
            Operation::SetRecoveryKey { key } => {
                key.check::<C>().map_err(|_| Status::UpdateMalformed)?;
                self.succession.recovery = Some(key);
            }
            Operation::SetMark { mark } => {
                self.mark = mark;
                self.marked = Some(now);
                self.clock.set(mark, uptime);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn take_effect<C: Crypto>(self, partition: &mut Partition<C>) {
        partition.mark = self.mark;
        partition.marked = self.marked;
        partition.minimum_epoch = self.minimum_epoch;
        partition.clock = self.clock;
        partition.succession = self.succession;
    }
}
