//! What the store does while nothing goes wrong.

mod support;

use keyfob_store::sim::MemoryFlash;
use keyfob_store::{Key, ReadError, Store, WriteError};
use support::{contents, mounted};

type Small = MemoryFlash<2048, 256, 4>;

#[test]
fn values_are_there_after_mounting_again() {
    let mut flash = Small::new();
    let mut store = mounted(&mut flash);
    let mut transaction = store.begin();
    transaction.put(Key(7), b"seven").unwrap();
    transaction.put(Key(3), b"").unwrap();
    transaction.commit().unwrap();
    assert_eq!(store.keys().collect::<Vec<_>>(), [Key(3), Key(7)]);
    flash.restart();
    let mut store = mounted(&mut flash);
    let mut buffer = [0; 8];
    assert_eq!(store.get(Key(7), &mut buffer), Ok(Some(&b"seven"[..])));
    assert_eq!(store.get(Key(3), &mut buffer), Ok(Some(&b""[..])));
    assert_eq!(store.get(Key(4), &mut buffer), Ok(None));
    assert_eq!(store.get(Key(7), &mut buffer[..4]), Err(ReadError::BufferTooSmall { needed: 5 }));
}

#[test]
fn a_dropped_transaction_changes_nothing() {
    let mut flash = Small::new();
    let mut store = mounted(&mut flash);
    let mut transaction = store.begin();
    transaction.put(Key(1), b"kept").unwrap();
    transaction.commit().unwrap();
    for _ in 0..100 {
        let mut transaction = store.begin();
        transaction.put(Key(1), &[9; 100]).unwrap();
        transaction.put(Key(2), &[9; 100]).unwrap();
        transaction.remove(Key(1)).unwrap();
        drop(transaction);
        assert_eq!(contents(&mut store).unwrap().into_iter().collect::<Vec<_>>(), [(1, b"kept".to_vec())]);
    }
    flash.restart();
    assert_eq!(contents(&mut mounted(&mut flash)).unwrap().into_iter().collect::<Vec<_>>(), [(1, b"kept".to_vec())]);
}

#[test]
fn an_empty_commit_leaves_a_dropped_transaction_dropped() {
    let mut flash = Small::new();
    let mut store = mounted(&mut flash);
    store.begin().put(Key(1), b"dropped").unwrap();
    let mut transaction = store.begin();
    transaction.remove(Key(2)).unwrap();
    transaction.commit().unwrap();
    flash.restart();
    assert_eq!(mounted(&mut flash).keys().count(), 0);
}

#[test]
fn one_commit_takes_one_barrier_and_a_counter_forty_bytes() {
    let mut flash = MemoryFlash::<8192, 1024, 4>::new();
    let mut store = mounted(&mut flash);
    let before = store.statistics();
    let mut transaction = store.begin();
    transaction.put(Key(1), &[1; 24]).unwrap();
    transaction.commit().unwrap();
    let spend = store.statistics();
    assert_eq!((spend.barriers - before.barriers, spend.programmed - before.programmed), (1, 40));
    let mut transaction = store.begin();
    for key in 0..6 {
        transaction.put(Key(key), &[1; 100]).unwrap();
    }
    transaction.remove(Key(1)).unwrap();
    transaction.commit().unwrap();
    let update = store.statistics();
    assert_eq!((update.barriers - spend.barriers, update.programmed - spend.programmed), (1, 6 * 116 + 16));
    store.begin().commit().unwrap();
    assert_eq!(store.statistics(), update);
}

#[test]
fn a_full_store_says_so_and_can_be_emptied() {
    let mut flash = Small::new();
    let mut store = mounted(&mut flash);
    let mut stored = 0;
    loop {
        let free = store.free().unwrap();
        let mut transaction = store.begin();
        match transaction.put(Key(stored), &[7; 84]) {
            Ok(()) => {
                transaction.commit().unwrap();
                assert!(free >= 100);
            }
            Err(error) => {
                assert_eq!(error, WriteError::NoRoom);
                assert!(free < 100);
                break;
            }
        }
        stored += 1;
    }
    assert_eq!(contents(&mut store).unwrap().len(), 9);
    for key in 0..stored {
        let mut transaction = store.begin();
        transaction.remove(Key(key)).unwrap();
        transaction.commit().unwrap();
    }
    assert_eq!(store.keys().count(), 0);
    assert_eq!(store.free().unwrap(), 1024 - 28 - 16);
}

