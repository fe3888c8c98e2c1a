//! Causes and next steps for people, by code. `docs/errors.md` has the pages.

/// What to tell people of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// The stable code.
    pub code: &'static str,
    /// What to do next.
    pub hint: &'static str,
}

/// Finds what to tell people of a code.
#[must_use]
pub fn text(code: &str) -> Option<&'static Text> {
    TEXTS.iter().find(|text| text.code == code)
}

/// What to do if the system doesn't let a user open a fob on USB; elsewhere than on Linux that doesn't happen.
pub(crate) const UDEV_RULE: &str =
    "install the udev rule: keyfob doctor --print-udev | sudo tee /etc/udev/rules.d/70-keyfob.rules";

/// All codes, each with a section in `docs/errors.md`.
pub const TEXTS: &[Text] = &[
    Text {
        code: "token-unknown",
        hint: "name the token for example as --token hid:KF-40E2-91AC-0B7D-22F3; `keyfob list` shows what is there",
    },
    Text { code: "no-token", hint: "plug the fob in, or name it by --token; `keyfob list` shows what is there" },
    Text { code: "several-tokens", hint: "choose one by --token; `keyfob list` shows what they are" },
    Text {
        code: "token-unreachable",
        hint: "look whether the fob is plugged in or the emulator runs, and the address is right",
    },
    Text {
        code: "device-permission",
        hint: "run as the user who started the emulator, or let that user give access to its socket",
    },
    Text { code: "device-busy", hint: "end the other program that uses the fob, or reach it by --token hid" },
    Text { code: "driver-bound", hint: "reach the fob by the system's driver: --token hid:SERIAL" },
    Text { code: "device-stalled", hint: "unplug the fob, plug it in again and repeat the command" },
    Text { code: "label-unknown", hint: "look at the labels in `keyfob/labels.toml`, in the folder of your settings" },
    Text { code: "labels-unreadable", hint: "write the labels as lines such as: bench = \"KF-40E2-91AC-0B7D-22F3\"" },
    Text {
        code: "unplugged",
        hint: "plug the fob in again and repeat the command; `keyfob status` shows what it has done",
    },
    Text { code: "no-answer", hint: "try again; give it more time by --timeout" },
    Text { code: "not-a-token", hint: "look whether the address is a Keyfob token's" },
    Text { code: "protocol-version", hint: "update this program, or the fob's firmware, whichever is older" },
    Text {
        code: "unknown-vendor",
        hint: "look whether this is the right fob: `keyfob status` shows whose products it carries",
    },
    Text {
        code: "emulated-token",
        hint: "plug in the real fob; for tests and development, `keyfob check` has --accept-emulated",
    },
    Text { code: "not-genuine", hint: "don't use this fob; ask the vendor, and tell where it came from" },
    Text { code: "session-lost", hint: "run the command again" },
    Text {
        code: "app-credential",
        hint: "look whether the file is the app credential that the vendor made, and whole",
    },
    Text { code: "bad-answer", hint: "update this program and the fob's firmware; if it stays, tell the vendor" },
    Text { code: "bad-request", hint: "update this program and the fob's firmware; if it stays, tell the vendor" },
    Text { code: "unknown-command", hint: "update the fob's firmware: it is older than this program" },
    Text { code: "busy", hint: "try again in a moment" },
    Text { code: "timed-out", hint: "try again in a moment" },
    Text { code: "unknown-channel", hint: "run the command again" },
    Text { code: "bad-sequence", hint: "try again; if it stays, try another port or cable" },
    Text { code: "too-long", hint: "look whether it is the right file; an update for one fob is at most 4,096 bytes" },
    Text { code: "session-refused", hint: "look whether the app credential is of the right vendor and not revoked" },
    Text { code: "not-permitted", hint: "ask the vendor for a credential with the right that is missing" },
    Text { code: "not-ready", hint: "ask the maker: the fob has still to be certified" },
    Text { code: "already-installed", hint: "nothing is to be done: the fob is certified already" },
    Text { code: "already-enrolled", hint: "nothing is to be done: the vendor has a place on the fob" },
    Text { code: "no-room", hint: "ask the vendor which products may go from the fob" },
    Text {
        code: "storage-failed",
        hint: "unplug the fob, plug it in and try again; if it stays, ask the vendor for another",
    },
    Text { code: "certificate-refused", hint: "look whether the file was made for this fob, by its maker or vendor" },
    Text { code: "other-chip", hint: "don't trust this fob; ask the vendor for another, and tell where it came from" },
    Text {
        code: "rolled-back",
        hint: "ask the vendor for another fob: what it held was put back to an earlier state, and is refused for good",
    },
    Text { code: "anchor-exhausted", hint: "ask the vendor for another fob; checks go on with this one" },
    Text { code: "button-needed", hint: "keep the fob's button pressed while the command runs, then run it again" },
    Text { code: "no-enrolment", hint: "begin the enrolment again" },
    Text {
        code: "feature-not-found",
        hint: "look whether this is the right fob; `keyfob status` shows what is licensed",
    },
    Text { code: "feature-disabled", hint: "ask the vendor: the feature is switched off" },
    Text {
        code: "not-yet-valid",
        hint: "wait until the licence begins, and look whether this computer's clock is right",
    },
    Text { code: "expired", hint: "ask the vendor to renew the licence, then apply the update: keyfob apply FILE" },
    Text { code: "counter-exhausted", hint: "ask the vendor for more units, then apply the update: keyfob apply FILE" },
    Text { code: "counter-too-low", hint: "ask for fewer units, or ask the vendor for more" },
    Text { code: "module-missing", hint: "ask the vendor for the module" },
    Text { code: "unknown-term", hint: "update the fob's firmware: it doesn't know a term of the licence" },
    Text { code: "time-unknown", hint: "set this computer's clock" },
    Text { code: "product-not-permitted", hint: "use the credential of the app that belongs to the product" },
    Text { code: "outcome-forgotten", hint: "look at the counter, then spend anew: keyfob counter FEATURE" },
    Text { code: "operation-mismatch", hint: "spend anew: an operation id stands for one spend" },
    Text { code: "no-counter", hint: "look at the licence: `keyfob status` shows which features are counted" },
    Text { code: "key-not-found", hint: "apply the vendor's latest update: keyfob apply FILE" },
    Text { code: "unlock-failed", hint: "look whether the sealed file is whole, and for this feature and slot" },
    Text {
        code: "clock-set-back",
        hint: "set this computer's clock right; if it is, have the vendor sign the time: keyfob time",
    },
    Text { code: "signature-invalid", hint: "ask the vendor for the file again" },
    Text { code: "wrong-token", hint: "look at the file's serial: keyfob inspect FILE" },
    Text { code: "update-replayed", hint: "nothing is to be done: the update was applied before" },
    Text {
        code: "update-out-of-order",
        hint: "apply the updates before it first, in order; `keyfob status -v` shows the last number",
    },
    Text { code: "update-forked", hint: "send the vendor a receipt: keyfob receipt --out FILE" },
    Text { code: "update-malformed", hint: "ask the vendor for the update again" },
    Text { code: "revoked", hint: "ask the vendor for a new file" },
    Text {
        code: "nonce-unknown",
        hint: "ask for a nonce first: keyfob time; have that very nonce signed, and don't unplug the fob in between",
    },
    Text { code: "time-not-later", hint: "nothing is to be done: the fob has later signed time already" },
    Text {
        code: "product-not-found",
        hint: "look whether this is the right fob; `keyfob status` shows what is licensed",
    },
    Text { code: "file-not-found", hint: "look which files there are: keyfob memory list" },
    Text { code: "file-protected", hint: "ask the vendor for an update that writes it" },
    Text { code: "out-of-range", hint: "look how long the file is: keyfob memory list" },
];
