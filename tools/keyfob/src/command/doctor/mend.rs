//! What to do about what is wrong, by the surroundings.

use super::judge::{Driver, Node, Observations, Step, Way};
use super::surroundings::Surroundings;

/// The next thing to do, if the surroundings say more than the error's own hint.
pub(super) fn mend(step: Step, code: &str, seen: &Observations) -> Option<String> {
    let around = &seen.surroundings;
    match (step, code) {
        (Step::Usb, "no-token") => Some(absent(seen).to_owned()),
        (Step::Driver, "driver-missing") => Some(match seen.plugged.as_ref().map(|plugged| &plugged.driver) {
            Some(Driver::Named(_)) => "take the fob back from that driver, then plug it in anew".to_owned(),
            _ => "load the system's HID driver: sudo modprobe usbhid hid-generic; then plug the fob in anew".to_owned(),
        }),
        (Step::Node, "node-missing") => Some(match seen.plugged.as_ref().map(|plugged| &plugged.node) {
            Some(Node::Missing(path)) => no_file(path, around),
            _ => "load the system's driver: sudo modprobe hidraw; a kernel without it has CONFIG_HIDRAW off".to_owned(),
        }),
        (Step::Permission, "device-permission") if seen.way != Way::Socket => Some(not_permitted(around).to_owned()),
        (Step::Answer, "not-a-token") if seen.way != Way::Socket => {
            Some("plug the fob in anew; if it still says nothing, it is broken, or no Keyfob token".to_owned())
        }
        (Step::Genuine, "emulated-token") => {
            Some("plug in the real fob; for tests and development say --accept-emulated".to_owned())
        }
        _ => None,
    }
}

fn absent(seen: &Observations) -> &'static str {
    let around = &seen.surroundings;
    if around.wsl {
        "hand the fob to WSL, in Windows: usbipd list; usbipd bind --busid ID; usbipd attach --wsl --busid ID"
    } else if around.container.is_some() {
        "plug the fob in and hand it to the container, such as by docker run --device /dev/hidraw0"
    } else if around.virtual_machine.is_some() {
        "plug the fob in and hand it to this virtual machine: the USB device 1209:0001"
    } else if around.remote {
        "plug the fob into this computer, which is not the one in front of you"
    } else if seen.emulators > 0 {
        "plug the fob in; an emulated one runs: `keyfob list` shows how to name it"
    } else {
        "plug the fob in; if it is, try another port and another cable"
    }
}

fn no_file(path: &str, around: &Surroundings) -> String {
    if around.container.is_some() {
        format!("hand the fob to the container: --device {path}; after plugging it in anew, start the container anew")
    } else if around.sandbox == Some("flatpak") {
        "let the program see devices: flatpak override --user --device=all PROGRAM".to_owned()
    } else if around.sandbox == Some("snap") {
        "let the program see devices: sudo snap connect PROGRAM:raw-usb, or :hidraw".to_owned()
    } else {
        "plug the fob in anew; if the file stays away, look whether /dev is a devtmpfs or udev runs".to_owned()
    }
}

fn not_permitted(around: &Surroundings) -> &'static str {
    if around.container.is_some() {
        "on the computer that runs the container, install the udev rule (keyfob doctor --print-udev), and run the \
         container as a user who has the fob"
    } else if around.sandbox == Some("flatpak") {
        "let the program use devices: flatpak override --user --device=all PROGRAM"
    } else if around.sandbox == Some("snap") {
        "let the program use devices: sudo snap connect PROGRAM:raw-usb, or :hidraw"
    } else if around.udev == Some(false) {
        "no udev runs here, so no rule acts: let the computer's start give the fob's file to your user or group"
    } else if around.rule == Some(true) && around.remote {
        "the rule gives the fob to who sits at the computer; for users from afar name a group in it: \
         /etc/udev/rules.d/70-keyfob.rules says how"
    } else if around.rule == Some(true) {
        "the rule is there: plug the fob in anew, so that it acts"
    } else {
        "install the udev rule: keyfob doctor --print-udev | sudo tee /etc/udev/rules.d/70-keyfob.rules; then plug the \
         fob in anew"
    }
}

/// What may be the reason as well. The mend says only one thing.
pub(super) fn remarks(step: Step, seen: &Observations) -> Vec<&'static str> {
    let around = &seen.surroundings;
    let is_of_device = step <= Step::Permission && seen.way != Way::Socket;
    let is_reached = step >= Step::Answer;
    let remarks = [
        (
            is_of_device && around.container.is_some(),
            "this runs in a container, which has only the devices it is given",
        ),
        (step == Step::Usb && around.wsl, "this is WSL, which has no USB but what is attached to it"),
        (step == Step::Usb && around.virtual_machine.is_some(), "this is a virtual machine"),
        (is_of_device && around.remote, "your session comes over a network: the fob has to be in this computer"),
        (is_of_device && around.udev == Some(false), "udev doesn't run: its rules don't act"),
        (is_of_device && around.sandbox.is_some(), "this runs in a sandbox, which has only the devices it is allowed"),
        (step == Step::Usb && seen.emulators > 0, "emulated fobs run; `keyfob list` shows how to name them"),
        (
            is_reached && around.virtual_machine.is_some() && seen.way != Way::Socket,
            "this is a virtual machine: its USB may be slow",
        ),
    ];
    remarks.into_iter().filter(|(applies, _)| *applies).map(|(_, remark)| remark).collect()
}
