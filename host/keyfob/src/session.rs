//! What an app does with a feature.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use keyfob_crypto::Entropy;
use keyfob_wire::body::{
    CheckAnswer, CheckRequest, CounterAnswer, CounterRequest, Request, SpendAnswer, SpendRequest, UnlockAnswer,
    UnlockRequest,
};
use keyfob_wire::{FeatureId, Modules, OperationId, Slot, Status, Units};
use zeroize::Zeroizing;

use crate::client::{Core, lock};
use crate::connection::accepted;
use crate::{Error, OsEntropy, Verdict};

/// A feature that an app has logged in to. It may be used from any thread.
#[must_use]
pub struct Session {
    pub(crate) core: Arc<Mutex<Core>>,
    pub(crate) feature: FeatureId,
    /// The counter's spend serial after the last spend here, so that the next needs no look; or [`UNKNOWN`].
    seen: AtomicU64,
}

/// No spend serial.
const UNKNOWN: u64 = u64::MAX;

/// A secret from a token; overwritten when dropped.
pub struct Secret(pub(crate) Zeroizing<Vec<u8>>);

impl Secret {
    /// The secret's bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// Where a counter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Units left.
    pub remaining: Units,
    /// How many spends there have been.
    pub spend_serial: u32,
}

/// What a spend led to.
pub type Spent = Counter;

impl Session {
    pub(crate) fn new(core: Arc<Mutex<Core>>, feature: FeatureId) -> Self {
        Self { core, feature, seen: AtomicU64::new(UNKNOWN) }
    }

    /// The feature.
    #[must_use]
    pub fn feature(&self) -> FeatureId {
        self.feature
    }

    /// Asks whether the feature may be used now: one report out and one in.
    ///
    /// # Errors
    /// If the token can't be asked. A refusal is a [`Verdict`].
    pub fn check(&self) -> Result<Verdict, Error> {
        self.check_modules(Modules(0))
    }

    /// Asks whether the feature may be used now with all of these modules.
    ///
    /// # Errors
    /// If the token can't be asked. A refusal is a [`Verdict`].
    pub fn check_modules(&self, modules: Modules) -> Result<Verdict, Error> {
        let mut core = lock(&self.core);
        let request = CheckRequest { feature: self.feature, time: core.time(), modules };
        core.request(&Request::Check(request), |plaintext| match CheckAnswer::parse(plaintext) {
            Ok(answer) => Ok(answer.into()),
            // Refusals that aren't the licence's come without its layout.
            Err(_) => accepted(plaintext).and(Err(Error::Answer)),
        })
    }

    /// Asks what is left of the feature's counter.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is none, and if the token can't be asked.
    pub fn counter(&self) -> Result<Counter, Error> {
        lock(&self.core).request(&Request::Counter(CounterRequest { feature: self.feature }), |plaintext| {
            let CounterAnswer { remaining, spend_serial } =
                CounterAnswer::parse(accepted(plaintext)?).map_err(|_| Error::Answer)?;
            Ok(Counter { remaining, spend_serial })
        })
    }

    /// Spends units: all of them exactly once, or none.
    ///
    /// # Errors
    /// [`Error::Refused`] if there are too few, and if the token can't be asked; then whether they were spent is not
    /// known if the token went away in between.
    pub fn spend(&self, units: Units) -> Result<Spent, Error> {
        let mut operation = OperationId::default();
        OsEntropy.fill(&mut operation.0);
        let known = self.seen.swap(UNKNOWN, Ordering::Relaxed);
        let seen = match u32::try_from(known) {
            Ok(seen) => seen,
            Err(_) => self.counter()?.spend_serial,
        };
        let (outcome, sent) = self.try_spend(operation, seen, units);
        let outcome = match outcome {
            // Others have spent much since the serial was seen. Nothing was done under this id: it was sent just once.
            Err(Error::Refused(Status::OutcomeForgotten)) if sent == 1 => {
                let seen = self.counter()?.spend_serial;
                self.try_spend(operation, seen, units).0
            }
            outcome => outcome,
        };
        if let Ok(spent) = &outcome {
            self.seen.store(spent.spend_serial.into(), Ordering::Relaxed);
        }
        outcome
    }

    /// Spends units under an operation id of the app's own, which it keeps until it knows the outcome: asking again
    /// with the same arguments, even after a crash, never spends twice.
    ///
    /// `seen` is the counter's spend serial before the first try.
    ///
    /// # Errors
    /// As [`spend`](Self::spend), and `outcome-forgotten` if more than 16 other spends came in between.
    pub fn spend_as(&self, operation: OperationId, seen: u32, units: Units) -> Result<Spent, Error> {
        self.try_spend(operation, seen, units).0
    }

    fn try_spend(&self, operation: OperationId, seen: u32, units: Units) -> (Result<Spent, Error>, u32) {
        let mut core = lock(&self.core);
        let (feature, time) = (self.feature, core.time());
        let request = SpendRequest { feature, units, operation, serial_seen: seen, time };
        core.request_counted(&Request::Spend(request), |plaintext| {
            let SpendAnswer { remaining, spend_serial } =
                SpendAnswer::parse(accepted(plaintext)?).map_err(|_| Error::Answer)?;
            Ok(Spent { remaining, spend_serial })
        })
    }

    /// Opens a secret that was sealed for the feature's key: what the app can't work without.
    ///
    /// # Errors
    /// [`Error::Refused`] if the feature may not be used, or the secret isn't for its key.
    pub fn unlock(&self, sealed: &[u8]) -> Result<Secret, Error> {
        self.unlock_slot(Slot(0), sealed)
    }

    /// Opens a secret that was sealed for one of several keys of the feature.
    ///
    /// # Errors
    /// As [`unlock`](Self::unlock).
    pub fn unlock_slot(&self, slot: Slot, sealed: &[u8]) -> Result<Secret, Error> {
        let mut core = lock(&self.core);
        let request = UnlockRequest { feature: self.feature, slot, time: core.time(), sealed };
        core.request(&Request::Unlock(request), |plaintext| {
            let UnlockAnswer { secret } = UnlockAnswer::parse(accepted(plaintext)?).map_err(|_| Error::Answer)?;
            Ok(Secret(Zeroizing::new(secret.to_vec())))
        })
    }
}
