//! Next steps for the codes that commands have besides the library's.

use keyfob::Text;

/// The codes of commands. The library's are in `keyfob`.
pub const TEXTS: &[Text] = &[
    Text { code: "usage", hint: "--help shows what a command takes" },
    Text {
        code: "file-unreadable",
        hint: "look whether the file is there and may be read; - stands for standard input",
    },
    Text { code: "file-too-long", hint: "no file of Keyfob's is that long: look whether it is the right one" },
    Text { code: "file-exists", hint: "nothing is overwritten: name another file, or move that one away" },
    Text { code: "file-unwritable", hint: "look whether the folder is there, may be written to, and has room" },
    Text {
        code: "file-unknown",
        hint: "look whether it is the right file, and whole; `keyfob inspect FILE` shows what it is",
    },
    Text { code: "output-failed", hint: "look whether what standard output leads to has room" },
    Text {
        code: "not-verified",
        hint: "don't trust the file; ask the vendor for it again, and look whether --vendor is right",
    },
    Text { code: "vendor-needed", hint: "name one by --vendor; `keyfob status -v` shows their root keys" },
    Text { code: "not-confirmed", hint: "type the serial when asked; in a script say --yes and --token" },
    Text { code: "emulator-failed", hint: "look whether another emulator uses the folder or the address" },
    Text { code: "uhid-missing", hint: "load the kernel's module: sudo modprobe uhid; or use --usbip" },
    Text { code: "uhid-permission", hint: "run it as root, or let your user open /dev/uhid; or use --usbip" },
    Text { code: "no-emulator", hint: "start one by `keyfob emulator run`, or name its socket by --control" },
    Text { code: "several-emulators", hint: "choose one by --control, or by --token unix:PATH" },
    Text { code: "control-unreachable", hint: "look whether the emulator runs and the path is right" },
    Text { code: "control-answer", hint: "use the `keyfob` that the emulator was started with" },
    Text { code: "control-request", hint: "use the `keyfob` that the emulator was started with" },
    Text { code: "fault-unknown", hint: "`keyfob emulator ctl fault --help` and docs/emulator.md have the faults" },
    Text {
        code: "not-on-usb",
        hint: "start the emulator with --usbredir, --usbip or --uhid; docs/emulator.md has the command lines",
    },
    Text { code: "too-many-faults", hint: "forget the others first: keyfob emulator ctl clear" },
    Text { code: "driver-missing", hint: "plug the fob in anew; `keyfob doctor` says which driver is missing" },
    Text { code: "node-missing", hint: "plug the fob in anew; `keyfob doctor` says why its file isn't there" },
    Text { code: "clock-behind", hint: "set this computer's clock" },
    Text { code: "watch-failed", hint: "end it by --for or --count instead of Ctrl-C, in a process of its own" },
    Text { code: "trace-unreadable", hint: "look whether it is the trace that was made, and whole" },
    Text {
        code: "trace-differs",
        hint: "the same answers come only from an emulator with the snapshot and seed it had then",
    },
    Text { code: "program-failed", hint: "look whether the program's name is right, and it may be run" },
    Text { code: "image-damaged", hint: "get the image again, or make it anew: cargo xtask firmware" },
    Text {
        code: "board-mismatch",
        hint: "take the image of that board: `keyfob firmware inspect` says which it is for",
    },
    Text {
        code: "no-drive",
        hint: "bring the board into its bootloader, look whether its drive is mounted, name it by --drive",
    },
    Text { code: "several-drives", hint: "name one by --drive, or unplug the others" },
    Text { code: "drive-failed", hint: "bring the board into its bootloader again, and begin anew" },
    Text { code: "tool-missing", hint: "install the program, and look whether it is on PATH" },
    Text { code: "tool-failed", hint: "what the program said is above; without --json, that is" },
    Text { code: "no-fob-came", hint: "plug the board in anew; `keyfob doctor` says what the system sees of it" },
    Text { code: "selftest-failed", hint: "docs/selftest.md says what each check means" },
    Text { code: "image-refused", hint: "restore a file that `keyfob emulator ctl snapshot` made" },
];

/// Finds what to tell people of a code, be it a command's or the library's.
#[must_use]
pub fn text(code: &str) -> Option<&'static Text> {
    TEXTS.iter().find(|text| text.code == code).or_else(|| keyfob::text(code))
}
