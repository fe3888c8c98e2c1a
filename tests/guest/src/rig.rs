//! Fobs at the guest's ports, for the conformance suite.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use anyhow::Result;
use keyfob::{Connect, TokenUri, Transport};
use keyfob_conformance::{Failure, Fob, Rig};
use keyfob_emulator::ControlRequest;

use crate::bus::Place;
use crate::control::Control;

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How many fobs are plugged in from the start.
pub(crate) const FOBS: usize = 8;

/// The port of the device that says back what it is told.
pub(crate) const ECHO: usize = FOBS + 1;
/// The port of the device that misbehaves.
pub(crate) const HOSTILE: usize = FOBS + 2;

/// Which of them has a clock that runs by itself. Those of the others are only put forwards, so that a machine that
/// stalls isn't the fob's fault.
pub(crate) const REAL: usize = FOBS - 1;

/// How long a node may take that another program of the kernel's still makes.
const NODE: Duration = Duration::from_millis(300);

/// By which driver fobs are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The kernel's HID driver, through hidapi.
    Hid,
    /// None: directly, through libusb.
    Usb,
}

/// A fob and who holds its plug.
#[derive(Clone)]
pub(crate) struct Plugged {
    pub(crate) place: Place,
    pub(crate) control: Control,
    pub(crate) by: By,
}

impl Plugged {
    /// Does something that unplugs the fob, and waits until it is there again.
    pub(crate) fn replug<T>(&self, operate: impl FnOnce(&Control) -> Result<T>) -> Result<T> {
        let before = self.place.device();
        let result = operate(&self.control)?;
        self.place.await_other(before)?;
        Ok(result)
    }

    /// Pulls it out, which takes its power away, and plugs it in again.
    pub(crate) fn restarted(&self) -> Result<()> {
        let restarted = self.replug(|control| {
            control.ask(&ControlRequest::Kill { back: None })?;
            self.place.await_none()?;
            control.ask(&ControlRequest::Plug)
        });
        restarted.map(drop)
    }

    /// Where it is.
    pub(crate) fn uri(&self) -> io::Result<TokenUri> {
        let text = match self.by {
            By::Hid => {
                let node = self.place.node().ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
                format!("hid:{}", node.display())
            }
            By::Usb => format!("usb:{}", self.place.0),
        };
        text.parse().map_err(io::Error::other)
    }
}

impl Connect for Plugged {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        let until = Instant::now() + NODE;
        loop {
            match self.uri().and_then(|mut uri| uri.connect()) {
                // Between the device and its node, and while another has just let go.
                Err(_) if self.place.folder().exists() && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5))
                }
                connected => return connected,
            }
        }
    }
}

impl Fob for Plugged {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.clone())
    }

    fn restart(&mut self) -> Option<io::Result<()>> {
        Some(self.restarted().map_err(io::Error::other))
    }

    fn advance(&mut self, milliseconds: u64) -> bool {
        self.control.ask(&ControlRequest::Advance { milliseconds }).is_ok()
    }

    fn light(&self) -> Option<bool> {
        self.control.ask(&ControlRequest::Status).ok().map(|state| state.light)
    }
}

/// All fobs: one that the cases share, and the others in turn, made blank.
pub(crate) struct Ports {
    fobs: Vec<Plugged>,
    /// Which device each was before it was told to become blank: it comes back as another one.
    erased: Vec<Option<u64>>,
    next: usize,
}

/// How many of the others a case may have at the same time.
const AT_ONCE: usize = 3;

impl Ports {
    /// # Errors
    /// If a fob can't be made blank.
    pub(crate) fn new(fobs: &[Plugged], by: By) -> Result<Self> {
        let fobs: Vec<_> = fobs[..REAL].iter().map(|fob| Plugged { by, ..fob.clone() }).collect();
        let mut ports = Self { erased: vec![None; fobs.len()], fobs, next: 0 };
        (0..ports.fobs.len()).try_for_each(|number| ports.erase(number))?;
        Ok(ports)
    }

    /// Tells a fob to become blank; to come back takes it a while, for which nobody waits yet.
    fn erase(&mut self, number: usize) -> Result<()> {
        let fob = &self.fobs[number];
        self.erased[number] = fob.place.device();
        fob.control.erase().map(drop)
    }

    fn take(&mut self, number: usize) -> Result<Box<dyn Fob>> {
        let fob = self.fobs[number].clone();
        fob.place.await_other(self.erased[number].take())?;
        Ok(Box::new(fob))
    }

    fn another(&mut self) -> Result<Box<dyn Fob>> {
        let others = self.fobs.len() - 1;
        let number = self.next + 1;
        self.next = number % others;
        let long_used = (number - 1 + others - AT_ONCE) % others + 1;
        if self.erased[long_used].is_none() {
            self.erase(long_used)?;
        }
        self.take(number)
    }
}

impl Rig for Ports {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        self.take(0).map_err(broken)
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        Some(self.another().map_err(broken))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are handed over")]
fn broken(error: anyhow::Error) -> Failure {
    Failure::Broken(format!("{error:#}"))
}

/// One fob, for benches of a step's own.
pub(crate) struct One(Plugged);

impl One {
    /// Makes a fob blank and takes it alone.
    pub(crate) fn erased(fob: &Plugged, by: By) -> Result<Self> {
        fob.replug(Control::erase)?;
        Ok(Self(Plugged { by, ..fob.clone() }))
    }
}

impl Rig for One {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(self.0.clone()))
    }
}
