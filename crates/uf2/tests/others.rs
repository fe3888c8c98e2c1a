//! Files against other people's readers and writers.

use keyfob_uf2::{BLOCK, Block, Family, PAGE, ReadError, WriteError, read, write};
use proptest::prelude::*;

const FAMILIES: [Family; 3] = [Family::RP2040, Family::RP2350_ARM_S, Family::NRF52840];

fn file(family: Family, address: u32, image: &[u8]) -> Vec<u8> {
    write(family, address, image).unwrap().flatten().collect()
}

/// An image, filled up as erased flash is.
fn filled(image: &[u8]) -> Vec<u8> {
    let mut filled = image.to_vec();
    filled.resize(image.len().next_multiple_of(PAGE), 0xff);
    filled
}

/// The block that picotool 2.3 writes ahead of an image for RP2350.
fn picotools_absolute_block() -> Vec<u8> {
    let words = [0x0a32_4655, 0x9e5d_5157, 0x2000 | 0x8000, 0x10ff_ff00, 256, 0, 2, 0xe48b_ff57_u32];
    let mut block: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    block.extend([0xef; 256]);
    block.extend(0x9957_e304_u32.to_le_bytes());
    block.resize(508, 0);
    block.extend(0x0ab1_6f30_u32.to_le_bytes());
    block
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn other_readers_read_what_is_written(image in prop::collection::vec(any::<u8>(), 1..3000), page in 0u32..4000) {
        let address = 0x1000_0000 + page * 256;
        for family in FAMILIES {
            let file = file(family, address, &image);
            // It would fill the gap up to the erratum's block with zeros.
            let content = if family.needs_absolute_block() { &file[BLOCK..] } else { &file[..] };
            let (decoded, families) = uf2_decode::convert_from_uf2(content).unwrap();
            prop_assert_eq!(&decoded, &filled(&image));
            prop_assert_eq!(families.into_iter().collect::<Vec<_>>(), [(family.0, u64::from(address))]);

            let pages: Vec<_> = read(family, &file).unwrap().collect();
            prop_assert!(pages.iter().zip(0u32..).all(|(page, n)| page.address == address + 256 * n));
            prop_assert_eq!(pages.iter().flat_map(|page| page.data).copied().collect::<Vec<_>>(), filled(&image));
        }
    }

    #[test]
    fn other_writers_write_the_same_bytes(image in prop::collection::vec(any::<u8>(), 1..3000), page in 0u32..4000) {
        let address = 0x1000_0000 + page * 256;
        let whole = filled(&image);
        for family in [Family::RP2040, Family::NRF52840] {
            prop_assert_eq!(file(family, address, &image), uf2::bin_to_uf2(&whole, family.0, address).unwrap());
        }
        let mut expected = picotools_absolute_block();
        expected.extend(uf2::bin_to_uf2(&whole, Family::RP2350_ARM_S.0, address).unwrap());
        prop_assert_eq!(file(Family::RP2350_ARM_S, address, &image), expected);
    }

    #[test]
    fn anything_is_read_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..2100), cut in 0usize..600) {
        for family in FAMILIES {
            prop_assert!(read(family, &bytes).is_err());
        }
        let good = file(Family::RP2040, 0, &[7; 700]);
        bytes.splice(0..0, good[..good.len() - cut].iter().copied());
        let _ = read(Family::RP2040, &bytes).map(Iterator::count);
    }
}

/// Every byte of a file says something, but for those after the data; no change of one goes unseen.
#[test]
fn every_altered_byte_of_a_header_is_found() {
    for family in FAMILIES {
        let good = file(family, 0x1000_0000, &[9; 600]);
        let preface = usize::from(family.needs_absolute_block());
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            let (block, within) = (at / BLOCK, at % BLOCK);
            let outcome =
                read(family, &bytes).map(|pages| pages.flat_map(|page| page.data).copied().collect::<Vec<_>>());
            match within {
                // The address of the first block is the file's; a bit of it below the page isn't allowed.
                // A boot ROM that doesn't know that the erratum's block is to be ignored writes it where it says.
                12..16 if block < preface => assert_eq!(outcome, Err(ReadError::Absolute), "{at}"),
                32..288 if block >= preface => assert_ne!(outcome.unwrap(), filled(&[9; 600]), "{at}"),
                288..292 if block < preface => assert_eq!(outcome, Err(ReadError::Absolute), "{at}"),
                288..508 => assert!(outcome.is_ok(), "{at}"),
                _ => assert!(outcome.is_err(), "{at}"),
            }
        }
    }
}

#[test]
fn files_in_parts_in_another_order_or_for_another_chip_are_refused() {
    let good = file(Family::RP2040, 0x1000_0000, &[1; 1024]);
    let refused = |bytes: &[u8]| read(Family::RP2040, bytes).err().expect("refused");
    assert_eq!(refused(&[]), ReadError::Size);
    assert_eq!(refused(&good[..good.len() - 1]), ReadError::Size);
    assert_eq!(refused(&good[..3 * BLOCK]), ReadError::Order { at: 0 });
    let swapped = [&good[..BLOCK], &good[2 * BLOCK..3 * BLOCK], &good[BLOCK..2 * BLOCK], &good[3 * BLOCK..]].concat();
    assert_eq!(refused(&swapped), ReadError::Order { at: 1 });
    assert_eq!(refused(&[&good[..], &good[..]].concat()), ReadError::Order { at: 0 });
    let other = file(Family::NRF52840, 0x1000_0000, &[1; 1024]);
    assert_eq!(refused(&other), ReadError::Family(Family::NRF52840));
    let pico_2 = file(Family::RP2350_ARM_S, 0x1000_0000, &[1; 1024]);
    assert_eq!(refused(&pico_2), ReadError::Absolute);
    let without = &pico_2[BLOCK..];
    assert_eq!(read(Family::RP2350_ARM_S, without).err(), Some(ReadError::Absolute));
    assert_eq!(read(Family::RP2350_ARM_S, &pico_2[..BLOCK]).err(), Some(ReadError::Absolute));
}

#[test]
fn images_that_cannot_be_are_refused() {
    let refused = |address, image: &[u8]| write(Family::RP2040, address, image).err();
    assert_eq!(refused(0x1000_0001, &[0]), Some(WriteError::Unaligned));
    assert_eq!(refused(0x1000_0000, &[]), Some(WriteError::Size));
    assert_eq!(refused(0xffff_ff00, &[0; 257]), Some(WriteError::Size));
    assert_eq!(refused(0xffff_ff00, &[0; 256]), None);
    assert_eq!(Block::absolute().to_bytes().to_vec(), picotools_absolute_block());
}
