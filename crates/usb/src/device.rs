//! The device's side of endpoint 0.

use crate::descriptor::{
    CONFIGURATION_DESCRIPTOR, CONFIGURATION_TYPE, DEVICE, HID, HID_DESCRIPTOR, LANGUAGE, LANGUAGES, MANUFACTURER,
    PRODUCT, REPORT, REPORT_DESCRIPTOR, SERIAL_NUMBER, STRING, device_descriptor, write_string,
};
use crate::{CONFIGURATION, Endpoint, INTERFACE, Identity, REPORT_SIZE, Report, Setup};

/// How much room an answer needs.
pub const CONTROL_BUFFER: usize = 255;

/// What a device answers to a control request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<'b> {
    /// Data, no longer than the host takes.
    Data(&'b [u8]),
    /// Done.
    Done,
    /// Done: the host has sent a report (HID §7.2.2).
    Report(Report),
    /// A request error (USB §9.2.7): endpoint 0 answers STALL until the next request.
    Stall,
}

/// A token as its bus sees it, from where it has an address.
#[derive(Debug, Clone)]
pub struct Device {
    identity: Identity,
    is_configured: bool,
    /// Whether IN and OUT are halted.
    halted: [bool; 2],
}

impl Device {
    /// Makes a device that was just plugged in.
    #[must_use]
    pub const fn new(identity: Identity) -> Self {
        Self { identity, is_configured: false, halted: [false; 2] }
    }

    /// By what hosts tell it from others.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Does what a bus reset does (USB §7.1.7.5): it isn't configured any more, and nothing is halted.
    pub const fn reset(&mut self) {
        self.is_configured = false;
        self.halted = [false; 2];
    }

    /// Whether a host has configured it: its endpoints are there only then.
    #[must_use]
    pub const fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// Whether an endpoint answers STALL (USB §8.4.5).
    #[must_use]
    pub const fn is_halted(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::In => self.halted[0],
            Endpoint::Out => self.halted[1],
        }
    }

    /// Halts an endpoint until the host clears it.
    pub const fn halt(&mut self, endpoint: Endpoint) {
        self.set_halted(endpoint, true);
    }

    /// Ends an endpoint's halt.
    pub const fn unhalt(&mut self, endpoint: Endpoint) {
        self.set_halted(endpoint, false);
    }

    /// Answers a control request (USB §9.4, HID §7). `data` is what the host sends with it.
    pub fn control<'b>(&mut self, setup: Setup, data: &[u8], buffer: &'b mut [u8; CONTROL_BUFFER]) -> Reply<'b> {
        let answer = if setup.is_in() {
            let length = self.answer(setup, buffer);
            let limit = usize::from(setup.length);
            length.and_then(|length| buffer.get(..length.min(limit))).map(Reply::Data)
        } else {
            self.obey(setup, data)
        };
        answer.unwrap_or(Reply::Stall)
    }

    /// Writes what a request asks for and says how long it is.
    fn answer(&self, setup: Setup, buffer: &mut [u8; CONTROL_BUFFER]) -> Option<usize> {
        match (setup.request_type, setup.request, setup.value, setup.index) {
            (IN_DEVICE, GET_STATUS, 0, 0) => put(&[0, 0], buffer),
            (IN_DEVICE, GET_CONFIGURATION, 0, 0) => put(&[u8::from(self.is_configured)], buffer),
            (IN_DEVICE, GET_DESCRIPTOR, value, _) => self.descriptor(value, buffer),
            (IN_INTERFACE, GET_DESCRIPTOR, value, ONLY) => match value.to_be_bytes() {
                [HID, 0] => put(&HID_DESCRIPTOR, buffer),
                [REPORT, 0] => put(&REPORT_DESCRIPTOR, buffer),
                _ => None,
            },
            (IN_ENDPOINT, GET_STATUS, 0, 0) => put(&[0, 0], buffer),
            _ if !self.is_configured => None,
            (IN_INTERFACE, GET_STATUS, 0, ONLY) => put(&[0, 0], buffer),
            (IN_INTERFACE, GET_INTERFACE, 0, ONLY) => put(&[0], buffer),
            (IN_ENDPOINT, GET_STATUS, 0, index) => put(&[u8::from(self.is_halted(endpoint(index)?)), 0], buffer),
            // A report that waits is the interrupt endpoint's; one here is of channel 0, which is nobody's.
            (IN_CLASS, GET_REPORT, INPUT_REPORT, ONLY) => put(&[0; REPORT_SIZE], buffer),
            (IN_CLASS, GET_IDLE, 0, ONLY) => put(&[0], buffer),
            (IN_CLASS, GET_PROTOCOL, 0, ONLY) => put(&[REPORT_PROTOCOL], buffer),
            _ => None,
        }
    }

    /// A descriptor by its type and index (USB §9.4.3). A device that only knows full speed has no qualifier (§9.6.2).
    fn descriptor(&self, value: u16, buffer: &mut [u8; CONTROL_BUFFER]) -> Option<usize> {
        match value.to_be_bytes() {
            [DEVICE, 0] => put(&device_descriptor(&self.identity), buffer),
            [CONFIGURATION_TYPE, 0] => put(&CONFIGURATION_DESCRIPTOR, buffer),
            [STRING, LANGUAGES] => {
                let [low, high] = LANGUAGE.to_le_bytes();
                put(&[4, STRING, low, high], buffer)
            }
            [STRING, MANUFACTURER] => Some(write_string(self.identity.manufacturer, buffer)),
            [STRING, PRODUCT] => Some(write_string(self.identity.product, buffer)),
            [STRING, SERIAL_NUMBER] => {
                self.identity.serial.as_ref().map(|serial| write_string(serial.as_str(), buffer))
            }
            _ => None,
        }
    }

    /// Does what a request tells it to.
    fn obey(&mut self, setup: Setup, data: &[u8]) -> Option<Reply<'static>> {
        if usize::from(setup.length) != data.len() {
            return None;
        }
        match (setup.request_type, setup.request, setup.value, setup.index) {
            (OUT_CLASS, SET_REPORT, OUTPUT_REPORT, ONLY) if self.is_configured => {
                return data.try_into().ok().map(Reply::Report);
            }
            _ if !data.is_empty() => return None,
            (OUT_DEVICE, SET_ADDRESS, 0..=127, 0) => {}
            (OUT_DEVICE, SET_CONFIGURATION, value, 0) if value <= u16::from(CONFIGURATION) => {
                self.is_configured = value != 0;
                self.halted = [false; 2];
            }
            _ if !self.is_configured => return None,
            (OUT_INTERFACE, SET_INTERFACE, 0, ONLY) => self.halted = [false; 2],
            (OUT_ENDPOINT, CLEAR_FEATURE, ENDPOINT_HALT, index) => self.unhalt(endpoint(index)?),
            (OUT_ENDPOINT, SET_FEATURE, ENDPOINT_HALT, index) => self.halt(endpoint(index)?),
            // Nothing is repeated while nothing happens, which is what 0 asks for (HID §7.2.4).
            (OUT_CLASS, SET_IDLE, 0, ONLY) => {}
            (OUT_CLASS, SET_PROTOCOL, value, ONLY) if value == u16::from(REPORT_PROTOCOL) => {}
            _ => return None,
        }
        Some(Reply::Done)
    }

    const fn set_halted(&mut self, endpoint: Endpoint, is_halted: bool) {
        match endpoint {
            Endpoint::In => self.halted[0] = is_halted,
            Endpoint::Out => self.halted[1] = is_halted,
        }
    }
}

