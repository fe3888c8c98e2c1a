//! A model of the store, scripts, and the sweep that compares the two.
#![allow(dead_code)] // Each test uses its part.

pub(crate) mod sweep;

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
pub(crate) fn contents<F: Flash, const N: usize>(store: &mut Store<F, N>) -> Result<Model, String> {
    let keys: Vec<Key> = store.keys().collect();
    let mut buffer = vec![0; keyfob_store::MAX_VALUE];
    let mut model = Model::new();
    for key in keys {
        if !store.contains(key).map_err(|error| format!("{error:?}"))? {
            return Err(format!("{key:?} is listed but not contained"));
        }
        let value = store.get(key, &mut buffer).map_err(|error| format!("{error:?}"))?;
        model.insert(key.0, value.ok_or(format!("{key:?} is listed but absent"))?.to_vec());
    }
    Ok(model)
}

pub(crate) fn mounted<const SIZE: usize, const SECTOR: usize, const WRITE: usize>(
    flash: &mut MemoryFlash<SIZE, SECTOR, WRITE>,
) -> Store<&mut MemoryFlash<SIZE, SECTOR, WRITE>, KEYS> {
    Store::mount(flash).expect("mounts")
}

/// A counter's spend.
pub(crate) fn spend(key: u64, count: u8) -> Step {
    Step::Commit(vec![Change::Put(key, vec![count; 24])])
}

/// Spends, updates, removals, dropped transactions and scrubs, with about 500 live bytes.
pub(crate) fn script() -> Vec<Step> {
    let mut steps = vec![
        Step::Commit(vec![Change::Put(1, vec![0xff; 24]), Change::Put(2, vec![2; 150]), Change::Put(3, vec![])]),
        spend(1, 0),
        Step::Commit(vec![Change::Remove(3), Change::Put(4, vec![0xff; 77]), Change::Put(1, vec![4; 24])]),
        spend(1, 1),
        Step::Drop(vec![Change::Put(1, vec![9; 24])]),
        spend(1, 2),
        Step::Drop(vec![Change::Put(5, vec![9; 70]), Change::Remove(1), Change::Put(2, vec![9; 61])]),
        Step::Commit(vec![Change::Remove(2)]),
        spend(6, 0xff),
        // A key that comes and goes within a transaction, and one that changes twice.
        Step::Commit(vec![
            Change::Put(7, vec![7; 40]),
            Change::Put(1, vec![8; 24]),
            Change::Remove(7),
            Change::Put(1, vec![9; 24]),
            Change::Put(2, (0..=180).collect()),
        ]),
    ];
    steps.extend((3..8).map(|count| spend(1, count)));
    steps.push(Step::Commit((1..7).map(|key| Change::Put(key, vec![key as u8; 20 + key as usize])).collect()));
    steps.push(Step::Scrub);
    steps.push(Step::Commit(vec![Change::Put(2, vec![0xa5; 130]), Change::Remove(4)]));
    steps.extend((8..12).map(|count| spend(1, count)));
    steps.push(Step::Commit((1..7).map(Change::Remove).collect()));
    steps.push(Step::Scrub);
    steps.push(spend(1, 12));
    steps
}
