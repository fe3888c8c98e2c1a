//! Fobs at the guest's ports, for the conformance suite.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use anyhow::Result;
use keyfob::{Connect, TokenUri, Transport};
use keyfob_conformance::{Failure, Fob, Rig};
use keyfob_emulator::ControlRequest;

use crate::bus::Place;
use crate::control::Control;

/// How many fobs are plugged in from the start.
pub(crate) const FOBS: usize = 8;

/// Which of them has a clock that runs by itself. Those of the others are only put forwards, so that a machine that
/// stalls isn't the fob's fault.
pub(crate) const REAL: usize = FOBS - 1;

/// How long a node may take that another program of the kernel's still makes.
const PATIENCE: Duration = Duration::from_secs(5);

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
        let until = Instant::now() + PATIENCE;
        loop {
            match self.uri().and_then(|mut uri| uri.connect()) {
                // Between the device and its node, and while another has just let go.
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
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
    next: usize,
}

impl Ports {
    pub(crate) fn new(fobs: &[Plugged], by: By) -> Self {
        Self { fobs: fobs[..REAL].iter().map(|fob| Plugged { by, ..fob.clone() }).collect(), next: 0 }
    }

    fn erased(&self, number: usize) -> Result<Box<dyn Fob>, Failure> {
        let broken = |error: anyhow::Error| Failure::Broken(format!("{error:#}"));
        let fob = self.fobs.get(number).ok_or(Failure::Needs(keyfob_conformance::Capability::FreshToken))?;
        fob.replug(Control::erase).map_err(broken)?;
        Ok(Box::new(fob.clone()))
    }
}

impl Rig for Ports {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        self.erased(0)
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        self.next = self.next % (self.fobs.len() - 1) + 1;
        Some(self.erased(self.next))
    }
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
