//! `keyfob firmware` with folders for drives, scripts for the programs of others, and emulators for fobs.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use keyfob_crypto::sha256;
use keyfob_uf2::Family;
use serde_json::{Value, json};

const PICO: &str = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n";
const PICO_2: &str = "UF2 Bootloader v1.0\r\nModel: Raspberry Pi RP2350\r\nBoard-ID: RP2350\r\n";

fn keyfob(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.env_remove("KEYFOB_TOKEN").env("XDG_RUNTIME_DIR", root).env("PATH", root.join("bin")).args(arguments);
    command.stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn failed(output: &Output, exit: i32, code: &str) {
    let said = said(output);
    assert!(output.stdout.is_empty() && said.contains(&format!("[{code}]")), "{said}");
    assert_eq!(output.status.code(), Some(exit), "{said}");
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// A folder with an image, as `cargo xtask firmware` makes it.
fn image(root: &Path, name: &str, number: u8, chip: &str, (family, start): (Family, u32)) -> PathBuf {
    let folder = root.join(name);
    fs::create_dir(&folder).unwrap();
    let content: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    let uf2: Vec<u8> = keyfob_uf2::write(family, start, &content).unwrap().flatten().collect();
    let files = [("elf", b"elf".to_vec()), ("uf2", uf2), ("hex", b"hex".to_vec())].map(|(ending, bytes)| {
        let name = format!("keyfob-{name}.{ending}");
        fs::write(folder.join(&name), &bytes).unwrap();
        let digest: String = sha256(&[&bytes]).iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "name": name, "size": bytes.len(), "sha256": digest })
    });
    let manifest = json!({
        "schema": "keyfob-firmware-1", "board": name, "title": name, "number": number, "chip": chip, "probe": chip,
        "version": "0.1.0", "compiler": "rustc 1.0", "flash": 150_000, "ram": 40_000, "stack": 16_384, "files": files,
    });
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    folder
}

fn pico(root: &Path) -> PathBuf {
    image(root, "pico", 1, "RP2040", (Family::RP2040, 0x1000_0000))
}

fn dongle(root: &Path) -> PathBuf {
    image(root, "nrf52840-dongle", 3, "Nrf52840", (Family::NRF52840, 0x1000))
}

/// A drive that is mounted below the root.
fn drive(root: &Path, name: &str, info: &str) -> PathBuf {
    let folder = root.join("media").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("INFO_UF2.TXT"), info).unwrap();
    fs::create_dir_all(root.join("proc")).unwrap();
    let mounts = fs::read_to_string(root.join("proc/mounts")).unwrap_or_default();
    let line = format!("/dev/sdx1 /media/{} vfat rw 0 0\n", name.replace(' ', "\\040"));
    fs::write(root.join("proc/mounts"), mounts + &line).unwrap();
    folder
}

/// A program that writes down its arguments, one a line, and ends so.
fn program(root: &Path, name: &str, exit: i32) {
    let (folder, log) = (root.join("bin"), root.join("log"));
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\n{{ echo \"$PWD\"; for a in {name} \"$@\"; do echo \"$a\"; done; echo; }} >> '{}'\necho noise\nexit {exit}\n",
        log.display()
    );
    let path = folder.join(name);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// The folder, name and arguments of each call.
fn calls(root: &Path) -> Vec<Vec<String>> {
    let log = fs::read_to_string(root.join("log")).unwrap_or_default();
    log.split("\n\n").filter(|call| !call.is_empty()).map(|call| call.lines().map(str::to_owned).collect()).collect()
}

fn install<'a>(image: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [&["firmware", "install", image.to_str().unwrap(), "--no-wait"], more].concat()
}

#[test]
fn an_image_is_shown_in_words_and_as_a_document() {
    let root = tempfile::tempdir().unwrap();
    let folder = pico(root.path());
    let output = keyfob(root.path(), &["firmware", "inspect", folder.to_str().unwrap()]).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(text.contains("family  0xe48bff56") && text.contains("chip         RP2040"), "{text}");
    assert!(said(&output).contains("whom you trust"));
    let output = keyfob(root.path(), &["--json", "firmware", "inspect", folder.to_str().unwrap()]).output().unwrap();
    let shown = document(&output);
    assert_eq!((&shown["schema"], &shown["flash_bytes"]), (&"keyfob.firmware-inspect.v1".into(), &150_000.into()));
    assert_eq!((&shown["uf2"]["blocks"], &shown["uf2"]["end"]), (&391.into(), &"0x10018700".into()));
    assert_eq!(shown["files"].as_array().unwrap().len(), 3);
    fs::write(folder.join("keyfob-pico.elf"), "fle").unwrap();
    let output = keyfob(root.path(), &["firmware", "inspect", folder.to_str().unwrap()]).output().unwrap();
    failed(&output, 8, "image-damaged");
}

#[test]
fn the_only_drive_gets_the_image() {
    let root = tempfile::tempdir().unwrap();
    let (folder, below) = (pico(root.path()), root.path().to_str().unwrap());
    failed(&keyfob(root.path(), &install(&folder, &["--root", below])).output().unwrap(), 3, "no-drive");
    let drive = drive(root.path(), "RPI RP2", PICO);
    for image in [folder.clone(), folder.join("keyfob-pico.uf2")] {
        let output = keyfob(root.path(), &install(&image, &["--json", "--root", below])).output().unwrap();
        let done = document(&output);
        assert_eq!((&done["schema"], &done["blocks"]), (&"keyfob.firmware-install.v1".into(), &391.into()));
        assert_eq!(done["by"], drive.to_str().unwrap());
        let copied = fs::read(drive.join("keyfob-pico.uf2")).unwrap();
        assert!(copied == fs::read(folder.join("keyfob-pico.uf2")).unwrap());
    }
}

#[test]
fn another_boards_drive_and_one_of_two_are_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let (folder, below) = (pico(root.path()), root.path().to_str().unwrap());
    let other = drive(root.path(), "RP2350", PICO_2);
    failed(&keyfob(root.path(), &install(&folder, &["--root", below])).output().unwrap(), 8, "board-mismatch");
    let named = install(&folder, &["--drive", other.to_str().unwrap()]);
    failed(&keyfob(root.path(), &named).output().unwrap(), 8, "board-mismatch");
    let own = drive(root.path(), "RPI-RP2", PICO);
    failed(&keyfob(root.path(), &install(&folder, &["--root", below])).output().unwrap(), 3, "several-drives");
    for drive in [&own, &other] {
        assert_eq!(fs::read_dir(drive).unwrap().count(), 1, "nothing was written");
    }
    let named = install(&folder, &["--drive", own.to_str().unwrap()]);
    assert!(keyfob(root.path(), &named).output().unwrap().status.success());
    let nowhere = install(&folder, &["--drive", below]);
    failed(&keyfob(root.path(), &nowhere).output().unwrap(), 3, "no-drive");
}

