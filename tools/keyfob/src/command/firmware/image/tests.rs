use std::fs;

use keyfob_uf2::{BLOCK, Block, Family, write};

use super::kind::KINDS;
use super::*;

/// The boards' own files.
const FILES: [&str; 3] = [
    include_str!("../../../../../../firmware/boards/pico/board.toml"),
    include_str!("../../../../../../firmware/boards/pico2/board.toml"),
    include_str!("../../../../../../firmware/boards/nrf52840-dongle/board.toml"),
];

/// The number behind a name in a board's file, in or out of braces.
fn number(file: &str, name: &str) -> u32 {
    let (_, rest) = file.split_once(&format!("{name} = ")).unwrap();
    let digits = rest.split([',', ' ', '\n', '}']).next().unwrap();
    let hex = digits.strip_prefix("0x");
    hex.map_or_else(|| digits.parse(), |hex| u32::from_str_radix(hex, 16)).unwrap()
}

#[test]
fn the_table_is_what_the_boards_files_say() {
    assert_eq!(KINDS.len(), FILES.len());
    for (kind, file) in KINDS.iter().zip(FILES) {
        assert!(file.contains(&format!("\nnumber = {}\n", kind.board.0)), "{}", kind.chip);
        assert!(file.contains(&format!("\ntitle = \"{}\"\n", kind.title())), "{}", kind.chip);
        assert!(file.contains(&format!("\nchip = \"{}\"\n", kind.chip)), "{}", kind.chip);
        let (_, image) = file.split_once("\nimage = {").unwrap();
        let start = number(file, "base") + number(image, "start");
        assert_eq!(kind.flash, start..start + number(image, "size"), "{}", kind.chip);
    }
}

fn uf2(kind: &Kind, length: usize) -> Vec<u8> {
    let content: Vec<_> = (0..length).map(|at| (at % 253) as u8).collect();
    write(kind.family, kind.flash.start, &content).unwrap().flatten().collect()
}

/// A folder as `cargo xtask firmware` makes it.
fn folder(kind: &Kind) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [("keyfob-x.elf", b"elf".to_vec()), ("keyfob-x.uf2", uf2(kind, 1000))].map(|(name, bytes)| {
        fs::write(folder.path().join(name), &bytes).unwrap();
        serde_json::json!({ "name": name, "size": bytes.len(), "sha256": to_hex(&sha256(&[&bytes])) })
    });
    let manifest = serde_json::json!({
        "schema": "keyfob-firmware-1", "board": "x", "title": "X", "number": kind.board.0, "chip": kind.chip,
        "probe": "X", "version": "0.1.0", "compiler": "rustc", "flash": 1, "ram": 2, "stack": 3, "files": files,
    });
    write_manifest(folder.path(), &manifest);
    folder
}

fn write_manifest(folder: &Path, manifest: &serde_json::Value) {
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
}

