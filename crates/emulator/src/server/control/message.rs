//! Requests and answers as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::RestoreError;
use crate::faults::{FaultError, FaultStatus, TooManyFaults};

/// The schema of requests and answers. A change that an older side would misread gets another number.
pub const CONTROL_SCHEMA: &str = "keyfob.emulator-control.v1";

/// What an emulator can be asked at its control socket. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ControlRequest {
    /// Tells how things are.
    Status,
    /// Plugs the token in and powers it up.
    Plug,
    /// Takes the connection away.
    Unplug {
        /// After which time it is plugged in again by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<u64>,
    },
    /// Cuts the power.
    Kill {
        /// After which time it is plugged in again by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<u64>,
    },
    /// Puts the clock forwards.
    Advance {
        /// By how much.
        milliseconds: u64,
    },
    /// Arms faults, all or none.
    Fault {
        /// The faults' text.
        script: String,
    },
    /// Tells which faults are armed.
    Faults,
    /// Forgets all faults.
    Clear,
    /// Copies the flash.
    Snapshot,
    /// Puts other content into the flash and restarts the token.
    Restore {
        /// The content, in hexadecimal digits.
        flash: String,
    },
    /// Halts an endpoint of the bus until the host clears it or resets the bus.
    Stall {
        /// Which one.
        endpoint: Endpoint,
    },
    /// Makes the device answer nothing any more on the bus.
    Hang,
    /// Ends a hang and all halts.
    Release,
}

/// An endpoint that carries reports, as the host names its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// From the token.
    In,
    /// To it.
    Out,
}

impl From<Endpoint> for keyfob_usb::Endpoint {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::In => Self::In,
            Endpoint::Out => Self::Out,
        }
    }
}

impl ControlRequest {
    /// The request to put content into the flash.
    #[must_use]
    pub fn restore(content: &[u8]) -> Self {
        Self::Restore { flash: hexadecimal(content) }
    }
}

/// How an emulator is after a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ControlState {
    /// Whether the token is plugged in.
    pub plugged: bool,
    /// Whether it has power.
    pub powered: bool,
    /// Its clock, in milliseconds.
    pub clock: u64,
    /// Whether only `advance` moves the clock.
    pub scripted_clock: bool,
    /// How often connections were lost.
    pub times_unplugged: u64,
    /// Whether the token shows itself, as `identify` asks it to.
    #[serde(default)]
    pub light: bool,
    /// How it is on USB; none if it isn't there.
    #[serde(default)]
    pub usb: Option<ControlUsb>,
    /// The faults that are armed.
    pub faults: Vec<ControlFault>,
    /// What the flash holds, in hexadecimal digits, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash: Option<String>,
}

/// How a token is on its USB bus. All is counted from the emulator's start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ControlUsb {
    /// Whether a host is there.
    pub attached: bool,
    /// Whether it has configured the token.
    pub configured: bool,
    /// How often it has reset the bus.
    pub resets: u64,
    /// Interrupt transfers that the token took.
    pub reports_out: u64,
    /// Reports that the host read.
    pub reports_in: u64,
    /// Control requests that the token answered.
    pub controls: u64,
    /// How often it answered STALL.
    pub stalled: u64,
}

/// A fault that is armed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ControlFault {
    /// Its name.
    pub id: u32,
    /// Its text.
    pub fault: String,
    /// How many reports or operations it was about so far.
    pub seen: u64,
    /// How often it happened.
    pub fired: u64,
}

/// Why an emulator didn't do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ControlRefusal {
    /// The stable code; `docs/errors.md` has its section.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

impl From<&FaultStatus> for ControlFault {
    fn from(status: &FaultStatus) -> Self {
        let FaultStatus { id, fault, seen, fired } = *status;
        Self { id: id.0, fault: fault.to_string(), seen, fired }
    }
}

impl From<RestoreError> for ControlRefusal {
    fn from(error: RestoreError) -> Self {
        let code = match error {
            RestoreError::Size { .. } | RestoreError::Content(_) => "image-refused",
            RestoreError::Image(_) | RestoreError::Start(_) => "emulator-failed",
        };
        Self::new(code, error)
    }
}

impl ControlRefusal {
    pub(super) fn request(message: impl ToString) -> Self {
        Self::new("control-request", message)
    }

    pub(super) fn fault(error: FaultError) -> Self {
        Self::new("fault-unknown", error)
    }

    pub(super) fn too_many(error: TooManyFaults) -> Self {
        Self::new("too-many-faults", error)
    }

    pub(super) fn not_on_usb() -> Self {
        Self::new("not-on-usb", "this emulator is on no USB bus")
    }

    pub(super) fn failed(error: keyfob_token::StartError) -> Self {
        Self::new("emulator-failed", error)
    }

    #[expect(clippy::needless_pass_by_value, reason = "errors are handed over")]
    fn new(code: &str, message: impl ToString) -> Self {
        Self { code: code.to_owned(), message: message.to_string() }
    }
}

#[derive(Serialize, Deserialize)]
struct Line<T> {
    schema: String,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Done(ControlState),
    Refused(ControlRefusal),
}

/// Reads a request.
pub(super) fn request(line: &[u8]) -> Result<ControlRequest, ControlRefusal> {
    let mut value: Value = serde_json::from_slice(line).map_err(ControlRefusal::request)?;
    let object = value.as_object_mut().ok_or_else(|| ControlRefusal::request("a request is an object"))?;
    if object.remove("schema") != Some(CONTROL_SCHEMA.into()) {
        return Err(ControlRefusal::request(format!("this emulator speaks {CONTROL_SCHEMA}")));
    }
    let given: Vec<_> = object.keys().cloned().collect();
    let request: ControlRequest = serde_json::from_value(value).map_err(ControlRefusal::request)?;
    // Serde lets anything stand beside a request that takes nothing.
    let taken = serde_json::to_value(&request).map_err(ControlRefusal::request)?;
    match given.into_iter().find(|key| taken.get(key).is_none()) {
        None => Ok(request),
        Some(key) => Err(ControlRefusal::request(format!("the request doesn't take `{key}`"))),
    }
}

/// Writes a request.
pub(super) fn requested(request: &ControlRequest) -> String {
    written(request)
}

/// Reads an answer; none if it isn't one of this version.
pub(super) fn answered(line: &[u8]) -> Option<Result<ControlState, ControlRefusal>> {
    let line: Line<Outcome> = serde_json::from_slice(line).ok()?;
    (line.schema == CONTROL_SCHEMA).then_some(match line.content {
        Outcome::Done(state) => Ok(state),
        Outcome::Refused(refusal) => Err(refusal),
    })
}

/// Writes an answer.
pub(super) fn answer(result: &Result<ControlState, ControlRefusal>) -> String {
    written(match result.clone() {
        Ok(state) => Outcome::Done(state),
        Err(refusal) => Outcome::Refused(refusal),
    })
}

fn written(content: impl Serialize) -> String {
    let line = Line { schema: CONTROL_SCHEMA.to_owned(), content };
    // Maps with keys that are text, and nothing that can fail.
    serde_json::to_string(&line).unwrap_or_default() + "\n"
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// The bytes that hexadecimal digits stand for.
pub(super) fn image(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().map(byte).collect::<Option<_>>().filter(|_| rest.is_empty())
}