#[test]
fn drives_that_are_full_or_cannot_be_written() {
    let root = tempfile::tempdir().unwrap();
    let (folder, drive) = (pico(root.path()), drive(root.path(), "RPI-RP2", PICO));
    let named = install(&folder, &["--drive", drive.to_str().unwrap()]);
    symlink("/dev/full", drive.join("keyfob-pico.uf2")).unwrap();
    let output = keyfob(root.path(), &named).output().unwrap();
    failed(&output, 1, "drive-failed");
    assert!(said(&output).contains("after 0 of 391 blocks"), "{}", said(&output));
    fs::remove_file(drive.join("keyfob-pico.uf2")).unwrap();
    fs::create_dir(drive.join("keyfob-pico.uf2")).unwrap();
    failed(&keyfob(root.path(), &named).output().unwrap(), 1, "drive-failed");
}

#[test]
fn altered_and_truncated_files_reach_no_drive() {
    let root = tempfile::tempdir().unwrap();
    let (folder, drive) = (pico(root.path()), drive(root.path(), "RPI-RP2", PICO));
    let uf2 = folder.join("keyfob-pico.uf2");
    let good = fs::read(&uf2).unwrap();
    let mut altered = good.clone();
    altered[512 * 7 + 20] ^= 1;
    for bad in [&good[..good.len() - 512], &good[..good.len() - 1], &altered] {
        fs::write(&uf2, bad).unwrap();
        for image in [&folder, &uf2] {
            let named = install(image, &["--drive", drive.to_str().unwrap()]);
            failed(&keyfob(root.path(), &named).output().unwrap(), 8, "image-damaged");
        }
    }
    assert!(!drive.join("keyfob-pico.uf2").exists());
}

#[test]
fn probes_are_left_to_probe_rs_or_else_openocd() {
    let root = tempfile::tempdir().unwrap();
    let folder = pico(root.path());
    let by_probe = install(&folder, &["--probe"]);
    let output = keyfob(root.path(), &by_probe).output().unwrap();
    failed(&output, 1, "tool-missing");
    assert!(said(&output).contains("cargo install probe-rs-tools"));
    let alone = folder.join("keyfob-pico.uf2");
    failed(&keyfob(root.path(), &install(&alone, &["--probe"])).output().unwrap(), 2, "usage");

    program(root.path(), "openocd", 0);
    let output = keyfob(root.path(), &by_probe).arg("--json").output().unwrap();
    assert_eq!((&document(&output)["by"], said(&output)), (&"openocd".into(), String::new()));
    let place = folder.to_str().unwrap();
    let expected = [
        place,
        "openocd",
        "-f",
        "interface/cmsis-dap.cfg",
        "-f",
        "target/rp2040.cfg",
        "-c",
        "adapter speed 5000",
        "-c",
        "program keyfob-pico.elf verify reset exit",
    ];
    assert_eq!(calls(root.path()), [expected.map(str::to_owned).to_vec()]);

    fs::remove_file(root.path().join("log")).unwrap();
    program(root.path(), "probe-rs", 0);
    let output = keyfob(root.path(), &by_probe).output().unwrap();
    assert!(output.status.success() && said(&output).contains("noise"), "{}", said(&output));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("noise"));
    let expected = [
        vec![place, "probe-rs", "download", "--chip", "RP2040", "--verify", "keyfob-pico.elf"],
        vec![place, "probe-rs", "reset", "--chip", "RP2040"],
    ];
    assert_eq!(calls(root.path()), expected);

    program(root.path(), "probe-rs", 3);
    failed(&keyfob(root.path(), &by_probe).output().unwrap(), 1, "tool-failed");
}

