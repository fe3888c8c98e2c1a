//! Ways to a fob that count what passes, or alter it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyfob::{Connect, Transport};
use keyfob_conformance::{Failure, Fob, Rig};
use keyfob_wire::Report;

/// How many reports have passed.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<(AtomicU64, AtomicU64)>);

impl Tally {
    /// Reports to the fob and from it.
    #[must_use]
    pub fn get(&self) -> (u64, u64) {
        (self.0.0.load(Ordering::SeqCst), self.0.1.load(Ordering::SeqCst))
    }
}

/// What a man in the middle does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// Nothing.
    None,
    /// Changes one bit of what is sent.
    EditRequests,
    /// Changes one bit of what is answered.
    EditAnswers,
    /// Sends everything twice.
    RepeatRequests,
    /// Answers everything twice.
    RepeatAnswers,
    /// Sends what was sent before first, then what is sent now.
    Reorder,
    /// Says ERROR in an answer's place, and brings the answer when another is awaited.
    HoldBack,
}

/// A way to a fob, or all ways of a rig, with somebody in between. Clones share the tally and the attack.
pub struct Tapped<T> {
    inner: T,
    /// What has passed.
    pub tally: Tally,
    attack: Arc<Mutex<Attack>>,
}

impl<T: Clone> Clone for Tapped<T> {
    fn clone(&self) -> Self {
        self.around(self.inner.clone())
    }
}

impl<T> Tapped<T> {
    /// Sits down between.
    pub fn new(inner: T) -> Self {
        Self { inner, tally: Tally::default(), attack: Arc::new(Mutex::new(Attack::None)) }
    }

    /// Does this from now on.
    pub fn begin(&self, attack: Attack) {
        *self.attack.lock().unwrap_or_else(PoisonError::into_inner) = attack;
    }

    fn around<U>(&self, inner: U) -> Tapped<U> {
        Tapped { inner, tally: self.tally.clone(), attack: Arc::clone(&self.attack) }
    }
}

impl<T: Rig> Rig for Tapped<T> {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        let fob = self.inner.fob()?;
        Ok(Box::new(self.around(fob)))
    }

    fn blank(&mut self) -> Option<Result<Box<dyn Fob>, Failure>> {
        let blank = self.inner.blank()?;
        Some(blank.map(|fob| Box::new(self.around(fob)) as Box<dyn Fob>))
    }
}

impl Fob for Tapped<Box<dyn Fob>> {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.around(Boxed(self.inner.way())))
    }

    fn advance(&mut self, milliseconds: u64) -> bool {
        self.inner.advance(milliseconds)
    }
}

struct Boxed(Box<dyn Connect>);

impl Connect for Boxed {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        self.0.connect()
    }
}

impl<T: Connect> Connect for Tapped<T> {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        let inner = self.inner.connect()?;
        let (tally, attack) = (self.tally.clone(), Arc::clone(&self.attack));
        Ok(Box::new(Tap { inner, tally, attack, sent: None, pending: VecDeque::new(), held: None }))
    }
}

struct Tap {
    inner: Box<dyn Transport>,
    tally: Tally,
    attack: Arc<Mutex<Attack>>,
    sent: Option<Report>,
    pending: VecDeque<Report>,
    held: Option<Report>,
}

impl Tap {
    fn attack(&self) -> Attack {
        *self.attack.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Tap {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.tally.0.0.fetch_add(1, Ordering::SeqCst);
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
            Attack::None | Attack::EditAnswers | Attack::RepeatAnswers | Attack::HoldBack => self.inner.send(report)?,
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
        self.tally.0.1.fetch_add(1, Ordering::SeqCst);
        match self.attack() {
            Attack::EditAnswers => return Ok(Some(edited(&report))),
            Attack::RepeatAnswers => self.pending.push_back(report),
            Attack::HoldBack => match self.held.take() {
                None => {
                    self.held = Some(report);
                    return Ok(Some(error(&report)));
                }
                Some(held) => {
                    self.pending.push_back(report);
                    return Ok(Some(held));
                }
            },
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

/// ERROR `bad-request` on the channel of a report.
fn error(report: &Report) -> Report {
    let mut error = [0; 64];
    error[..4].copy_from_slice(&report[..4]);
    error[4..9].copy_from_slice(&[0xbf, 0, 2, 0, 1]);
    error
}