#[test]
fn the_room_of_a_removal_is_kept_back() {
    let mut flash = Small::new();
    let mut store = mounted(&mut flash);
    assert_eq!(store.begin().put(Key(1), &[1; 968]), Err(WriteError::NoRoom));
    let mut transaction = store.begin();
    transaction.put(Key(1), &[1; 964]).unwrap();
    transaction.commit().unwrap();
    assert_eq!(store.free(), Ok(0));
    let mut transaction = store.begin();
    transaction.remove(Key(1)).unwrap();
    transaction.commit().unwrap();
    assert_eq!(store.free(), Ok(980));
}

#[test]
fn too_many_keys_are_refused_before_anything_is_written() {
    let mut flash = MemoryFlash::<8192, 1024, 4>::new();
    let mut store = Store::<_, 3>::mount(&mut flash).unwrap();
    let mut transaction = store.begin();
    for key in 0..3 {
        transaction.put(Key(key), b"x").unwrap();
    }
    assert_eq!(transaction.put(Key(3), b"x"), Err(WriteError::NoRoom));
    transaction.put(Key(2), b"y").unwrap();
    transaction.commit().unwrap();
    let before = store.statistics();
    assert_eq!(store.begin().put(Key(3), b"x"), Err(WriteError::NoRoom));
    assert_eq!(store.statistics(), before);
    assert_eq!(contents(&mut store).unwrap().len(), 3);
}

/// The example of docs/flash-format.md, whose checksums were computed by another program.
#[test]
fn the_bytes_are_those_of_the_documentation() {
    let expected = [
        "4b46 5354 4f52 4500 0104 0000 0000 0001 0000 0400 0000 0000 8523 e3ed",
        "1100 0300 0000 0000 0000 0161 6263 ff4d a585 35b0",
        "1000 0000 0000 0000 0000 0243 5ef1 22b5",
        "2100 0000 0000 0000 0000 0143 40a4 7799",
    ];
    let expected: String = expected.concat().split(' ').collect();
    let mut flash = Small::new();
    let mut store = mounted(&mut flash);
    let mut transaction = store.begin();
    transaction.put(Key(1), b"abc").unwrap();
    transaction.put(Key(2), b"").unwrap();
    transaction.commit().unwrap();
    let mut transaction = store.begin();
    transaction.remove(Key(1)).unwrap();
    transaction.commit().unwrap();
    let length = expected.len() / 2;
    let found: String = flash.content()[..length].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, expected);
    assert!(flash.content()[length..].iter().all(|byte| *byte == 0xff));
}

#[test]
fn long_values_span_sectors() {
    let mut flash = MemoryFlash::<32768, 512, 8>::new();
    let mut store = mounted(&mut flash);
    let long: Vec<u8> = (0..4200u32).map(|number| number.to_be_bytes()[3] ^ 0x5a).collect();
    for _ in 0..5 {
        let mut transaction = store.begin();
        transaction.put(Key(1), &long[..3000]).unwrap();
        transaction.put(Key(u64::MAX), &long).unwrap();
        assert_eq!(transaction.put(Key(2), &[0; 4201]), Err(WriteError::TooLong));
        transaction.remove(Key(1)).unwrap();
        transaction.commit().unwrap();
        store.scrub().unwrap();
    }
    flash.restart();
    let mut buffer = [0; 4200];
    let mut store = mounted(&mut flash);
    assert_eq!(store.get(Key(u64::MAX), &mut buffer), Ok(Some(&long[..])));
    assert_eq!(store.keys().count(), 1);
}

