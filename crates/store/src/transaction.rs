//! Changes that take place together or not at all.

use crate::error::{CommitError, Fault, ReadError, WriteError};
use crate::flash::Flash;
use crate::format::{Action, Mark};
use crate::index::{Pending, Slot};
use crate::medium::Medium;
use crate::store::{Condition, Key, Store};

/// A transaction in progress. Dropping it without [`Transaction::commit`] changes nothing.
#[must_use = "a transaction that isn't committed changes nothing"]
pub struct Transaction<'s, F: Flash, const KEYS: usize> {
    store: &'s mut Store<F, KEYS>,
}

impl<'s, F: Flash, const KEYS: usize> Transaction<'s, F, KEYS> {
    pub(crate) fn new(store: &'s mut Store<F, KEYS>) -> Self {
        Self { store }
    }

    /// Reads a value as it was before the transaction.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn get<'b>(&mut self, key: Key, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, ReadError<F::Error>> {
        self.store.get(key, buffer)
    }

    /// Gives the key a value. Of several changes to a key the last counts.
    ///
    /// # Errors
    /// After `TooLong` and `NoRoom` the transaction is as before and can go on. After any other error the store can
    /// only be read until it is mounted again.
    pub fn put(&mut self, key: Key, value: &[u8]) -> Result<(), WriteError<F::Error>> {
        self.store.append(Action::Put, key, value)
    }

    /// Takes the key's value away; a key without one stays as it is.
    ///
    /// # Errors
    /// As [`Transaction::put`]. There is always room for a first removal.
    ///
    /// # Security
    /// The value stays in the flash until the next compaction: see [`Store::scrub`].
    pub fn remove(&mut self, key: Key) -> Result<(), WriteError<F::Error>> {
        if self.store.condition == Condition::Sound && !self.store.index.find(key).is_some_and(Slot::present) {
            return Ok(());
        }
        self.store.append(Action::Remove, key, &[])
    }

    /// Calls `each` with the last `N` bytes of every value that the transaction takes away, and of every one that it
    /// gives.
    ///
    /// # Errors
    /// Fails if a value is shorter, or the flash can't be read.
    pub fn changed_ends<const N: usize>(
        &mut self,
        mut each: impl FnMut(Key, &[u8; N]),
    ) -> Result<(), ReadError<F::Error>> {
        let store = &mut *self.store;
        store.require_readable()?;
        for number in 0..store.index.slots().len() {
            let Some(slot) = store.index.slots().get(number).copied() else { break };
            let given = match slot.pending() {
                Pending::Nothing => continue,
                Pending::Put(offset) => Some(offset),
                Pending::Remove => None,
            };
            for offset in [slot.committed(), given].into_iter().flatten() {
                each(slot.key(), &store.end(offset.bytes(Medium::<F>::UNIT))?);
            }
        }
        Ok(())
    }

    /// Makes the changes durable: after `Ok` they are there whatever happens to the power.
    ///
    /// Takes exactly one barrier, and none if there are no changes.
    ///
    /// # Errors
    /// After an error only the next mount tells whether the changes took place, all or none of them. Until then the
    /// store shows them as not done and can only be read.
    pub fn commit(self) -> Result<(), CommitError<F::Error>> {
        let store = &mut *self.store;
        if store.condition != Condition::Sound {
            return Err(CommitError::NeedsMount);
        }
        // An open record of an earlier transaction, which was dropped, isn't this one's.
        if store.open.is_none() || store.is_abandoned {
            return Ok(());
        }
        let done = store.log.close(&mut store.medium, Mark::Commit).and_then(|()| store.medium.barrier());
        if let Err(fault) = done {
            store.condition = Condition::ReadOnly;
            return Err(match fault {
                Fault::Flash(error) => CommitError::Flash(error),
                Fault::WornOut | Fault::Corrupt | Fault::NoRoom => CommitError::WornOut,
            });
        }
        store.open = None;
        store.index.commit();
        Ok(())
    }
}

impl<F: Flash, const KEYS: usize> Drop for Transaction<'_, F, KEYS> {
    fn drop(&mut self) {
        self.store.abandon();
    }
}
