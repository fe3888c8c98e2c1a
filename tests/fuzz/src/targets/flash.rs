//! Stores that hold anything: damaged, interrupted, made up, or a token's with other values.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use embedded_storage::nor_flash::NorFlash;
use keyfob_store::{Key, Store};
use keyfob_token::{Caller, STORE_KEYS, Token};
use keyfob_wire::{Instant, Operation};

use crate::board::{Memory, Numbers, ToyBoard};
use crate::cast::{cast, noise};
use crate::edits::edit;
use crate::fob::Fob;

/// How many keys the store of images has room for.
const KEYS: usize = 8;
/// The size of a bank.
const BANK: usize = Memory::ERASE_SIZE;

type Values = BTreeMap<Key, Vec<u8>>;

/// Mounts an image of which every part can be anything.
pub(super) fn image(data: &[u8]) {
    let mut input = Unstructured::new(data);
    // An image whose description ends early is as good as any.
    let mut image = vec![0xff; 2 * BANK];
    let _end = fill(&mut input, &mut image);
    mount(image);
}

fn mount(image: Vec<u8>) {
    let memory = Memory::new(image.clone());
    let Ok(store) = Store::<_, KEYS>::mount(memory.clone()) else {
        assert!(memory.content() == image, "what isn't mounted is left as it is");
        return;
    };
    let values = read(store);
    assert_eq!(read(remount(&memory)), values, "mounting again changes nothing");
    let mounted = memory.content();
    let mut store = remount(&memory);
    store.free().expect("a mounted store knows its room");
    store.scrub().expect("a mounted store can be compacted");
    assert_eq!(read(store), values, "compaction changes nothing");
    write(&memory, values.clone());
    write(&Memory::new(mounted), values);
}

/// Writes a value to a store that holds some.
fn write(memory: &Memory, mut expected: Values) {
    let mut store = remount(memory);
    let (key, value) = (Key(77), vec![0x5a; 30]);
    let mut transaction = store.begin();
    if transaction.put(key, &value).is_ok() {
        transaction.commit().expect("a mounted store can be written");
        expected.insert(key, value);
    }
    assert_eq!(read(remount(memory)), expected, "what was committed is there, and all else as before");
}

fn remount(memory: &Memory) -> Store<Memory, KEYS> {
    Store::mount(memory.clone()).expect("what was mounted once")
}

/// Reads everything.
fn read(mut store: Store<Memory, KEYS>) -> Values {
    let keys: Vec<_> = store.keys().collect();
    let mut buffer = [0; keyfob_store::MAX_VALUE];
    let mut value = |key| store.get(key, &mut buffer).expect("mounting has read it").expect("it has a value").to_vec();
    keys.into_iter().map(|key| (key, value(key))).collect()
}

/// Writes banks with headers and records whose checksums are mostly right, then changes some bytes.
fn fill(input: &mut Unstructured<'_>, image: &mut [u8]) -> Result<()> {
    for bank in image.chunks_mut(BANK) {
        if input.ratio(1, 4u8)? {
            continue;
        }
        // The last numbers are left out: with them a store is worn out, which isn't what is looked for.
        let last = if input.ratio(7, 8u8)? { 3 } else { u32::MAX - 8 };
        let generation = input.int_in_range(0..=last)?;
        let version = if input.ratio(15, 16u8)? { 1 } else { input.arbitrary()? };
        let copied = if input.ratio(1, 2u8)? { 0 } else { input.int_in_range(0..=200u32)? };
        let mut header = [&b"KFSTORE\0"[..], &[version, 4, 0, 0], &generation.to_be_bytes()].concat();
        header.extend([(BANK as u32).to_be_bytes(), copied.to_be_bytes()].concat());
        let checksum = crc32(&header) ^ u32::from(input.ratio(1, 16u8)?);
        header.extend(checksum.to_be_bytes());
        bank[..28].copy_from_slice(&header);
        records(input, bank, generation)?;
    }
    for _ in 0..input.int_in_range(0..=3)? {
        let place = input.int_in_range(0..=image.len() - 1)?;
        image[place] = input.arbitrary()?;
    }
    Ok(())
}