/// Types and recipients (USB table 9-2).
const OUT_DEVICE: u8 = 0x00;
const OUT_INTERFACE: u8 = 0x01;
const OUT_ENDPOINT: u8 = 0x02;
const OUT_CLASS: u8 = 0x21;
const IN_DEVICE: u8 = 0x80;
const IN_INTERFACE: u8 = 0x81;
const IN_ENDPOINT: u8 = 0x82;
const IN_CLASS: u8 = 0xa1;

/// Standard requests (USB table 9-4).
const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const SET_FEATURE: u8 = 3;
const SET_ADDRESS: u8 = 5;
const GET_DESCRIPTOR: u8 = 6;
const GET_CONFIGURATION: u8 = 8;
const SET_CONFIGURATION: u8 = 9;
const GET_INTERFACE: u8 = 10;
const SET_INTERFACE: u8 = 11;
/// The feature of an endpoint (USB table 9-6).
const ENDPOINT_HALT: u16 = 0;

/// Requests of the class (HID §7.2).
const GET_REPORT: u8 = 1;
const GET_IDLE: u8 = 2;
const GET_PROTOCOL: u8 = 3;
const SET_REPORT: u8 = 9;
const SET_IDLE: u8 = 0x0a;
const SET_PROTOCOL: u8 = 0x0b;
/// Types of reports in the upper byte, no report id in the lower one (HID §7.2.1).
const INPUT_REPORT: u16 = 0x0100;
const OUTPUT_REPORT: u16 = 0x0200;
const REPORT_PROTOCOL: u8 = 1;

/// The only interface as `wIndex`.
#[expect(clippy::as_conversions, reason = "0, in a constant")]
const ONLY: u16 = INTERFACE as u16;

fn endpoint(index: u16) -> Option<Endpoint> {
    u8::try_from(index).ok().and_then(Endpoint::from_address)
}

fn put(bytes: &[u8], buffer: &mut [u8; CONTROL_BUFFER]) -> Option<usize> {
    // Without the panic that `copy_from_slice` would leave in an image.
    buffer.get_mut(..bytes.len())?.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Some(bytes.len())
}
