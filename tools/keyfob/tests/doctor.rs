//! `keyfob doctor` looks at copies of systems, with one thing wrong in each.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const SERIAL: &str = "KF-40E2-91AC-0B7D-22F3";

/// A computer's files as far as they tell of its fobs.
struct System(TempDir);

impl System {
    /// Nothing is plugged in.
    fn new() -> Self {
        let system = Self(tempfile::tempdir().unwrap());
        for folder in ["sys/bus/usb/devices", "sys/class/hidraw", "dev", "run/udev"] {
            fs::create_dir_all(system.path(folder)).unwrap();
        }
        system.write("run/udev/control", "");
        system.write("proc/sys/kernel/osrelease", "6.1.0-18-anns-laptop\n");
        system
    }

    /// A fob is plugged into this port, with everything that belongs to it.
    fn with_fob(self, port: u8) -> Self {
        let device = format!("sys/devices/pci0/usb1/1-{port}");
        let interface = format!("{device}/1-{port}:1.0");
        let hid = format!("{interface}/0003:1209:0001.000{port}");
        self.write(&format!("{device}/idVendor"), "1209\n");
        self.write(&format!("{device}/idProduct"), "0001\n");
        self.write(&format!("{device}/bcdDevice"), "0123\n");
        self.write(&format!("{device}/devnum"), "4\n");
        self.write(&format!("{interface}/bInterfaceClass"), "03\n");
        self.write(&format!("{hid}/uevent"), "HID_ID=0003:00001209:00000001\nHID_NAME=Keyfob token\nHID_UNIQ=\n");
        let descriptor = [0x06, 0x4b, 0xff, 0x09, 0x46, 0xa1, 0x01, 0xc0];
        fs::write(self.path(&format!("{hid}/report_descriptor")), descriptor).unwrap();
        let node = format!("hidraw{port}");
        fs::create_dir_all(self.path(&format!("{hid}/hidraw/{node}"))).unwrap();
        self.link(
            &format!("../../devices/pci0/usb1/1-{port}/1-{port}:1.0/0003:1209:0001.000{port}/hidraw/{node}"),
            &format!("sys/class/hidraw/{node}"),
        );
        symlink("../..", self.path(&format!("{hid}/hidraw/{node}/device"))).unwrap();
        self.link(&format!("../../../devices/pci0/usb1/1-{port}"), &format!("sys/bus/usb/devices/1-{port}"));
        self.link(
            &format!("../../../devices/pci0/usb1/1-{port}/1-{port}:1.0"),
            &format!("sys/bus/usb/devices/1-{port}:1.0"),
        );
        self.link("../../../../../bus/usb/drivers/usbhid", &format!("{interface}/driver"));
        self.write(&format!("dev/{node}"), "");
        self
    }

    fn with_serial(self) -> Self {
        self.write("sys/devices/pci0/usb1/1-2/serial", &format!("{SERIAL}\n"));
        let uevent = format!("HID_ID=0003:00001209:00000001\nHID_UNIQ={SERIAL}\n");
        self.write("sys/devices/pci0/usb1/1-2/1-2:1.0/0003:1209:0001.0002/uevent", &uevent);
        self
    }

