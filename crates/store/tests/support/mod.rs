//! A model of the store, scripts, and the sweep that compares the two.
#![allow(dead_code)] // Each test uses its part.

use std::collections::BTreeMap;

use keyfob_store::sim::MemoryFlash;
use keyfob_store::{CommitError, Flash, Key, Store, WriteError};

/// What the store must say.
pub(crate) type Model = BTreeMap<u64, Vec<u8>>;

pub(crate) const KEYS: usize = 12;

#[derive(Debug, Clone)]
pub(crate) enum Change {
    Put(u64, Vec<u8>),
    Remove(u64),
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Commit(Vec<Change>),
    /// A transaction that is dropped.
    Drop(Vec<Change>),
    Scrub,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    NoRoom,
    Failed,
}

pub(crate) fn apply(model: &mut Model, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Put(key, value) => {
                model.insert(*key, value.clone());
            }
            Change::Remove(key) => {
                model.remove(key);
            }
        }
    }
}

/// The model after a step that took place.
pub(crate) fn after(model: &Model, step: &Step) -> Model {
    let mut model = model.clone();
    if let Step::Commit(changes) = step {
        apply(&mut model, changes);
    }
    model
}

pub(crate) fn run<F: Flash, const N: usize>(store: &mut Store<F, N>, step: &Step) -> Outcome {
    let (changes, commit) = match step {
        Step::Commit(changes) => (changes, true),
        Step::Drop(changes) => (changes, false),
        Step::Scrub => {
            return match store.scrub() {
                Ok(()) => Outcome::Done,
                Err(_) => Outcome::Failed,
            };
        }
    };
    let mut transaction = store.begin();
    for change in changes {
        let result = match change {
            Change::Put(key, value) => transaction.put(Key(*key), value),
            Change::Remove(key) => transaction.remove(Key(*key)),
        };
        match result {
            Ok(()) => {}
            Err(WriteError::NoRoom) => return Outcome::NoRoom,
            Err(_) => return Outcome::Failed,
        }
    }
    if !commit {
        return Outcome::Done;
    }
    match transaction.commit() {
        Ok(()) => Outcome::Done,
        Err(CommitError::Flash(_) | CommitError::WornOut | CommitError::NeedsMount) => Outcome::Failed,
        Err(error) => panic!("{error:?}"),
    }
}

/// Everything that the store says, read the way a user reads it.
pub(crate) fn contents<F: Flash, const N: usize>(store: &mut Store<F, N>) -> Model {
    let keys: Vec<Key> = store.keys().collect();
    let mut buffer = vec![0; keyfob_store::MAX_VALUE];
    keys.into_iter()
        .map(|key| {
            assert!(store.contains(key).expect("readable"));
            let value = store.get(key, &mut buffer).expect("readable").expect("a listed key has a value");
            (key.0, value.to_vec())
        })
        .collect()
}

pub(crate) fn mounted<const SIZE: usize, const SECTOR: usize, const WRITE: usize>(
    flash: &mut MemoryFlash<SIZE, SECTOR, WRITE>,
) -> Store<&mut MemoryFlash<SIZE, SECTOR, WRITE>, KEYS> {
    Store::mount(flash).expect("mounts")
}
