//! What is said.

use keyfob_terminal::{Exit, Failure, plain};
use serde::Serialize;

use super::judge::{Driver, Judgement, Node, Observations, Plugged, Reached, Step, judge, remarks, version};
use super::surroundings::Surroundings;
use crate::fob::Origin;

/// What was found.
#[derive(Serialize)]
pub(super) struct Report {
    version: &'static str,
    /// The first step that failed.
    first: Option<Step>,
    /// Its code.
    code: Option<&'static str>,
    steps: Vec<Line>,
    /// What may be the reason as well.
    remarks: Vec<&'static str>,
    fob: Option<Fob>,
    surroundings: Surroundings,
    #[serde(skip)]
    failure: Option<Failure>,
}

#[derive(Serialize)]
struct Line {
    step: Step,
    outcome: Outcome,
    code: Option<&'static str>,
    /// What is known. Nothing in it is a user's: no name and no path but a device's.
    detail: Option<String>,
    /// What is wrong, in words that may have names and paths in them.
    message: Option<String>,
    /// What to do about it.
    mend: Option<String>,
}

#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Ok,
    Failed,
    Unknown,
    Skipped,
}

#[derive(Serialize, Default)]
struct Fob {
    serial: Option<String>,
    firmware: Option<String>,
    maker: Option<Origin>,
    vendors: Option<usize>,
    usb: Option<Usb>,
}

#[derive(Serialize)]
struct Usb {
    place: Option<String>,
    vendor_id: u16,
    product_id: u16,
    release: String,
    driver: Option<String>,
    node: Option<String>,
}

impl Report {
    pub(super) fn new(seen: &Observations) -> Self {
        let judged = judge(seen);
        let first = judged.iter().find_map(|(step, judgement)| match judgement {
            Judgement::Failed(failure) => Some((*step, failure.clone())),
            _ => None,
        });
        let step = first.as_ref().map(|(step, _)| *step);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            first: step,
            code: first.as_ref().map(|(_, failure)| failure.code()),
            steps: judged.into_iter().map(|(step, judgement)| Line::new(step, judgement)).collect(),
            remarks: remarks(seen, step),
            fob: Fob::new(seen),
            surroundings: seen.surroundings.clone(),
            failure: first.map(|(_, failure)| failure),
        }
    }

    /// Ends as the first step that failed says.
    pub(super) fn end(self) -> Result<Exit, Failure> {
        self.failure.map_or(Ok(Exit::Done), Err)
    }

    pub(super) fn text(&self) -> String {
        let lines = self.steps.iter().map(Line::text).collect::<String>();
        let remarks = self.remarks.iter().map(|remark| format!("note: {remark}\n")).collect::<String>();
        lines + &remarks
    }

    /// The same without what may be a user's: messages go, codes stay.
    pub(super) fn without_words_of_others(&self) -> Self {
        let lines =
            self.steps.iter().map(|line| Line { message: None, mend: None, detail: line.detail.clone(), ..*line });
        let fob = self.fob.as_ref().map(Fob::redacted);
        let Self { version, first, code, ref remarks, ref surroundings, .. } = *self;
        Self {
            version,
            first,
            code,
            steps: lines.collect(),
            remarks: remarks.clone(),
            fob,
            surroundings: surroundings.clone(),
            failure: None,
        }
    }
}

impl Line {
    fn new(step: Step, judgement: Judgement) -> Self {
        let line = |outcome| Self { step, outcome, code: None, detail: None, message: None, mend: None };
        match judgement {
            Judgement::Fine(detail) => Self { detail: Some(detail), ..line(Outcome::Ok) },
            Judgement::Unknown(detail) => Self { detail: Some(detail), ..line(Outcome::Unknown) },
            Judgement::Skipped(detail) => Self { detail: Some(detail), ..line(Outcome::Skipped) },
            Judgement::Failed(failure) => Self {
                code: Some(failure.code()),
                message: Some(failure.message().to_owned()),
                mend: Some(failure.next().to_owned()),
                ..line(Outcome::Failed)
            },
        }
    }

    fn text(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Unknown => "?",
            Outcome::Skipped => "-",
        };
        let step = match self.step {
            Step::Usb => "on USB",
            Step::Driver => "driver",
            Step::Node => "file",
            Step::Permission => "permission",
            Step::Answer => "answers",
            Step::Genuine => "genuine",
            Step::Vendor => "vendor",
            Step::Licence => "licence",
            Step::Time => "time",
        };
        let code = self.code.map(|code| format!(" [{code}]")).unwrap_or_default();
        let words = self.message.as_ref().or(self.detail.as_ref()).map(|words| plain(words)).unwrap_or_default();
        let line = format!("{outcome:<6}  {step:<10}  {words}{code}");
        format!("{}\n", line.trim_end())
    }
}

impl Fob {
    fn new(seen: &Observations) -> Option<Self> {
        let usb = seen.plugged.as_ref().map(Usb::new);
        let shown = seen.plugged.as_ref().and_then(|plugged| plugged.serial);
        match &seen.reached {
            Some(Ok(Reached { serial, firmware, origin, vendors })) => Some(Self {
                serial: Some(serial.to_string()),
                firmware: Some(firmware.clone()),
                maker: Some(*origin),
                vendors: Some(*vendors),
                usb,
            }),
            _ => usb.map(|usb| Self {
                serial: shown.map(|serial| serial.to_string()),
                usb: Some(usb),
                ..Self::default()
            }),
        }
    }

    fn redacted(&self) -> Self {
        let Self { serial, firmware, maker, vendors, usb } = self;
        let usb = usb.as_ref().map(Usb::redacted);
        Self { serial: serial.clone(), firmware: firmware.clone(), maker: *maker, vendors: *vendors, usb }
    }
}

impl Usb {
    fn new(plugged: &Plugged) -> Self {
        let Plugged { place, vendor_id, product_id, release, driver, node, .. } = plugged;
        Self {
            place: place.clone(),
            vendor_id: *vendor_id,
            product_id: *product_id,
            release: version(*release),
            driver: match driver {
                Driver::Named(name) => Some(name.clone()),
                Driver::Untold | Driver::Nothing => None,
            },
            node: match node {
                Node::There(path) | Node::Missing(path) => Some(path.clone()),
                Node::Untold | Node::Unlisted => None,
            },
        }
    }

    /// Outside Linux, paths of devices have names of the system's in them.
    fn redacted(&self) -> Self {
        let Self { place, vendor_id, product_id, release, driver, node } = self;
        let is_plain = |path: &&String| path.starts_with("/dev/hidraw");
        Self {
            place: place.clone(),
            vendor_id: *vendor_id,
            product_id: *product_id,
            release: release.clone(),
            driver: driver.clone(),
            node: node.as_ref().filter(is_plain).cloned(),
        }
    }
}
