//! From what was observed to what is wrong: one step after the other, from the bus upwards. Observes nothing itself.

use keyfob::{Serial, UnixTime};
use keyfob_terminal::{Exit, Failure};
use serde::Serialize;

use super::mend::{self, mend};
use super::surroundings::Surroundings;
use crate::date;
use crate::fob::Origin;

#[cfg(test)]
mod tests;

/// Everything that was observed. What couldn't be, because of what is below it, isn't there.
#[derive(Clone, Debug)]
pub(super) struct Observations {
    pub(super) surroundings: Surroundings,
    pub(super) way: Way,
    pub(super) presence: Presence,
    /// The fob on USB, if there is exactly one that is meant.
    pub(super) plugged: Option<Plugged>,
    /// What came of opening it and asking what it is.
    pub(super) reached: Option<Result<Reached, Failure>>,
    /// What came of opening a session as the app.
    pub(super) vendor: Option<Result<(), Failure>>,
    /// What came of the check; the words say how long or often.
    pub(super) licence: Option<Result<String, Failure>>,
    pub(super) clock: Clock,
    /// Whether an emulated fob will do.
    pub(super) accepts_emulated: bool,
    /// Emulators that run although a fob on USB is looked for.
    pub(super) emulators: usize,
}

/// How the fob is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By the system's HID driver.
    Hid,
    /// By the bus alone.
    Bus,
    /// By an emulator's socket.
    Socket,
}

/// Whether the fob that is meant is on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Here,
    Absent,
    /// This many, and none was named.
    Several(usize),
    /// It can't even be said which one is meant.
    Unnamed(Failure),
}

/// What the system shows of a fob on USB without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plugged {
    /// Such as `1-2`.
    pub(super) place: Option<String>,
    pub(super) vendor_id: u16,
    pub(super) product_id: u16,
    pub(super) release: u16,
    pub(super) serial: Option<Serial>,
    pub(super) driver: Driver,
    pub(super) node: Node,
}

/// What is bound to the fob's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    /// The system doesn't tell.
    Untold,
    Nothing,
    Named(String),
}

/// The file by which a HID driver offers the fob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// This system has none, or doesn't tell.
    Untold,
    /// The driver offers none.
    Unlisted,
    /// The driver offers it, and it isn't where it should be.
    Missing(String),
    There(String),
}

/// What a fob said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) serial: Serial,
    pub(super) firmware: String,
    pub(super) origin: Origin,
    /// How many vendors it carries.
    pub(super) vendors: usize,
}

/// This computer's clock beside what is known of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) computer: UnixTime,
    /// The latest time that a vendor has signed for the fob.
    pub(super) signed: Option<UnixTime>,
    /// The fob's own warning.
    pub(super) is_behind: bool,
}

/// A step, in the order in which they build on each other.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Step {
    Usb,
    Driver,
    Node,
    Permission,
    Answer,
    Genuine,
    Vendor,
    Licence,
    Time,
}

impl Step {
    pub(super) const ALL: [Self; 9] = [
        Self::Usb,
        Self::Driver,
        Self::Node,
        Self::Permission,
        Self::Answer,
        Self::Genuine,
        Self::Vendor,
        Self::Licence,
        Self::Time,
    ];
}

/// What is to be said of a step. The words of `Fine`, `Unknown` and `Skipped` are made here of what has a type: no name
/// or path of the user's is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Fine(String),
    Failed(Failure),
    /// Nothing speaks for it or against it.
    Unknown(String),
    /// It wasn't asked for, or doesn't apply.
    Skipped(String),
}

/// Judges every step. The first that failed is what is wrong; the mend is that step's.
pub(super) fn judge(seen: &Observations) -> Vec<(Step, Judgement)> {
    Step::ALL.into_iter().map(|step| (step, judge_step(step, seen))).collect()
}

fn judge_step(step: Step, seen: &Observations) -> Judgement {
    let judgement = match step {
        Step::Usb => usb(seen),
        Step::Driver => driver(seen),
        Step::Node => node(seen),
        Step::Permission | Step::Answer | Step::Genuine => reached(step, seen),
        Step::Vendor => vendor(seen),
        Step::Licence => licence(seen),
        Step::Time => time(seen),
    };
    match judgement {
        Judgement::Failed(failure) => {
            let failure = match mend(step, failure.code(), seen) {
                Some(mend) => failure.hint(mend),
                None => failure,
            };
            Judgement::Failed(failure)
        }
        judgement => judgement,
    }
}

