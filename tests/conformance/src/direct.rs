//! Tokens in this process, without sockets.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant as Time};

use keyfob::{Connect, Transport};
use keyfob_emulator::{Clock, Emulator};
use keyfob_wire::Report;

use crate::{Failure, Fob, Rig};

/// A token in this process.
pub trait Device: Send + 'static {
    /// Takes a report in.
    fn take(&mut self, report: &Report);
    /// Gives the next report, if there is one.
    fn give(&mut self) -> Option<Report>;
    /// Cuts the power and restores it.
    fn restart(&mut self) -> io::Result<()>;
    /// Lets milliseconds pass.
    fn advance(&mut self, milliseconds: u64);
    /// Whether the token shows itself.
    fn light(&self) -> bool;
}

impl Device for Emulator {
    fn take(&mut self, report: &Report) {
        self.on_report(report);
    }

    fn give(&mut self) -> Option<Report> {
        self.next_report()
    }

    fn restart(&mut self) -> io::Result<()> {
        self.power_cycle().map_err(io::Error::other)
    }

    fn advance(&mut self, milliseconds: u64) {
        Emulator::advance(self, milliseconds);
    }

    fn light(&self) -> bool {
        Emulator::light(self).is_on()
    }
}

/// A place for one token, to which any number of programs connect. Clones are the same place.
pub struct Desk<D>(Arc<Mutex<Place<D>>>);

impl<D> Clone for Desk<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Place<D> {
    device: D,
    /// What each connection hasn't fetched yet.
    queues: Vec<Weak<Mutex<VecDeque<Report>>>>,
    /// How often the token was pulled out: connections from before are dead.
    pulled: u32,
}

impl<D: Device> Desk<D> {
    /// Puts a token there.
    pub fn new(device: D) -> Self {
        Self(Arc::new(Mutex::new(Place { device, queues: Vec::new(), pulled: 0 })))
    }

    /// Does something with the token between two reports.
    pub fn with<R>(&self, operate: impl FnOnce(&mut D) -> R) -> R {
        let mut place = self.place();
        let result = operate(&mut place.device);
        place.deliver();
        result
    }

    fn place(&self) -> MutexGuard<'_, Place<D>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Device> Place<D> {
    /// Shows everybody what the token says.
    fn deliver(&mut self) {
        while let Some(report) = self.device.give() {
            self.queues.retain(|queue| {
                let Some(queue) = queue.upgrade() else {
                    return false;
                };
                queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(report);
                true
            });
        }
    }
}

impl<D: Device> Connect for Desk<D> {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        let mut place = self.place();
        place.queues.push(Arc::downgrade(&queue));
        let pulled = place.pulled;
        drop(place);
        Ok(Box::new(Wire { desk: self.clone(), queue, pulled }))
    }
}

struct Wire<D> {
    desk: Desk<D>,
    queue: Arc<Mutex<VecDeque<Report>>>,
    pulled: u32,
}

impl<D: Device> Transport for Wire<D> {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        let mut place = self.desk.place();
        if place.pulled != self.pulled {
            return Err(ErrorKind::BrokenPipe.into());
        }
        place.device.take(report);
        place.deliver();
        Ok(())
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let until = Time::now() + timeout;
        loop {
            let mut place = self.desk.place();
            if place.pulled != self.pulled {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            place.deliver();
            drop(place);
            if let Some(report) = self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
                return Ok(Some(report));
            }
            if Time::now() >= until {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_micros(200).min(timeout));
        }
    }
}

impl<D: Device> Fob for Desk<D> {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.clone())
    }

    fn restart(&mut self) -> Option<io::Result<()>> {
        let mut place = self.place();
        place.pulled += 1;
        place.queues.clear();
        Some(place.device.restart())
    }

    fn advance(&mut self, milliseconds: u64) -> bool {
        self.with(|device| device.advance(milliseconds));
        true
    }

    fn light(&self) -> Option<bool> {
        Some(self.place().device.light())
    }
}

/// Only this token.
impl<D: Device> Rig for Desk<D> {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(self.clone()))
    }
}

/// As many tokens in this process as one asks for.
pub struct Direct<F>(F);

impl Direct<fn() -> io::Result<Emulator>> {
    /// Makes emulators whose clocks stand still until they are advanced.
    #[must_use]
    pub fn emulators() -> Self {
        Self(|| Emulator::builder().clock(Clock::scripted()).start().map_err(io::Error::other))
    }
}

impl<D: Device, F: FnMut() -> io::Result<D>> Direct<F> {
    /// Makes tokens in a way of its own.
    pub fn new(make: F) -> Self {
        Self(make)
    }
}

impl<D: Device, F: FnMut() -> io::Result<D>> Rig for Direct<F> {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(Desk::new((self.0)()?)))
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        Some(self.fob())
    }
}
