use std::fs;
use std::path::PathBuf;

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use keyfob_store::Flash;
use tempfile::TempDir;

use super::{FlashError, FlashImage, FlashStatistics, ImageError};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    (folder, path)
}

fn read<const N: usize>(image: &mut FlashImage, offset: u32) -> [u8; N] {
    let mut bytes = [0; N];
    image.read(offset, &mut bytes).unwrap();
    bytes
}

/// Every byte over every byte: allowed exactly if no bit rises, and otherwise nothing changes.
#[test]
fn programming_only_clears_bits() {
    let mut image = FlashImage::memory();
    for old in 0..=255_u8 {
        for new in 0..=255_u8 {
            image.erase(0, 4096).unwrap();
            image.write(8, &[0, 0, old, 0]).unwrap();
            let rises = (0..8).any(|bit| new >> bit & 1 == 1 && old >> bit & 1 == 0);
            let expected = if rises { Err(FlashError::NotErased { offset: 10 }) } else { Ok(()) };
            assert_eq!(image.write(8, &[0, 0, new, 0]), expected, "{new:08b} over {old:08b}");
            assert_eq!(read(&mut image, 10), [if rises { old } else { new }]);
        }
    }
}

#[test]
fn units_and_bounds_hold() {
    let mut image = FlashImage::memory();
    let end = u32::try_from(FlashImage::CAPACITY).unwrap();
    for (offset, length, expected) in [
        (0, 4, Ok(())),
        (end - 4, 4, Ok(())),
        (end, 0, Ok(())),
        (1, 4, Err(FlashError::NotAligned)),
        (4, 3, Err(FlashError::NotAligned)),
        (end - 4, 8, Err(FlashError::OutOfBounds)),
        (end + 4, 4, Err(FlashError::OutOfBounds)),
    ] {
        assert_eq!(image.write(offset, &vec![0; length]), expected, "{length} at {offset}");
    }
    for (from, to, expected) in [
        (0, 4096, Ok(())),
        (end - 4096, end, Ok(())),
        (0, 4, Err(FlashError::NotAligned)),
        (4, 4096, Err(FlashError::NotAligned)),
        (0, end + 4096, Err(FlashError::OutOfBounds)),
        (8192, 4096, Err(FlashError::OutOfBounds)),
    ] {
        assert_eq!(image.erase(from, to), expected, "{from} to {to}");
    }
    assert_eq!(image.read(end - 1, &mut [0; 2]), Err(FlashError::OutOfBounds));
    assert_eq!(image.read(end - 1, &mut [0]), Ok(()));
}

#[test]
fn erasing_touches_its_sectors_only() {
    let mut image = FlashImage::memory();
    for sector in 0..3 {
        image.write(sector * 4096, &[1; 4]).unwrap();
        image.write(sector * 4096 + 4092, &[2; 4]).unwrap();
    }
    image.erase(4096, 8192).unwrap();
    assert_eq!(read(&mut image, 4092), [2, 2, 2, 2, 0xff, 0xff]);
    assert_eq!(read(&mut image, 8190), [0xff, 0xff, 1, 1, 1, 1]);
    let expected = FlashStatistics { reads: 2, programmed: 24, erases: 1, barriers: 0 };
    assert_eq!(image.statistics(), expected);
}

#[test]
fn a_snapshot_is_apart() {
    let mut image = FlashImage::memory();
    image.write(0, &[1; 4]).unwrap();
    let mut snapshot = image.snapshot();
    image.write(4, &[2; 4]).unwrap();
    assert_eq!(read(&mut snapshot, 0), [1, 1, 1, 1, 0xff, 0xff]);
    assert!(FlashImage::from_content(vec![0; FlashImage::CAPACITY - 1]).is_none());
    assert_eq!(FlashImage::from_content(image.content().to_vec()).unwrap().content(), image.content());
}

#[test]
fn a_file_holds_what_was_written() {
    let (_folder, path) = folder();
    let mut image = FlashImage::open_or_create(&path).unwrap();
    image.write(4, &[1, 2, 3, 4]).unwrap();
    image.write(250_000, &[5; 8]).unwrap();
    image.write(8192, &[6; 4]).unwrap();
    image.erase(8192, 12288).unwrap();
    image.barrier().unwrap();
    assert_eq!(image.statistics().barriers, 1);
    let expected = image.content().to_vec();
    assert_eq!(fs::read(&path).unwrap(), expected);
    drop(image);
    let image = FlashImage::open_or_create(&path).unwrap();
    assert_eq!(image.content(), expected);
}

#[test]
fn a_refused_program_does_not_reach_the_file() {
    let (_folder, path) = folder();
    let mut image = FlashImage::create(&path).unwrap();
    image.write(0, &[0; 4]).unwrap();
    assert_eq!(image.write(0, &[0, 0, 0, 1]), Err(FlashError::NotErased { offset: 3 }));
    assert_eq!(fs::read(&path).unwrap()[..4], [0; 4]);
}

#[cfg(unix)]
#[test]
fn a_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = folder();
    drop(FlashImage::create(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_image_has_one_user() {
    let (_folder, path) = folder();
    let image = FlashImage::create(&path).unwrap();
    assert!(matches!(FlashImage::open(&path), Err(ImageError::Locked { .. })));
    assert!(matches!(FlashImage::open_or_create(&path), Err(ImageError::Locked { .. })));
    let snapshot = image.snapshot();
    drop(image);
    assert!(FlashImage::open(&path).is_ok(), "a snapshot holds no lock");
    drop(snapshot);
}

#[test]
fn other_files_are_left_alone() {
    let (folder, path) = folder();
    assert!(matches!(FlashImage::open(&path), Err(ImageError::Missing { .. })));
    for size in [0, FlashImage::CAPACITY - 1, FlashImage::CAPACITY + 1] {
        fs::write(&path, vec![7; size]).unwrap();
        let error = FlashImage::open_or_create(&path).unwrap_err();
        assert!(matches!(error, ImageError::Size { found, .. } if found == size as u64), "{error}");
        assert!(matches!(FlashImage::create(&path), Err(ImageError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), vec![7; size]);
    }
    assert!(matches!(FlashImage::open(folder.path()), Err(ImageError::File { .. })));
    assert!(matches!(FlashImage::create(&path.join("below")), Err(ImageError::File { .. })));
}