fn usb(seen: &Observations) -> Judgement {
    match (&seen.presence, seen.way, &seen.plugged) {
        (Presence::Unnamed(failure), _, _) => Judgement::Failed(failure.clone()),
        (_, Way::Socket, _) => not_on_usb(),
        (Presence::Absent, _, _) => failed("no-token", Exit::NoToken, "no fob is on USB"),
        (Presence::Several(several), _, _) => {
            failed("several-tokens", Exit::NoToken, format_args!("{several} fobs are on USB"))
        }
        (Presence::Here, _, Some(plugged)) => {
            let Plugged { vendor_id, product_id, release, place, .. } = plugged;
            let place = place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
            Judgement::Fine(format!("{vendor_id:04x}:{product_id:04x}{place}, release {}", version(*release)))
        }
        (Presence::Here, _, None) => Judgement::Unknown("the system doesn't show its bus".into()),
    }
}

fn driver(seen: &Observations) -> Judgement {
    let Some(plugged) = on_usb(seen) else { return nothing_plugged(seen) };
    match (&plugged.driver, seen.way) {
        (Driver::Untold, _) => Judgement::Unknown("this system doesn't tell".into()),
        (Driver::Named(name), Way::Bus) if HID_DRIVERS.contains(&&**name) => {
            failed("driver-bound", Exit::Failure, "the system's driver is bound to the fob")
        }
        (Driver::Named(name), Way::Hid | Way::Socket) if HID_DRIVERS.contains(&&**name) => {
            Judgement::Fine(name.clone())
        }
        (Driver::Named(name), _) if TAKEN_BY.contains(&&**name) => {
            let message = format_args!("another program has taken the fob: `{name}` is bound to it");
            failed("device-busy", Exit::Busy, message)
        }
        (Driver::Named(name), _) => {
            let message = format_args!("`{name}` is bound to the fob, and no HID driver");
            failed("driver-missing", Exit::Failure, message)
        }
        (Driver::Nothing, Way::Bus) => Judgement::Fine("none, as it has to be by usb:".into()),
        (Driver::Nothing, Way::Hid | Way::Socket) => {
            failed("driver-missing", Exit::Failure, "no driver is bound to the fob")
        }
    }
}

/// Linux's drivers of HID devices on USB.
const HID_DRIVERS: [&str; 1] = ["usbhid"];
/// What Linux names while a program has an interface, a virtual machine, or another computer.
const TAKEN_BY: [&str; 4] = ["usbfs", "usbip-host", "vfio", "xen-pciback"];

fn node(seen: &Observations) -> Judgement {
    let Some(plugged) = on_usb(seen) else { return nothing_plugged(seen) };
    if seen.way == Way::Bus {
        return Judgement::Skipped("not needed by usb:".into());
    }
    match &plugged.node {
        Node::Untold => Judgement::Unknown("this system has none, or doesn't tell".into()),
        Node::There(path) if path.starts_with("/dev/") => Judgement::Fine(path.clone()),
        // Elsewhere than on Linux it is a long name of the system's.
        Node::There(_) => Judgement::Fine("the driver offers it".into()),
        Node::Missing(path) => failed("node-missing", Exit::Failure, format_args!("there is no {path}")),
        Node::Unlisted => failed("node-missing", Exit::Failure, "the system's driver offers no file for the fob"),
    }
}

/// The three steps that one attempt to talk with the fob tells of: its error says how far it came.
fn reached(step: Step, seen: &Observations) -> Judgement {
    let reached = match &seen.reached {
        None => return Judgement::Skipped("the fob wasn't asked".into()),
        Some(reached) => reached,
    };
    let failed_at = reached.as_ref().err().map(|failure| step_of(failure.code()));
    match (reached, failed_at) {
        (Err(failure), Some(at)) if at == step => Judgement::Failed(failure.clone()),
        (Err(_), Some(at)) if at < step => Judgement::Skipped("the fob couldn't be asked".into()),
        (Ok(fob), _) if step == Step::Genuine => genuine(fob, seen.accepts_emulated),
        (Ok(fob), _) if step == Step::Answer => {
            let Reached { serial, firmware, .. } = fob;
            Judgement::Fine(format!("{serial}, firmware {firmware}"))
        }
        _ if step == Step::Permission => Judgement::Fine("it can be opened".into()),
        _ => Judgement::Fine("it answers".into()),
    }
}

