//! Transports that lose, alter and mix up reports.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyfob::{Connect, Transport};
use keyfob_conformance::{Desk, Failure, Fob, Rig};
use keyfob_emulator::Emulator;
use keyfob_wire::Report;

/// What happens to reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    None,
    /// Every third report to the token is lost.
    DropEveryThird,
    /// One bit of every report from the token is another.
    FlipAnswers,
    /// Two successive reports from the token change places, where there are two.
    SwapAnswers,
}

/// A token with a way to it that can be disturbed. Clones share both.
#[derive(Clone)]
pub(crate) struct Tapped {
    desk: Desk<Emulator>,
    disturbance: Arc<Mutex<Disturbance>>,
}

impl Tapped {
    pub(crate) fn new(desk: Desk<Emulator>) -> Self {
        Self { desk, disturbance: Arc::new(Mutex::new(Disturbance::None)) }
    }

    pub(crate) fn begin(&self, disturbance: Disturbance) {
        *self.disturbance.lock().unwrap() = disturbance;
    }
}

impl Rig for Tapped {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(self.clone()))
    }
}

impl Fob for Tapped {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.clone())
    }
}

impl Connect for Tapped {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        let inner = self.desk.connect()?;
        Ok(Box::new(Tap { inner, disturbance: Arc::clone(&self.disturbance), sent: 0, kept: None }))
    }
}

struct Tap {
    inner: Box<dyn Transport>,
    disturbance: Arc<Mutex<Disturbance>>,
    sent: u32,
    kept: Option<Report>,
}

impl Transport for Tap {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.sent += 1;
        let disturbance = *self.disturbance.lock().unwrap();
        if disturbance == Disturbance::DropEveryThird && self.sent.is_multiple_of(3) {
            return Ok(());
        }
        self.inner.send(report)
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        if let Some(report) = self.kept.take() {
            return Ok(Some(report));
        }
        let Some(mut report) = self.inner.receive(timeout)? else {
            return Ok(None);
        };
        match *self.disturbance.lock().unwrap() {
            Disturbance::FlipAnswers => report[20] ^= 1,
            Disturbance::SwapAnswers => {
                if let Some(next) = self.inner.receive(Duration::from_millis(1))? {
                    self.kept = Some(report);
                    return Ok(Some(next));
                }
            }
            Disturbance::None | Disturbance::DropEveryThird => {}
        }
        Ok(Some(report))
    }
}
