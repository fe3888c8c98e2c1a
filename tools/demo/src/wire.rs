//! The way to a fob, counted, and with a man in the middle if the story wants one.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyfob::{Connect, TokenUri, Transport};
use keyfob_wire::Report;

/// Reports out and in.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<(AtomicU64, AtomicU64)>);

impl Counter {
    pub(crate) fn get(&self) -> (u64, u64) {
        (self.0.0.load(Ordering::Relaxed), self.0.1.load(Ordering::Relaxed))
    }
}

/// What the man in the middle does once he is told to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attack {
    /// Nothing.
    None,
    /// Changes a bit of each report to the fob.
    EditRequests,
    /// Changes a bit of each report from the fob.
    EditAnswers,
    /// Sends each report to the fob twice.
    RepeatRequests,
    /// Gives the app each answer twice, so that it is one behind.
    RepeatAnswers,
    /// Sends the fob what it was sent before first, then what it is sent now.
    Reorder,
}

/// A way to a fob. Clones share the counter and the attack.
#[derive(Clone)]
pub(crate) struct Wire {
    uri: TokenUri,
    pub(crate) counter: Counter,
    attack: Arc<Mutex<Attack>>,
}

impl Wire {
    pub(crate) fn new(uri: TokenUri, counter: &Counter) -> Self {
        Self { uri, counter: counter.clone(), attack: Arc::new(Mutex::new(Attack::None)) }
    }

    /// The same way with a man in the middle of its own.
    pub(crate) fn attacked(&self) -> Self {
        Self { attack: Arc::new(Mutex::new(Attack::None)), ..self.clone() }
    }

    pub(crate) fn begin(&self, attack: Attack) {
        *self.attack.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = attack;
    }

    pub(crate) fn name(&self) -> String {
        self.uri.to_string()
    }
}

impl Connect for Wire {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(Tapped {
            inner: self.uri.connect()?,
            counter: self.counter.clone(),
            attack: Arc::clone(&self.attack),
            sent: None,
            pending: VecDeque::new(),
        }))
    }
}

struct Tapped {
    inner: Box<dyn Transport>,
    counter: Counter,
    attack: Arc<Mutex<Attack>>,
    sent: Option<Report>,
    pending: VecDeque<Report>,
}

impl Tapped {
    fn attack(&self) -> Attack {
        *self.attack.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Transport for Tapped {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.counter.0.0.fetch_add(1, Ordering::Relaxed);
        match self.attack() {
            Attack::EditRequests => self.inner.send(&edited(report))?,
            Attack::RepeatRequests => {
                self.inner.send(report)?;
                self.inner.send(report)?;
            }
            Attack::Reorder => {
                if let Some(sent) = &self.sent {
                    self.inner.send(sent)?;
                }
                self.inner.send(report)?;
            }
            Attack::None | Attack::EditAnswers | Attack::RepeatAnswers => self.inner.send(report)?,
        }
        self.sent = Some(*report);
        Ok(())
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        if let Some(report) = self.pending.pop_front() {
            return Ok(Some(report));
        }
        let Some(report) = self.inner.receive(timeout)? else {
            return Ok(None);
        };
        self.counter.0.1.fetch_add(1, Ordering::Relaxed);
        match self.attack() {
            Attack::EditAnswers => return Ok(Some(edited(&report))),
            Attack::RepeatAnswers => self.pending.push_back(report),
            _ => {}
        }
        Ok(Some(report))
    }
}

/// A report with one bit of its data changed.
fn edited(report: &Report) -> Report {
    let mut report = *report;
    report[20] ^= 1;
    report
}