fn records(input: &mut Unstructured<'_>, bank: &mut [u8], generation: u32) -> Result<()> {
    let mut offset = 28;
    let mut first = true;
    for _ in 0..input.int_in_range(0..=12)? {
        let length: u16 =
            if input.ratio(7, 8u8)? { input.int_in_range(0..=40)? } else { input.int_in_range(0..=900)? };
        let (kind, length) = match input.int_in_range(0..=15u8)? {
            0 => (input.arbitrary()?, length),
            1..=3 => (0x20, 0),
            _ => (0x10, length),
        };
        let kind = kind | u8::from(first ^ input.ratio(1, 16u8)?);
        let size = (16 + usize::from(length)).next_multiple_of(4);
        let Some(place) = bank.get_mut(offset..offset + size) else { return Ok(()) };
        let mark = match input.int_in_range(0..=9u8)? {
            0..=2 => b'M',
            3 => b'A',
            4 => input.arbitrary()?,
            _ => b'C',
        };
        let (body, trailer) = place.split_at_mut(size - 5);
        body[0] = kind;
        body[1..3].copy_from_slice(&length.to_be_bytes());
        body[3..11].copy_from_slice(&input.int_in_range(0..=9u64)?.to_be_bytes());
        body[11..11 + usize::from(length)].fill(input.arbitrary()?);
        trailer[0] = mark;
        let covered = [&generation.to_be_bytes(), &(offset as u32).to_be_bytes(), &*body, &[mark]].concat();
        let checksum = crc32(&covered) ^ u32::from(input.ratio(1, 16u8)?);
        trailer[1..].copy_from_slice(&checksum.to_be_bytes());
        first = mark != b'M';
        offset += size;
    }
    Ok(())
}

/// CRC-32 (ISO-HDLC), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

pub(super) fn image_seeds() -> Vec<Vec<u8>> {
    (0..32).map(|seed| noise(seed, 40 + 8 * seed as usize)).chain([vec![], vec![0; 64], vec![0xff; 64]]).collect()
}

/// Starts a token whose store is sound but holds other values than a token writes.
pub(super) fn values(data: &[u8]) {
    let memory = Memory::new(cast().stages[3].clone());
    let mut input = Unstructured::new(data);
    if change(&mut input, &memory).is_err() {
        return;
    }
    let Ok(token) = Token::start(ToyBoard(Numbers(3)), memory.clone()) else { return };
    let mut fob = Fob { token: Box::new(token), memory, now: Instant(1) };
    fob.init([3; 8]);
    for operation in Operation::ALL {
        let body = input.bytes(input.len().min(8)).unwrap_or_default();
        fob.execute(&Caller::Guest, &[&[operation.byte()], body].concat());
    }
    cast().plaintexts.iter().for_each(|text| drop(fob.execute(&Caller::Guest, text)));
}

/// Changes values, removes some and adds others.
fn change(input: &mut Unstructured<'_>, memory: &Memory) -> Result<()> {
    let mut store = Store::<_, STORE_KEYS>::mount(memory.clone()).expect("a token's store");
    let keys: Vec<_> = store.keys().collect();
    for _ in 0..input.int_in_range(1..=4)? {
        let key = *input.choose(&keys)?;
        let mut buffer = [0; keyfob_store::MAX_VALUE];
        let value = store.get(key, &mut buffer).ok().flatten().map(<[u8]>::to_vec);
        let kind = input.int_in_range(0..=7u8)?;
        let key = if kind == 0 { Key(key.0 ^ 1 << input.int_in_range(0..=63u8)?) } else { key };
        let value = edit(&value.unwrap_or_default(), input)?;
        let mut transaction = store.begin();
        let written = if kind == 1 { transaction.remove(key) } else { transaction.put(key, &value) };
        if written.is_ok() {
            transaction.commit().expect("a sound store");
        }
    }
    Ok(())
}

pub(super) fn value_seeds() -> Vec<Vec<u8>> {
    (0..32).map(|seed| noise(seed, 24)).collect()
}