/// Changes one value of a manifest.
fn with(folder: &Path, pointer: &str, value: impl Into<serde_json::Value>) {
    let bytes = fs::read(folder.join("manifest.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    *manifest.pointer_mut(pointer).unwrap() = value.into();
    write_manifest(folder, &manifest);
}

fn code(path: &Path) -> &'static str {
    Image::read(path).map(|_| "").unwrap_or_else(|failure| failure.code())
}

#[test]
fn whole_images_are_read() {
    for kind in KINDS {
        let folder = folder(kind);
        let image = Image::read(folder.path()).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!((image.kind.board, image.version()), (kind.board, Some("0.1.0")));
        let uf2 = image.uf2.unwrap();
        assert_eq!((uf2.start, uf2.end), (kind.flash.start, kind.flash.start + 1024));
        let alone = Image::read(&folder.path().join("keyfob-x.uf2")).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!((alone.kind.board, alone.version(), alone.uf2), (kind.board, None, Some(uf2)));
        assert_eq!(alone.file("elf").map(|_| ()).unwrap_err().code(), "usage");
    }
}

#[test]
fn a_manifest_that_lies_is_refused() {
    for (pointer, value, expected) in [
        ("/schema", "keyfob-firmware-2".into(), "file-unknown"),
        ("/number", 0.into(), "board-mismatch"),
        ("/number", 2.into(), "board-mismatch"),
        ("/number", 256.into(), "file-unknown"),
        ("/chip", "RP2350".into(), "board-mismatch"),
        ("/probe", "--chip-erase".into(), "image-damaged"),
        ("/files", serde_json::json!([]), "image-damaged"),
        ("/files/0/size", 4.into(), "image-damaged"),
        ("/files/0/sha256", "00".into(), "image-damaged"),
        ("/files/0/name", "../keyfob-x.elf".into(), "image-damaged"),
        ("/files/0/name", "-x".into(), "image-damaged"),
        ("/files/0/name", "a}; shutdown; {.elf".into(), "image-damaged"),
        ("/files/0/name", "nothing.elf".into(), "file-unreadable"),
    ] {
        let folder = folder(&KINDS[0]);
        with(folder.path(), pointer, serde_json::Value::clone(&value));
        assert_eq!(code(folder.path()), expected, "{pointer} {value}");
    }
    let folder = folder(&KINDS[0]);
    fs::remove_file(folder.path().join("manifest.json")).unwrap();
    assert_eq!(code(folder.path()), "file-unreadable");
}

/// Every bit of a UF2 file: with a manifest it is the digest that tells; without, all but the pages' content.
#[test]
fn no_bit_of_a_file_may_change() {
    for kind in KINDS {
        let (folder, good) = (folder(kind), uf2(kind, 300));
        let path = folder.path().join("keyfob-x.uf2");
        let other = uf2(kind, 1000).iter().map(|byte| byte ^ 1).collect::<Vec<_>>();
        fs::write(&path, &other).unwrap();
        assert_eq!(code(folder.path()), "image-damaged");
        for at in (0..good.len()).filter(|at| !(32..508).contains(&(at % BLOCK))) {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).unwrap();
            assert_ne!(code(&path), "", "{} byte {at}", kind.chip);
        }
        for length in (0..good.len()).step_by(64) {
            fs::write(&path, &good[..length]).unwrap();
            assert_ne!(code(&path), "", "{} {length} bytes", kind.chip);
        }
    }
}

#[test]
fn images_stay_where_they_belong() {
    for kind in KINDS {
        let room = kind.flash.len();
        let file = |start: u32, length: usize| -> Vec<u8> {
            write(kind.family, start, &vec![0; length]).unwrap().flatten().collect()
        };
        let check = |bytes: &[u8]| Uf2::read(kind, bytes).map(|_| "").unwrap_or_else(|failure| failure.code());
        assert_eq!(check(&file(kind.flash.start, room)), "");
        // Into the fob's memory, or over the bootloader.
        assert_eq!(check(&file(kind.flash.start, room + 1)), "board-mismatch");
        assert_eq!(check(&file(kind.flash.start + 256, 1)), "board-mismatch");
        assert_eq!(check(&file(kind.flash.start - 256, 257)), "board-mismatch");
    }
}

#[test]
fn another_boards_file_is_refused() {
    for kind in KINDS {
        for other in KINDS.iter().filter(|other| other.chip != kind.chip) {
            let failure = Uf2::read(kind, &uf2(other, 1)).unwrap_err();
            assert!(["board-mismatch", "image-damaged"].contains(&failure.code()), "{failure:?}");
            let folder = folder(kind);
            let bytes = uf2(other, 1000);
            fs::write(folder.path().join("keyfob-x.uf2"), &bytes).unwrap();
            with(folder.path(), "/files/1/sha256", to_hex(&sha256(&[&bytes])));
            with(folder.path(), "/files/1/size", bytes.len());
            assert_ne!(code(folder.path()), "");
        }
    }
    let strange = Block { family: Family(0x1234_5678), ..Block::absolute() };
    let failure = Kind::of_uf2(&strange.to_bytes()).map(|_| ()).unwrap_err();
    assert_eq!((failure.code(), failure.exit()), ("board-mismatch", Exit::Verification));
}