/// Who keeps an account of all values by what a transaction takes and gives comes to the same as who counts anew.
#[test]
fn what_transactions_change_is_what_is_there() {
    fn account<const WRITE: usize>() {
        type Account = std::collections::BTreeMap<(u64, [u8; 3]), u32>;
        let mut flash = MemoryFlash::<4096, 256, WRITE>::new();
        let mut store = mounted(&mut flash);
        let mut kept = Account::new();
        let mut number = 1_u32;
        let mut next = |below: usize| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 8) as usize % below
        };
        for round in 0..400 {
            let mut transaction = store.begin();
            for _ in 0..next(4) {
                let key = Key(next(6) as u64);
                let value: Vec<u8> = (0..3 + next(90)).map(|_| next(256) as u8).collect();
                // A key may be changed several times; the last counts.
                match next(4) {
                    0 => transaction.remove(key).unwrap(),
                    _ => transaction.put(key, &value).unwrap(),
                }
            }
            let mut after = kept.clone();
            transaction.changed_ends(|key, end: &[u8; 3]| *after.entry((key.0, *end)).or_default() ^= 1).unwrap();
            if next(5) == 0 {
                drop(transaction);
            } else {
                transaction.commit().unwrap();
                after.retain(|_, count| *count == 1);
                kept = after;
            }
            let mut found = Account::new();
            store.ends(|key, end: &[u8; 3]| *found.entry((key.0, *end)).or_default() ^= 1).unwrap();
            assert_eq!(found, kept, "{WRITE} {round}");
            let whole = contents(&mut store).unwrap().into_iter();
            assert!(whole.map(|(key, value)| (key, *value.last_chunk().unwrap())).eq(kept.keys().copied()));
        }
        assert!(store.statistics().compactions > 3);
    }
    account::<1>();
    account::<4>();
    account::<16>();
}

#[test]
fn values_without_an_end_that_long_are_an_error() {
    let mut flash = Small::new();
    let mut store = mounted(&mut flash);
    let mut transaction = store.begin();
    transaction.put(Key(1), b"four").unwrap();
    assert_eq!(transaction.changed_ends(|_, _: &[u8; 4]| {}), Ok(()));
    assert_eq!(transaction.changed_ends(|_, _: &[u8; 5]| {}), Err(ReadError::Corrupt));
    transaction.commit().unwrap();
    assert_eq!(store.ends(|_, _: &[u8; 5]| {}), Err(ReadError::Corrupt));
}

/// A bank of as many units as offsets tell apart, filled to its end, and a flash that would have room for more.
#[test]
fn the_largest_bank_is_used_to_its_end() {
    fn fill<const SIZE: usize, const UNIT: usize>() {
        let mut flash = Box::new(MemoryFlash::<SIZE, 4096, UNIT>::new());
        let mut store = Store::<_, 512>::mount(&mut *flash).unwrap();
        let free = store.free().unwrap();
        assert!((65_000 * UNIT..65_536 * UNIT).contains(&free), "{free} bytes are free");
        let mut last = 0;
        let value = |key: u64| vec![key as u8; 4_000];
        // In the end values of no length fill what is left.
        for (length, first) in [(4_000, 0_u64), (0, 300)] {
            for key in first..first + 300 {
                let mut transaction = store.begin();
                match transaction.put(Key(key), &value(key)[..length]) {
                    Ok(()) => transaction.commit().unwrap(),
                    Err(error) => {
                        assert_eq!(error, WriteError::NoRoom);
                        break;
                    }
                }
                last = key;
            }
        }
        assert!(last >= 300 && store.free().unwrap() < 2 * 16.max(UNIT), "{last}");
        for _ in 0..2 {
            let keys: Vec<_> = store.keys().collect();
            assert_eq!(keys.last(), Some(&Key(last)));
            let mut buffer = [0; 4_000];
            for Key(key) in keys {
                let expected = if key < 300 { value(key) } else { Vec::new() };
                assert_eq!(store.get(Key(key), &mut buffer), Ok(Some(&expected[..])));
            }
            store.scrub().unwrap();
            flash.restart();
            store = Store::mount(&mut *flash).unwrap();
        }
    }
    // The flashes are made on the stack.
    let large = || std::thread::Builder::new().stack_size(64 << 20);
    let sizes = [fill::<{ 2 * 65_536 }, 1>, fill::<{ 4 * 65_536 }, 1>, fill::<{ 2 * 16 * 65_536 }, 16>];
    for fill in sizes {
        large().spawn(fill).unwrap().join().unwrap();
    }
}
