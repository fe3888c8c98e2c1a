//! Random scripts, with restarts, power cuts and all units of writing, against the model.

mod support;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use keyfob_store::sim::{MemoryFlash, Order, SimError, Tear};
use keyfob_store::{Flash, Store};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Change, KEYS, Model, Outcome, Step, after, contents, run, script};

#[derive(Debug, Clone)]
enum Event {
    Step(Step),
    Restart,
    /// The power goes within the following steps.
    Cut(u64, Order, Tear),
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![4 => vec(any::<u8>(), 24), 3 => vec(any::<u8>(), 0..90), 1 => vec(Just(0xff), 0..200)];
    prop_oneof![4 => (0..9u64, value).prop_map(|(key, value)| Change::Put(key, value)), 1 => (0..9u64).prop_map(Change::Remove)]
}

fn event() -> impl Strategy<Value = Event> {
    let damage = (any::<bool>(), any::<u64>()).prop_map(|(reorder, seed)| match reorder {
        true => Order::Subset(seed),
        false => Order::Kept,
    });
    let tear = (0..3, any::<u64>()).prop_map(|(kind, seed)| match kind {
        0 => Tear::Clean,
        1 => Tear::Bits(seed),
        _ => Tear::Garbled(seed),
    });
    prop_oneof![
        8 => vec(change(), 0..5).prop_map(Step::Commit).prop_map(Event::Step),
        1 => vec(change(), 0..5).prop_map(Step::Drop).prop_map(Event::Step),
        1 => Just(Event::Step(Step::Scrub)),
        1 => Just(Event::Restart),
        2 => (0..3000u64, damage, tear).prop_map(|(cut, order, tear)| Event::Cut(cut, order, tear)),
    ]
}

fn play<const SECTOR: usize, const WRITE: usize>(events: &[Event]) -> Result<(), TestCaseError> {
    let mut flash = MemoryFlash::<2048, SECTOR, WRITE>::new();
    let mut model = Model::new();
    let mut events = events.iter().peekable();
    while events.peek().is_some() {
        // One power-up.
        let Ok(mut store) = Store::<_, KEYS>::mount(&mut flash) else {
            prop_assert!(!flash.powered());
            flash.restart();
            continue;
        };
        prop_assert_eq!(contents(&mut store), Ok(model.clone()));
        let mut in_doubt = None;
        let mut cut = None;
        for event in events.by_ref() {
            match event {
                Event::Step(step) => match run(&mut store, step) {
                    Outcome::Done => model = after(&model, step),
                    Outcome::NoRoom => {}
                    Outcome::Failed => {
                        in_doubt = Some(after(&model, step));
                        break;
                    }
                },
                Event::Restart => break,
                Event::Cut(steps, order, tear) => {
                    cut = Some((*steps, *order, *tear));
                    break;
                }
            }
            if let Ok(found) = contents(&mut store) {
                prop_assert_eq!(&found, &model);
            }
        }
        drop(store);
        flash.restart();
        if let Some(after) = in_doubt {
            let found = contents(
                &mut Store::<_, KEYS>::mount(&mut flash).map_err(|error| TestCaseError::fail(error.to_string()))?,
            );
            prop_assert!(found.as_ref() == Ok(&model) || found.as_ref() == Ok(&after));
            model = found.unwrap();
            flash.restart();
        }
        if let Some((steps, order, tear)) = cut {
            flash.set_damage(order, tear);
            flash.cut_after(steps);
        }
    }
    // A cut that hasn't come yet doesn't come any more.
    flash.restart();
    prop_assert_eq!(contents(&mut Store::<_, KEYS>::mount(&mut flash).unwrap()), Ok(model));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_agrees_with_the_model(events in vec(event(), 1..60), unit in 0..5) {
        match unit {
            0 => play::<256, 1>(&events)?,
            1 => play::<128, 2>(&events)?,
            2 => play::<512, 4>(&events)?,
            3 => play::<1024, 8>(&events)?,
            _ => play::<256, 16>(&events)?,
        }
    }
}

/// A flash that reads eight bytes at a time.
struct WideReads(MemoryFlash<2048, 256, 4>);

impl ErrorType for WideReads {
    type Error = SimError;
}

impl ReadNorFlash for WideReads {
    const READ_SIZE: usize = 8;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        if !offset.is_multiple_of(8) || !bytes.len().is_multiple_of(8) {
            return Err(SimError::NotAligned);
        }
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for WideReads {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 256;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.0.write(offset, bytes)
    }
}

impl Flash for WideReads {
    fn barrier(&mut self) -> Result<(), SimError> {
        self.0.barrier()
    }
}

#[test]
fn reads_are_whole_units() {
    let mut flash = WideReads(MemoryFlash::new());
    let mut model = Model::new();
    for step in script() {
        let mut store = Store::<_, KEYS>::mount(&mut flash).unwrap();
        assert_eq!(run(&mut store, &step), Outcome::Done);
        model = after(&model, &step);
        assert_eq!(contents(&mut store).as_ref(), Ok(&model));
    }
}
