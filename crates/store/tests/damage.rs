//! What isn't an interrupted write is an error: no flipped bit goes by as an older state.

mod support;

use std::cell::Cell;

use crc::{CRC_32_ISO_HDLC, Crc};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use keyfob_store::sim::{MemoryFlash, SimError};
use keyfob_store::{CommitError, Flash, Key, MountError, ReadError, Store, WriteError};
use support::{Change, KEYS, Model, Step, after, contents, mounted, run, spend};

const SIZE: usize = 2048;
type Image = MemoryFlash<SIZE, 256, 4>;

/// A store with a copied part and five transactions behind it, the state before the last of these, and where the last
/// one is.
fn image(last: &Step) -> (Image, Model, Model, core::ops::Range<usize>) {
    let mut flash = Image::new();
    let mut store = mounted(&mut flash);
    let steps = [
        Step::Commit(vec![Change::Put(1, vec![1; 24]), Change::Put(2, vec![2; 90]), Change::Put(3, vec![3; 5])]),
        Step::Scrub,
        spend(1, 2),
        Step::Commit(vec![Change::Put(4, vec![4; 33]), Change::Remove(3), Change::Put(1, vec![3; 24])]),
        Step::Drop(vec![Change::Put(1, vec![9; 24]), Change::Put(5, vec![9; 24])]),
        spend(1, 4),
    ];
    let mut before = Model::new();
    for step in &steps {
        run(&mut store, step);
        before = after(&before, step);
    }
    flash.restart();
    let start = SIZE - flash.content().iter().rev().take_while(|byte| **byte == 0xff).count();
    run(&mut mounted(&mut flash), last);
    flash.restart();
    let end = SIZE - flash.content().iter().rev().take_while(|byte| **byte == 0xff).count();
    let model = after(&before, last);
    (flash, before, model, start.next_multiple_of(4)..end)
}

#[test]
fn a_flipped_bit_is_an_error_but_in_the_last_transaction() {
    let lasts =
        [spend(1, 5), Step::Commit(vec![Change::Put(1, vec![6; 24]), Change::Put(2, vec![6; 70]), Change::Remove(4)])];
    for last in lasts {
        let (image, before, model, last) = image(&last);
        assert!(last.start > SIZE / 2 && last.len() >= 40);
        let (mut refused, mut rolled_back) = (0, 0);
        for bit in 0..SIZE * 8 {
            let mut flash = image.clone();
            flash.content_mut()[bit / 8] ^= 1 << (bit % 8);
            flash.settle();
            flash.restart();
            let flipped = *flash.content();
            let place = bit / 8;
            match Store::<_, KEYS>::mount(&mut flash) {
                Err(MountError::Corrupt { .. }) => {
                    assert!((SIZE / 2..last.start).contains(&place), "at {place}");
                    assert_eq!(*flash.content(), flipped, "left as it is");
                    refused += 1;
                }
                Err(error) => panic!("at {place}: {error:?}"),
                Ok(mut store) => {
                    let found = contents(&mut store).unwrap();
                    if found == model {
                        // An unused bit.
                        assert!(place < SIZE / 2 || place >= last.end, "at {place}");
                    } else {
                        // A damaged last transaction can't be told from an interrupted one.
                        assert_eq!(found, before, "at {place}");
                        assert!(last.contains(&place), "at {place}");
                        rolled_back += 1;
                    }
                }
            }
        }
        assert_eq!(refused, (last.start - SIZE / 2) * 8);
        assert_eq!(rolled_back, last.len() * 8);
    }
}

/// What was copied was durable before the header: nothing of it can be an interrupted write.
#[test]
fn a_flipped_bit_in_a_copy_is_always_an_error() {
    let (mut image, ..) = image(&spend(1, 5));
    mounted(&mut image).scrub().unwrap();
    image.restart();
    let end = image.content().iter().take(SIZE / 2).rposition(|byte| *byte != 0xff).unwrap() + 1;
    for bit in 0..end * 8 {
        let mut flash = image.clone();
        flash.content_mut()[bit / 8] ^= 1 << (bit % 8);
        flash.settle();
        flash.restart();
        let result = Store::<_, KEYS>::mount(&mut flash).err();
        assert!(matches!(result, Some(MountError::Corrupt { .. })), "at {}: {result:?}", bit / 8);
    }
}

#[test]
fn a_bit_that_flips_after_mounting_is_an_error_when_read() {
    let (image, _, model, last) = image(&spend(1, 5));
    let flipped = Cell::new(None);
    let mut store = Store::<_, KEYS>::mount(Flipping { flash: image, flipped: &flipped }).unwrap();
    for bit in last.start * 8..last.end * 8 {
        flipped.set(Some(bit));
        let mut buffer = [0; 4200];
        let result = store.get(Key(1), &mut buffer).map(|value| value.map(<[u8]>::to_vec));
        assert!(matches!(result, Err(ReadError::Corrupt)), "{bit}: {result:?}");
        // A copy would look undamaged.
        assert!(store.get(Key(2), &mut buffer).is_ok());
    }
    assert!(store.scrub().is_err());
    flipped.set(None);
    assert_eq!(contents(&mut store).unwrap(), model);
}

