//! What apps do with features: check and spend. `docs/spec.md`, §8.1 and §8.2.

use keyfob_licence::{Decision, Request, State, judge};
use keyfob_signed::Rights;
use keyfob_wire::body::{CheckAnswer, CheckRequest, CounterAnswer, CounterRequest, SpendAnswer, SpendRequest};
use keyfob_wire::cursor::copy;
use keyfob_wire::{FeatureId, Instant, Modules, Status, Units};

use super::apply::stored_counter;
use super::catalogue::Feature;
use super::counter::{Counter, Seen};
use super::{Caller, Engine, key};
use crate::platform::Platform;

impl<P: Platform> Engine<P> {
    pub(super) fn check(
        &mut self,
        caller: &Caller,
        asked: &CheckRequest,
        now: Instant,
        out: &mut [u8],
    ) -> Result<(Status, usize), Status> {
        let answer = match self.feature(caller, asked.feature, Rights::CHECK) {
            Err(status) => CheckAnswer::new(status),
            Ok((partition, feature)) => {
                let time = self.time_of_judgement(partition, &feature.terms, asked.time, now)?;
                let wanted = Request { units: Units(1), modules: asked.modules };
                answer(&judge(&feature.terms, &State { remaining: feature.remaining }, time, &wanted))
            }
        };
        // The status comes first in the layout; here it is the caller's to write.
        let bytes = answer.to_bytes();
        let body = bytes.get(2..).unwrap_or_default();
        put(out, body).map(|length| (answer.status, length))
    }

    #[inline(never)]
    pub(super) fn counter(&mut self, caller: &Caller, asked: &CounterRequest, out: &mut [u8]) -> Result<usize, Status> {
        let (partition, feature) = self.feature(caller, asked.feature, Rights::SPEND)?;
        if !feature.terms.counted {
            return Err(Status::NoCounter);
        }
        let counter = self.read_counter(partition, asked.feature)?;
        put(out, &CounterAnswer { remaining: counter.remaining, spend_serial: counter.serial }.to_bytes())
    }

    #[inline(never)]
    pub(super) fn spend(
        &mut self,
        caller: &Caller,
        asked: &SpendRequest,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, Status> {
        if asked.units.0 == 0 {
            return Err(Status::BadRequest);
        }
        let (partition, feature) = self.feature(caller, asked.feature, Rights::SPEND)?;
        if !feature.terms.counted {
            return Err(Status::NoCounter);
        }
        let mut counter = self.read_counter(partition, asked.feature)?;
        match counter.look_up(asked.operation, asked.units, asked.serial_seen) {
            Seen::Done { remaining, serial } => {
                return put(out, &SpendAnswer { remaining, spend_serial: serial }.to_bytes());
            }
            Seen::Mismatch => return Err(Status::OperationMismatch),
            Seen::Forgotten => return Err(Status::OutcomeForgotten),
            Seen::Ahead => return Err(Status::BadRequest),
            Seen::New => {}
        }
        let time = self.time_of_judgement(partition, &feature.terms, asked.time, now)?;
        let wanted = Request { units: asked.units, modules: Modules(0) };
        allowed(&judge(&feature.terms, &State { remaining: counter.remaining }, time, &wanted))?;
        counter.spend(asked.operation, asked.units).ok_or(Status::CounterTooLow)?;

        self.write_counter(partition, asked.feature, &counter)?;
        if let Some(remaining) = self.catalogue.remaining_mut(partition, asked.feature) {
            *remaining = counter.remaining;
        }
        put(out, &SpendAnswer { remaining: counter.remaining, spend_serial: counter.serial }.to_bytes())
    }

    /// The feature that a caller asks for, if it may do this with it.
    pub(super) fn feature(&self, caller: &Caller, id: FeatureId, right: Rights) -> Result<(u8, Feature), Status> {
        let Caller::App { partition, product, rights, .. } = *caller else {
            return Err(Status::NotPermitted);
        };
        if !rights.include(right) {
            return Err(Status::NotPermitted);
        }
        let feature = self.catalogue.feature(partition, id).ok_or(Status::FeatureNotFound)?;
        if product.0 != 0 && product != feature.product {
            return Err(Status::ProductNotPermitted);
        }
        Ok((partition, feature))
    }

    pub(super) fn read_counter(&mut self, partition: u8, feature: FeatureId) -> Result<Counter, Status> {
        stored_counter(&mut self.store, partition, feature)
    }

    fn write_counter(&mut self, partition: u8, feature: FeatureId, counter: &Counter) -> Result<(), Status> {
        let mut transaction = self.store.begin();
        transaction.put(key::counter(partition, feature), &counter.to_bytes())?;
        transaction.commit_spend(&mut self.platform)
    }
}

pub(super) fn allowed(decision: &Decision) -> Result<(), Status> {
    match decision.refusal {
        None => Ok(()),
        Some(refusal) => Err(refusal.status()),
    }
}

fn answer(decision: &Decision) -> CheckAnswer {
    CheckAnswer {
        status: decision.status(),
        warning: u8::from(decision.clock_behind),
        limiting_term: decision.limiting.map_or(0, keyfob_licence::Term::number),
        remaining: decision.remaining,
        next_change: decision.next_change,
        expiry: decision.expiry,
        modules: decision.modules,
        capacity: None,
    }
}

/// Writes a fixed layout.
fn put(out: &mut [u8], bytes: &[u8]) -> Result<usize, Status> {
    copy(out.get_mut(..bytes.len()).ok_or(Status::Busy)?, bytes);
    Ok(bytes.len())
}
