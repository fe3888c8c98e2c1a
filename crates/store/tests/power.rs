//! Power cuts everywhere: the state is always that before or that after a transaction.

mod support;

use keyfob_store::sim::{Deaf, MemoryFlash, Order, Tear};
use keyfob_store::{Key, Store};
use support::sweep::Sweep;
use support::{Change, KEYS, Step, script, spend};

#[test]
fn cut_at_every_byte() {
    let script = script();
    let sweep = Sweep::of(&script);
    let cuts = sweep.run::<1536, 256, 4>().unwrap() + sweep.run::<1536, 128, 1>().unwrap();
    println!("cut points: {cuts}");
    assert!(cuts > 40_000);
}

#[test]
fn cut_at_every_byte_with_wide_words() {
    let script = script();
    let cuts = Sweep::of(&script).run::<2048, 256, 16>().unwrap();
    println!("cut points: {cuts}");
    assert!(cuts > 15_000);
}

#[test]
fn cut_recovery_too() {
    let script = short_script();
    let cuts = Sweep { nested: true, session: 1, ..Sweep::of(&script) }.run::<512, 128, 4>().unwrap();
    println!("cut points: {cuts}");
    assert!(cuts > 50_000);
}

#[test]
fn lose_any_subset_since_the_last_barrier() {
    let script = script();
    let cuts = Sweep { reorder: true, ..Sweep::of(&script) }.run::<1536, 256, 4>().unwrap();
    println!("cut points: {cuts}");
    assert!(cuts > 15_000);
}

/// Formatting is the one change that has no earlier state to fall back on.
#[test]
fn formatting_survives_three_cuts() {
    type Tiny = MemoryFlash<256, 64, 4>;
    fn format(flash: &mut Tiny, depth: u32, cuts: &mut u64) {
        for cut in 0.. {
            let tears = [Tear::Garbled(cut), Tear::Clean, Tear::Bits(cut)];
            for tear in tears.into_iter().take(depth as usize) {
                let mut flash = flash.clone();
                flash.set_damage(Order::Kept, tear);
                flash.cut_after(cut);
                match Store::<_, KEYS>::mount(&mut flash) {
                    Ok(store) => {
                        assert_eq!(store.keys().count(), 0);
                        return;
                    }
                    Err(error) => {
                        assert_eq!(error, keyfob_store::MountError::Flash(keyfob_store::sim::SimError::PowerLost))
                    }
                }
                *cuts += 1;
                flash.restart();
                if depth > 1 {
                    format(&mut flash, depth - 1, cuts);
                } else {
                    assert!(Store::<_, KEYS>::mount(&mut flash).is_ok());
                }
            }
        }
    }
    let mut cuts = 0;
    format(&mut Tiny::new(), 3, &mut cuts);
    println!("cut points: {cuts}");
    assert!(cuts > 10_000);
}

/// The sweep can fail: it finds each barrier that matters when that one does nothing.
#[test]
fn the_sweep_finds_deaf_barriers() {
    let script = [
        Step::Commit(vec![Change::Put(1, vec![1; 24]), Change::Put(2, vec![2; 100])]),
        Step::Scrub,
        spend(1, 2),
        spend(1, 3),
    ];
    let sweep = |deaf| Sweep { reorder: true, deaf, ..Sweep::of(&script) }.run::<1536, 256, 4>();
    assert!(sweep(Deaf::Never).is_ok());
    assert!(sweep(Deaf::Always).is_err());
    // Barriers 2 and 5 follow the erase of the other and of the old bank: those may be lost without harm.
    let named = [(0, "header of a new store"), (1, "commit"), (3, "copy"), (4, "header of the copy"), (6, "spend")];
    for (number, name) in named {
        assert!(sweep(Deaf::Once(number)).is_err(), "{name}");
    }
}

#[test]
fn a_failed_operation_stops_all_writing_until_mounted() {
    let steps = short_script();
    let mut failures = 0;
    for number in 0.. {
        let mut flash = MemoryFlash::<512, 128, 4>::new();
        let mut store = Store::<_, KEYS>::mount(&mut flash).unwrap();
        let mut model = support::Model::new();
        support::run(&mut store, &steps[0]);
        model = support::after(&model, &steps[0]);
        drop(store);
        let mut store = Store::<_, KEYS>::mount(&mut flash).unwrap();
        let mut failed = None;
        // The flash is told before it is lent again.
        drop(store);
        flash.fail_after(number);
        store = Store::<_, KEYS>::mount(&mut flash).unwrap();
        for step in &steps[1..] {
            match support::run(&mut store, step) {
                support::Outcome::Done => model = support::after(&model, step),
                support::Outcome::NoRoom => {}
                support::Outcome::Failed => {
                    failed = Some(step);
                    break;
                }
            }
        }
        let Some(step) = failed else { break };
        failures += 1;
        let statistics = store.statistics();
        assert_eq!(support::contents(&mut store).unwrap(), model, "committed values can be read");
        assert!(store.begin().put(Key(1), b"more").is_err());
        assert!(store.begin().remove(Key(1)).is_err());
        assert!(store.begin().commit().is_err());
        assert!(store.scrub().is_err());
        assert_eq!(store.statistics(), statistics);
        drop(store);
        flash.restart();
        let found = support::contents(&mut Store::<_, KEYS>::mount(&mut flash).unwrap()).unwrap();
        assert!(found == model || found == support::after(&model, step));
    }
    assert!(failures > 30, "{failures}");
}

/// Fills a bank of 256 bytes several times.
fn short_script() -> Vec<Step> {
    vec![
        Step::Commit(vec![Change::Put(1, vec![1; 24]), Change::Put(2, vec![2; 30])]),
        Step::Commit(vec![Change::Put(1, vec![0xff; 24]), Change::Remove(2)]),
        Step::Drop(vec![Change::Put(1, vec![9; 24])]),
        spend(1, 2),
        Step::Commit(vec![Change::Put(3, vec![3; 20]), Change::Remove(1), Change::Put(1, vec![4; 24])]),
        Step::Scrub,
        spend(1, 5),
    ]
}