/// At which step an attempt ended that gave this error.
pub(super) fn step_of(code: &str) -> Step {
    match code {
        "not-ready" | "not-genuine" | "session-refused" | "certificate-refused" | "revoked" => Step::Genuine,
        _ if IS_NOT_OPENED.contains(&code) => Step::Permission,
        _ => Step::Answer,
    }
}

/// Errors of opening. Whatever else goes wrong does so with a fob that is open.
const IS_NOT_OPENED: [&str; 9] = [
    "device-permission",
    "device-busy",
    "driver-bound",
    "token-unreachable",
    "token-unknown",
    "no-token",
    "several-tokens",
    "label-unknown",
    "labels-unreadable",
];

fn genuine(fob: &Reached, accepts_emulated: bool) -> Judgement {
    match fob.origin {
        Origin::Genuine => Judgement::Fine("made by a maker that was named".into()),
        Origin::Emulated if accepts_emulated => Judgement::Fine("EMULATED: it protects nothing".into()),
        Origin::Emulated => Judgement::Failed(keyfob::Error::Emulated.into()),
        Origin::Unknown => Judgement::Unknown("made by a maker that wasn't named by --maker".into()),
    }
}

fn vendor(seen: &Observations) -> Judgement {
    match (&seen.vendor, &seen.reached) {
        (Some(Ok(())), _) => Judgement::Fine("the fob carries the app's vendor".into()),
        (Some(Err(failure)), _) => Judgement::Failed(failure.clone()),
        (None, Some(Ok(fob))) => Judgement::Skipped(format!("{} vendors on the fob; name yours by --app", fob.vendors)),
        (None, _) => Judgement::Skipped("the fob couldn't be asked".into()),
    }
}

fn licence(seen: &Observations) -> Judgement {
    match (&seen.licence, &seen.vendor) {
        (Some(Ok(words)), _) => Judgement::Fine(words.clone()),
        (Some(Err(failure)), _) => Judgement::Failed(failure.clone()),
        (None, Some(Ok(()))) => Judgement::Skipped("name a feature by --feature".into()),
        (None, _) => Judgement::Skipped("no feature was asked for".into()),
    }
}

fn time(seen: &Observations) -> Judgement {
    let Clock { computer, signed, is_behind } = seen.clock;
    let behind = |what: &str| {
        let message = format_args!("this computer's clock says {}, {what}", date::written(computer));
        failed("clock-behind", Exit::Failure, message)
    };
    match signed {
        _ if computer < EARLIEST => behind("before this program was made"),
        Some(signed) if computer < signed => behind(&format!("but it is at least {}", date::written(signed))),
        _ if is_behind => behind("and the fob has seen later ones"),
        Some(signed) if signed != UnixTime::UNKNOWN => Judgement::Fine("later than what the vendor has signed".into()),
        _ => Judgement::Unknown("nothing to compare this computer's clock with".into()),
    }
}

/// 2026-01-01: no computer on which this runs has its clock right before.
const EARLIEST: UnixTime = UnixTime(1_767_225_600);

fn on_usb(seen: &Observations) -> Option<&Plugged> {
    seen.plugged.as_ref().filter(|_| seen.way != Way::Socket)
}

fn nothing_plugged(seen: &Observations) -> Judgement {
    match (seen.way, &seen.presence) {
        (Way::Socket, _) => not_on_usb(),
        (_, Presence::Here) => Judgement::Unknown("the system doesn't show its bus".into()),
        _ => Judgement::Skipped("no fob to look at".into()),
    }
}

fn not_on_usb() -> Judgement {
    Judgement::Skipped("an emulator's socket is not on USB".into())
}

fn failed(code: &'static str, exit: Exit, message: impl std::fmt::Display) -> Judgement {
    Judgement::Failed(Failure::new(code, exit, message))
}

/// A version in binary-coded decimals.
pub(super) fn version(release: u16) -> String {
    format!("{:x}.{:x}.{:x}", release >> 8, release >> 4 & 0xf, release & 0xf)
}

/// What may explain it besides the mend, in the order of the steps.
pub(super) fn remarks(seen: &Observations, first: Option<Step>) -> Vec<&'static str> {
    first.map(|step| mend::remarks(step, seen)).unwrap_or_default()
}