#[test]
fn what_does_not_read_back_is_not_committed() {
    let (image, _, model, last) = image(&spend(1, 5));
    for bit in last.end * 8..(last.end + 40) * 8 {
        let flipped = Cell::new(None);
        let mut store = Store::<_, KEYS>::mount(Flipping { flash: image.clone(), flipped: &flipped }).unwrap();
        flipped.set(Some(bit));
        let mut transaction = store.begin();
        transaction.put(Key(1), &[6; 24]).unwrap();
        assert_eq!(transaction.commit(), Err(CommitError::WornOut), "{bit}");
        assert_eq!(contents(&mut store).as_ref(), Ok(&model));
        assert_eq!(store.begin().put(Key(1), &[6; 24]), Err(WriteError::NeedsMount));
    }
}

/// Records with right checksums in an order in which nothing writes them.
#[test]
fn a_transaction_within_a_transaction_is_an_error() {
    let record = |content: &mut [u8; SIZE], at: usize, kind: u8, mark: u8| {
        content[at..at + 11].copy_from_slice(&[kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        content[at + 11] = mark;
        let mut covered = [0, 0, 0, 1, 0, 0, 0, at as u8].to_vec();
        covered.extend_from_slice(&content[at..at + 12]);
        let checksum = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&covered);
        content[at + 12..at + 16].copy_from_slice(&checksum.to_be_bytes());
    };
    let mount = |kinds: [u8; 2]| {
        let mut flash = Image::new();
        drop(mounted(&mut flash));
        let mut content = *flash.content();
        record(&mut content, 28, kinds[0], b'M');
        record(&mut content, 44, kinds[1], b'C');
        Store::<_, KEYS>::mount(Image::with_content(content)).map(|store| store.keys().count())
    };
    assert_eq!(mount([0x11, 0x10]).ok(), Some(1));
    assert_eq!(mount([0x11, 0x11]).err(), Some(MountError::Corrupt { offset: 28 }));
    // An interrupted transaction whose first record was lost.
    assert_eq!(mount([0x10, 0x10]).ok(), Some(0));
}

#[test]
fn of_two_valid_banks_the_newer_counts() {
    let mut flash = Image::new();
    run(&mut mounted(&mut flash), &spend(1, 1));
    let old = *flash.content();
    flash.restart();
    let mut store = mounted(&mut flash);
    store.scrub().unwrap();
    run(&mut store, &spend(1, 2));
    assert!(flash.content()[..SIZE / 2].iter().all(|byte| *byte == 0xff), "no replaced value is left");
    flash.content_mut()[..SIZE / 2].copy_from_slice(&old[..SIZE / 2]);
    flash.settle();
    flash.restart();
    assert_eq!(contents(&mut mounted(&mut flash)).unwrap()[&1], [2; 24]);
    assert!(flash.content()[..SIZE / 2].iter().all(|byte| *byte == 0xff));
}

#[test]
fn banks_that_cannot_both_be_are_an_error() {
    let mut flash = Image::new();
    run(&mut mounted(&mut flash), &spend(1, 1));
    let mut content = *flash.content();
    content.copy_within(..SIZE / 2, SIZE / 2);
    let result = Store::<_, KEYS>::mount(Image::with_content(content)).err();
    assert_eq!(result, Some(MountError::Corrupt { offset: 0 }));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let mut foreign = [0xff; SIZE];
    foreign[1500] = 0;
    let mut flash = Image::with_content(foreign);
    assert_eq!(Store::<_, KEYS>::mount(&mut flash).err(), Some(MountError::Corrupt { offset: 0 }));
    assert_eq!(*flash.content(), foreign);
    let mut flash = Image::with_content([0; SIZE]);
    assert_eq!(Store::<_, KEYS>::mount(&mut flash).err(), Some(MountError::Corrupt { offset: 0 }));

    let (image, ..) = image(&spend(1, 5));
    let wide = MemoryFlash::<SIZE, 256, 8>::with_content(*image.content());
    assert_eq!(Store::<_, KEYS>::mount(wide).err(), Some(MountError::OtherGeometry));
    let few = Store::<_, 2>::mount(image.clone()).err();
    assert_eq!(few, Some(MountError::NoRoom));

    let mut later = *image.content();
    later[SIZE / 2 + 8] = 2;
    let checksum = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&later[SIZE / 2..SIZE / 2 + 24]);
    later[SIZE / 2 + 24..SIZE / 2 + 28].copy_from_slice(&checksum.to_be_bytes());
    let mut flash = Image::with_content(later);
    assert_eq!(Store::<_, KEYS>::mount(&mut flash).err(), Some(MountError::UnknownFormat { version: 2 }));
    assert_eq!(*flash.content(), later);
    assert_eq!(Store::<_, KEYS>::mount(MemoryFlash::<256, 256, 4>::new()).err(), Some(MountError::TooSmall));
}

/// A flash in which one bit reads otherwise.
struct Flipping<'a> {
    flash: Image,
    flipped: &'a Cell<Option<usize>>,
}

impl ErrorType for Flipping<'_> {
    type Error = SimError;
}

impl ReadNorFlash for Flipping<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.flash.read(offset, bytes)?;
        if let Some(bit) = self.flipped.get()
            && let Some(place) = (bit / 8).checked_sub(offset as usize)
            && let Some(byte) = bytes.get_mut(place)
        {
            *byte ^= 1 << (bit % 8);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Flipping<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 256;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.flash.write(offset, bytes)
    }
}

impl Flash for Flipping<'_> {
    fn barrier(&mut self) -> Result<(), SimError> {
        self.flash.barrier()
    }
}
