use std::fs;

use keyfob_uf2::Family;

use super::*;

const PICO: &str = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n";
const PICO_2: &str = "UF2 Bootloader v1.0\r\nModel: Raspberry Pi RP2350\r\nBoard-ID: RP2350\r\n";
const DONGLE: &str = "UF2 Bootloader 0.6.2\r\nModel: Nordic nRF52840 Dongle\r\nBoard-ID: nRF52840-pca10059-v1\r\n";
const FEATHER: &str =
    "UF2 Bootloader 0.2.6\r\nModel: Adafruit Feather nRF52840 Express\r\nBoard-ID: NRF52-Bluefruit-v0\r\n";

fn drive(folder: &Path, info: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(INFO), info).unwrap();
}

#[test]
fn mounts_are_read_as_the_kernel_writes_them() {
    let mounts = "proc /proc proc rw 0 0\n\
        /dev/sdb1 /media/me/RPI-RP2 vfat rw,relatime 0 0\n\
        /dev/sdc1 /media/me/MY\\040DRIVE\\011\\134\\012x vfat rw 0 0\n\
        /dev/sdd1 /media/me/odd\\9\\40 msdos rw 0 0\n\
        server:/x /mnt/vfat nfs4 rw 0 0\n\
        vfat\n";
    let expected = ["/media/me/RPI-RP2", "/media/me/MY DRIVE\t\\\nx", "/media/me/odd\\9\\40"];
    assert_eq!(fat_folders(mounts), expected.map(PathBuf::from));
}

#[test]
fn drives_are_found_on_each_system() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    fs::create_dir(root.join("proc")).unwrap();
    fs::write(root.join("proc/mounts"), "/dev/sdb1 /media/A\\040B vfat rw 0 0\n/dev/sda1 /other vfat rw 0 0\n")
        .unwrap();
    for (system, folder) in [("linux", "media/A B"), ("macos", "Volumes/RPI-RP2"), ("windows", "E")] {
        drive(&root.join(folder), PICO);
        let found: Vec<_> = candidates(system, root).iter().filter_map(|folder| Drive::at(folder)).collect();
        assert_eq!(found.len(), 1, "{system}");
        assert_eq!((&found[0].path, found[0].board_id.as_str()), (&root.join(folder), "RPI-RP2"), "{system}");
    }
    let letters = candidates("windows", Path::new("/"));
    assert!(letters.contains(&PathBuf::from("E:\\")) && !letters.contains(&PathBuf::from("C:\\")));
}

/// Each image on each board's drive: only the board's own takes it.
#[test]
fn only_the_boards_own_image_is_taken() {
    let families = [Family::RP2040, Family::RP2350_ARM_S, Family::NRF52840];
    for (at, info) in [PICO, PICO_2, DONGLE, FEATHER, "Board-ID: \r\n"].into_iter().enumerate() {
        let root = tempfile::tempdir().unwrap();
        drive(root.path(), info);
        for (of, family) in families.into_iter().enumerate() {
            let image: Vec<_> = keyfob_uf2::write(family, 0x1000_0000, &[1]).unwrap().flatten().collect();
            let kind = Kind::of_uf2(&image).unwrap();
            let chosen = choose(Some(root.path()), Path::new("/"), kind);
            match chosen {
                Ok(drive) => assert!(at == of && drive.is_there(), "{info}"),
                Err(failure) => assert!(at != of && failure.code() == "board-mismatch", "{info}: {failure:?}"),
            }
        }
    }
}

#[test]
fn other_folders_are_no_drives() {
    let root = tempfile::tempdir().unwrap();
    for (name, info) in [("a", "nothing"), ("b", "Board-ID RPI-RP2"), ("c", "")] {
        drive(&root.path().join(name), info);
        assert_eq!(Drive::at(&root.path().join(name)), None, "{info}");
    }
    assert_eq!(Drive::at(root.path()), None);
    let endless = "x".repeat(5000) + "\nBoard-ID: RPI-RP2\n";
    drive(&root.path().join("d"), &endless);
    assert_eq!(Drive::at(&root.path().join("d")), None);
}