#[test]
fn nordics_bootloader_is_left_to_nrfutil() {
    let root = tempfile::tempdir().unwrap();
    let folder = dongle(root.path());
    let by_dfu = install(&folder, &["--dfu", "/dev/ttyACM7"]);
    failed(&keyfob(root.path(), &by_dfu).output().unwrap(), 1, "tool-missing");
    failed(&keyfob(root.path(), &install(&folder, &["--dfu=--port"])).output().unwrap(), 2, "usage");
    failed(&keyfob(root.path(), &install(&folder, &["--dfu", "x", "--probe"])).output().unwrap(), 2, "usage");
    program(root.path(), "nrfutil", 0);
    let temporary = root.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let output = keyfob(root.path(), &by_dfu).env("TMPDIR", &temporary).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let [generate, send] = &calls(root.path())[..] else { panic!("{:?}", calls(root.path())) };
    let expected = "nrfutil nrf5sdk-tools pkg generate --hw-version 52 --sd-req 0x00 \
        --application keyfob-nrf52840-dongle.hex --application-version 1";
    let (package, rest) = generate.split_last().unwrap();
    assert_eq!((rest[0].as_str(), rest[1..].join(" ").as_str()), (folder.to_str().unwrap(), expected));
    let expected = format!("nrfutil nrf5sdk-tools dfu usb-serial --package {package} --port /dev/ttyACM7");
    assert_eq!(send[1..].join(" "), expected);
    assert!(Path::new(package).starts_with(&temporary), "{package}");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "the package is gone");
}

/// An emulator that has said where it listens.
fn emulator(root: &Path) -> Child {
    let state = root.join("fob");
    let mut command = keyfob(root, &["emulator", "run", "--state", state.to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    child
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_fob_that_comes_is_told_of() {
    let root = tempfile::tempdir().unwrap();
    let (folder, drive) = (pico(root.path()), drive(root.path(), "RPI-RP2", PICO));
    let arguments = ["firmware", "install", folder.to_str().unwrap(), "--drive", drive.to_str().unwrap(), "--wait"];
    let none = keyfob(root.path(), &[&arguments[..], &["300ms"]].concat()).output().unwrap();
    failed(&none, 7, "no-fob-came");
    let waits = keyfob(root.path(), &[&arguments[..], &["60s", "--json"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whichever is first: a fob that is there from the start would be another board's, so wait for the copy.
    let copied = drive.join("keyfob-pico.uf2");
    fs::remove_file(&copied).unwrap();
    let waits = std::thread::spawn(move || waits.wait_with_output().unwrap());
    std::thread::sleep(std::time::Duration::from_millis(700));
    let child = emulator(root.path());
    let done = document(&waits.join().unwrap());
    let uri = format!("unix:{}", root.path().join("keyfob/fob.sock").display());
    assert_eq!((&done["fob"]["uri"], &done["fob"]["state"]), (&uri.as_str().into(), &"blank".into()));
    assert!(done["next"].as_str().unwrap().contains(&format!("keyfob-vendor maker certify --token {uri}")));
    end(child);
}

#[test]
fn a_blank_fob_is_checked_as_far_as_that_goes() {
    let root = tempfile::tempdir().unwrap();
    failed(&keyfob(root.path(), &["firmware", "selftest"]).output().unwrap(), 3, "no-token");
    let child = emulator(root.path());
    let output = keyfob(root.path(), &["firmware", "selftest", "--json", "--rounds", "1000"]).output().unwrap();
    let report = document(&output);
    assert!(output.status.success(), "{report}");
    assert_eq!((&report["schema"], &report["fob"]["state"]), (&"keyfob.selftest.v1".into(), &"blank".into()));
    assert_eq!(report["fob"]["emulated"], true);
    let outcomes: Vec<_> = report["checks"].as_array().unwrap().iter().map(|check| check["outcome"].clone()).collect();
    let (passed, not) = (json!("passed"), json!("not-checked"));
    let expected = [&not, &passed, &passed, &passed, &not, &not, &not, &not, &not, &not, &not];
    assert_eq!(outcomes.iter().collect::<Vec<_>>(), expected);
    let init = &report["checks"][1]["measured"];
    assert_eq!((&init["asked"], &init["answered"]), (&1000.into(), &1000.into()));
    assert!(init["p50_ms"].as_f64() <= init["p95_ms"].as_f64() && init["p95_ms"].as_f64() <= init["p99_ms"].as_f64());

    let output = keyfob(root.path(), &["firmware", "selftest", "--yes", "--rounds", "3", "-q"]).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(text.contains("EMULATED: this says nothing about a board"), "{text}");
    assert!(text.contains("3 passed, 0 FAILED, 8 not checked"), "{text}");
    assert!(said(&output).contains("EMULATED"));
    end(child);
}