    fn with(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    fn without(self, path: &str) -> Self {
        let path = self.path(path);
        if path.symlink_metadata().unwrap().is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            .unwrap();
        self
    }

    /// The fob's interface is bound to another driver.
    fn bound_to(self, driver: &str) -> Self {
        let interface = "sys/devices/pci0/usb1/1-2/1-2:1.0";
        let bound = self.without(&format!("{interface}/driver")).without("sys/class/hidraw/hidraw2");
        let hid = bound.without(&format!("{interface}/0003:1209:0001.0002"));
        hid.link(&format!("../../../../../bus/usb/drivers/{driver}"), &format!("{interface}/driver"));
        hid
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, target: &str, name: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    fn doctor(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
        command.args(["doctor", "--root"]).arg(self.0.path()).args(arguments).env("XDG_RUNTIME_DIR", "/nowhere");
        for name in ["KEYFOB_TOKEN", "SSH_CONNECTION", "SSH_TTY", "SNAP", "container"] {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.0.path()).output().unwrap()
    }

    /// What is found: the document, and how it ended.
    fn found(&self, arguments: &[&str]) -> (Value, Option<i32>) {
        let output = self.doctor(&[&["--json"], arguments].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["schema"], "keyfob.doctor.v1");
        if let Ok(error) = serde_json::from_slice::<Value>(&output.stderr) {
            assert_eq!(error["code"], document["code"]);
            let first = document["steps"].as_array().unwrap().iter().find(|step| step["outcome"] == "failed").unwrap();
            assert_eq!((&first["step"], &first["mend"]), (&document["first"], &error["hint"]));
        } else {
            assert!(output.stderr.is_empty() && document["code"].is_null(), "{output:?}");
        }
        (document, output.status.code())
    }
}

/// The step that failed first, its code, and the exit code.
fn first(system: &System, arguments: &[&str]) -> (String, String, Option<i32>) {
    let (document, exit) = system.found(arguments);
    let word = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    (word("first"), word("code"), exit)
}

fn outcomes(document: &Value) -> Vec<(&str, &str)> {
    let steps = document["steps"].as_array().unwrap();
    steps.iter().map(|step| (step["step"].as_str().unwrap(), step["outcome"].as_str().unwrap())).collect()
}

#[test]
fn what_is_plugged_in_is_seen_up_to_its_file() {
    let (document, exit) = System::new().with_fob(2).with_serial().found(&[]);
    let expected = [("usb", "ok"), ("driver", "ok"), ("node", "ok"), ("permission", "skipped")];
    assert_eq!(outcomes(&document)[..4], expected);
    assert_eq!((exit, &document["code"]), (Some(0), &Value::Null));
    assert_eq!(document["fob"]["serial"], SERIAL);
    let usb = &document["fob"]["usb"];
    assert_eq!(
        (&usb["place"], &usb["driver"], &usb["node"]),
        (&"1-2".into(), &"usbhid".into(), &"/dev/hidraw2".into())
    );
    assert_eq!((&usb["vendor_id"], &usb["product_id"], &usb["release"]), (&0x1209.into(), &1.into(), &"1.2.3".into()));
    assert_eq!(document["surroundings"]["kernel"], "6.1.0", "without the computer's name");
}

#[test]
fn each_fault_is_found() {
    let fob = || System::new().with_fob(2).with_serial();
    for (system, arguments, step, code, exit) in [
        (System::new(), &[][..], "usb", "no-token", 3),
        (fob().with_fob(3), &[], "usb", "several-tokens", 3),
        (fob(), &["--token", "hid:KF-0000-0000-0000-0001"], "usb", "no-token", 3),
        (fob(), &["--token", "hid:/dev/hidraw3"], "usb", "no-token", 3),
        (fob(), &["--token", "usb:1-3"], "usb", "no-token", 3),
        (fob(), &["--token", "label:bench"], "usb", "label-unknown", 3),
        (fob().with("keyfob/labels.toml", "bench"), &["--token", "label:bench"], "usb", "labels-unreadable", 1),
        (fob().bound_to("usbfs"), &[], "driver", "device-busy", 7),
        (fob().bound_to("usbtest"), &[], "driver", "driver-missing", 1),
        (
            fob().bound_to("none").without("sys/devices/pci0/usb1/1-2/1-2:1.0/driver"),
            &[],
            "driver",
            "driver-missing",
            1,
        ),
        (fob(), &["--token", "usb:1-2"], "driver", "driver-bound", 1),
        (fob().without("sys/class/hidraw/hidraw2"), &[], "node", "node-missing", 1),
        (fob().without("dev/hidraw2"), &[], "node", "node-missing", 1),
    ] {
        assert_eq!(first(&system, arguments), (step.into(), code.into(), Some(exit)), "{arguments:?}");
    }
}

#[test]
fn a_fob_is_found_by_whatever_names_it() {
    let label = format!("bench = \"{SERIAL}\"\n");
    let system = System::new().with_fob(2).with_serial().with_fob(3).with("keyfob/labels.toml", &label);
    let serial = format!("hid:{SERIAL}");
    for token in [&*serial, "hid:/dev/hidraw2", "hid:/dev/hidraw3", "label:bench"] {
        assert_eq!(first(&system, &["--token", token]), (String::new(), String::new(), Some(0)), "{token}");
    }
}

#[test]
fn the_surroundings_are_told_and_change_the_mend() {
    for (path, name, value, word) in [
        (".dockerenv", "container", Value::from("docker"), "docker run --device"),
        ("run/.containerenv", "container", "podman".into(), "--device"),
        ("sys/class/dmi/id/sys_vendor", "virtual_machine", "qemu".into(), "virtual machine"),
        ("proc/sys/kernel/osrelease", "wsl", true.into(), "usbipd attach"),
    ] {
        let system = System::new().with(path, "QEMU 5.15-microsoft-standard-WSL2");
        let (document, exit) = system.found(&[]);
        assert_eq!((&document["surroundings"][name], exit), (&value, Some(3)));
        let mend = document["steps"][0]["mend"].as_str().unwrap();
        assert!(mend.contains(word), "{mend}");
    }
}

#[test]
fn people_are_shown_the_steps_and_told_the_error() {
    let output = System::new().with_fob(2).without("dev/hidraw2").doctor(&[]);
    let (shown, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "ok      on USB      1209:0001 at 1-2, release 1.2.3");
    assert_eq!(lines[2], "FAILED  file        there is no /dev/hidraw2 [node-missing]");
    assert_eq!(said.lines().next(), Some("error: there is no /dev/hidraw2 [node-missing]"));
    assert_eq!((said.lines().count(), lines.len()), (3, 9), "{shown}{said}");
}

/// The rule is of the very devices that the library takes for fobs by their ids.
#[test]
fn the_rule_names_the_ids_of_fobs() {
    let output = Command::new(env!("CARGO_BIN_EXE_keyfob")).args(["doctor", "--print-udev"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let rule = String::from_utf8(output.stdout).unwrap();
    assert_eq!(rule, include_str!("../udev/70-keyfob.rules"));
    let rules: Vec<_> = rule.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(rules.len(), 2);
    for rule in rules {
        let value = |key: &str| rule.split(key).nth(1).unwrap().split('"').nth(1).unwrap();
        let system = System::new().with_fob(2).bound_to("none");
        system.write("sys/devices/pci0/usb1/1-2/idVendor", value("{idVendor}"));
        system.write("sys/devices/pci0/usb1/1-2/idProduct", value("{idProduct}"));
        assert_eq!(system.found(&[]).0["steps"][0]["outcome"], "ok");
        assert!(rule.ends_with(r#"TAG+="uaccess""#), "{rule}");
        system.write("sys/devices/pci0/usb1/1-2/idProduct", "0002");
        assert_eq!(system.found(&[]).0["steps"][0]["outcome"], "failed");
    }
}

/// What goes to the vendor has no name of a user or computer in it.
#[test]
fn a_bundle_has_what_the_vendor_needs_and_nothing_of_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle.txt");
    let text = bundle.to_str().unwrap();
    let system = System::new().with_fob(2).with_serial().without("dev/hidraw2");
    let output = system.doctor(&["--bundle", text]);
    assert_eq!(output.status.code(), Some(1));
    let written = fs::read_to_string(&bundle).unwrap();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&bundle).unwrap().permissions().mode() & 0o777, 0o600);
    let document: Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    assert_eq!(document["schema"], "keyfob.doctor-bundle.v1");
    assert_eq!((&document["code"], &document["fob"]["serial"]), (&"node-missing".into(), &SERIAL.into()));
    assert!(written.contains("[node-missing]") && written.contains(SERIAL));
    for word in ["anns-laptop", folder.path().to_str().unwrap(), system.0.path().to_str().unwrap()] {
        assert!(!written.contains(word), "{word}");
    }
    let again = system.doctor(&["--bundle", text]);
    assert!(String::from_utf8(again.stderr).unwrap().contains("[file-exists]"));
    assert_eq!(fs::read_to_string(&bundle).unwrap(), written);
}
