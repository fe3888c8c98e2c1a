//! Somebody who writes down every report.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyfob::{Connect, Transport};
use keyfob_conformance::Fob;
use keyfob_wire::Report;

/// What passed on some connections.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// What was sent to the fob.
    pub sent: Vec<Report>,
    /// What came from it.
    pub heard: HashSet<Report>,
}

/// A way to a fob on which everything is written down. Clones write into the same book.
#[derive(Clone)]
pub struct Recorder<F> {
    fob: F,
    book: Arc<Mutex<Recording>>,
}

impl<F> Recorder<F> {
    /// Begins to write.
    pub fn new(fob: F) -> Self {
        Self { fob, book: Arc::default() }
    }

    /// Gives what was written, and begins anew.
    pub fn take(&self) -> Recording {
        std::mem::take(&mut self.book())
    }

    fn book(&self) -> MutexGuard<'_, Recording> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Fob + Clone + Send + 'static> Connect for Recorder<F> {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        let inner = self.fob.way().connect()?;
        Ok(Box::new(Wire { inner, book: Arc::clone(&self.book) }))
    }
}

impl<F: Fob + Clone + Send + 'static> Fob for Recorder<F> {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.clone())
    }
}

struct Wire {
    inner: Box<dyn Transport>,
    book: Arc<Mutex<Recording>>,
}

impl Transport for Wire {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).sent.push(*report);
        self.inner.send(report)
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let report = self.inner.receive(timeout)?;
        self.book.lock().unwrap_or_else(PoisonError::into_inner).heard.extend(report);
        Ok(report)
    }
}
