//! A device between the host and a proper token that does one thing wrong at one report.

pub(crate) mod cases;
pub(crate) mod liar;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use keyfob::{Connect, Transport};
use keyfob_wire::Report;

use cases::{ERROR, says};

/// What a device does wrong.
#[derive(Clone, Copy)]
pub(crate) enum Wrong {
    /// In the place of one report of the token's, the host hears these; given is what it has heard before.
    Answer(fn(&Report, &[Report]) -> Vec<Report>),
    /// In the place of one report of the token's, the host hears ERROR with this status.
    Refused([u8; 2]),
    /// In the place of one report of the host's, the token hears these.
    Question(fn(&Report) -> Vec<Report>),
    /// From one report of the host's on, the host hears this and the token nothing. Given are that report or a later
    /// one, and how often the host has listened since.
    Instead(fn(&Report, u64) -> Heard),
    /// From one report of the host's on, the host hears this as well, each time before it hears the token.
    Beside(fn(&Report, u64) -> Report),
    /// From one report of the host's on, another token answers.
    Swapped,
    /// One report of the token's comes so many time-outs late.
    Late(f64),
}

/// What a host hears.
pub(crate) enum Heard {
    /// A report.
    Report(Report),
    /// Nothing.
    Nothing,
    /// A report that takes its time.
    Slowly(Report),
    /// That the device has gone; it is back at once, and goes on as before.
    Flicker,
    /// That the device has gone; it stays away.
    Gone,
    /// That the device has gone; it is back at once.
    Blink,
}

/// A way to a token through the device. Clones are the same device.
#[derive(Clone)]
pub(crate) struct Device(Arc<Mutex<State>>);

struct State {
    token: Box<dyn Connect>,
    other: Box<dyn Connect>,
    timeout: Duration,
    wrong: Option<(Wrong, usize)>,
    /// Reports of the host's and of the token's.
    sent: usize,
    heard: Vec<Report>,
    last: Report,
    listened: u64,
    is_gone: bool,
}

impl Device {
    pub(crate) fn new(token: Box<dyn Connect>, other: Box<dyn Connect>, timeout: Duration) -> Self {
        Self(Arc::new(Mutex::new(State {
            token,
            other,
            timeout,
            wrong: None,
            sent: 0,
            heard: Vec::new(),
            last: [0; 64],
            listened: 0,
            is_gone: false,
        })))
    }

    /// Counts reports anew, and does this at the one of that number.
    pub(crate) fn begin(&self, wrong: Option<(Wrong, usize)>) {
        let mut state = self.state();
        (state.wrong, state.sent, state.listened, state.is_gone) = (wrong, 0, 0, false);
        state.heard.clear();
    }

    /// How many reports of the host's and of the token's have passed.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.sent, state.heard.len())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What goes on from some report of the host's on.
    fn goes_on(&self) -> Option<Wrong> {
        self.wrong.filter(|&(_, at)| self.sent > at).map(|(wrong, _)| wrong)
    }
}

impl Connect for Device {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        let mut state = self.state();
        if state.is_gone {
            return Err(ErrorKind::NotFound.into());
        }
        let (token, other) = (state.token.connect()?, state.other.connect()?);
        Ok(Box::new(Wire { device: self.clone(), token, other, pending: VecDeque::new(), is_dead: false }))
    }
}

struct Wire {
    device: Device,
    token: Box<dyn Transport>,
    other: Box<dyn Transport>,
    /// What comes, and not before.
    pending: VecDeque<(Instant, Report)>,
    is_dead: bool,
}

impl Transport for Wire {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        let mut state = self.device.state();
        if self.is_dead || state.is_gone {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let number = state.sent;
        (state.sent, state.last) = (number + 1, *report);
        let (goes_on, wrong) = (state.goes_on(), state.wrong);
        drop(state);
        match (goes_on, wrong) {
            (Some(Wrong::Instead(_)), _) => Ok(()),
            (Some(Wrong::Swapped), _) => self.other.send(report),
            (_, Some((Wrong::Question(asked), at))) if at == number => {
                asked(report).iter().try_for_each(|report| self.token.send(report))
            }
            _ => self.token.send(report),
        }
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let mut state = self.device.state();
        if self.is_dead || state.is_gone {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let (goes_on, last, listened) = (state.goes_on(), state.last, state.listened);
        state.listened += u64::from(goes_on.is_some());
        match goes_on {
            Some(Wrong::Instead(hears)) => match hears(&last, listened) {
                Heard::Report(report) => {
                    drop(state);
                    std::thread::sleep(Duration::from_micros(50));
                    return Ok(Some(report));
                }
                Heard::Nothing => {
                    drop(state);
                    std::thread::sleep(timeout);
                    return Ok(None);
                }
                Heard::Slowly(report) => {
                    let pause = timeout.min(state.timeout / 6);
                    drop(state);
                    std::thread::sleep(pause);
                    return Ok(Some(report));
                }
                Heard::Flicker => {
                    self.is_dead = true;
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                gone => {
                    state.is_gone = matches!(gone, Heard::Gone);
                    self.is_dead = true;
                    // It is back as a proper one.
                    state.wrong = None;
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            },
            Some(Wrong::Beside(comes)) if listened % 2 == 0 => return Ok(Some(comes(&last, listened))),
            Some(Wrong::Swapped) => {
                drop(state);
                return self.other.receive(timeout);
            }
            _ => {}
        }
        drop(state);
        let until = Instant::now() + timeout;
        loop {
            if self.pending.front().is_some_and(|(due, _)| *due <= Instant::now()) {
                return Ok(self.pending.pop_front().map(|(_, report)| report));
            }
            let next = self.pending.front().map_or(until, |(due, _)| until.min(*due));
            match self.token.receive(next.saturating_duration_since(Instant::now()))? {
                Some(report) => self.hear(&report),
                None if Instant::now() >= until => return Ok(None),
                None => {}
            }
        }
    }
}

impl Wire {
    fn hear(&mut self, report: &Report) {
        let mut state = self.device.state();
        let number = state.heard.len();
        let (due, heard) = match state.wrong {
            Some((Wrong::Answer(altered), at)) if at == number => (Instant::now(), altered(report, &state.heard)),
            Some((Wrong::Refused(status), at)) if at == number => (Instant::now(), vec![says(report, ERROR, &status)]),
            Some((Wrong::Late(factor), at)) if at == number => {
                (Instant::now() + state.timeout.mul_f64(factor), vec![*report])
            }
            _ => (Instant::now(), vec![*report]),
        };
        state.heard.push(*report);
        self.pending.extend(heard.into_iter().map(|report| (due, report)));
    }
}
