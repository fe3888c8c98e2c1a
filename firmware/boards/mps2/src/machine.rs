//! The machine around the token.

use core::mem::MaybeUninit;

use cortex_m::Peripherals;
use keyfob_wire::{Instant, REPORT_SIZE, Report};

use crate::counter::Counter;
use crate::meter::Meter;
use crate::order::{Answer, Orders};
use crate::uart::Uart;

/// The machine, of which there is one.
pub struct Machine {
    reports: Uart,
    partial: Report,
    received: usize,
    /// How many reports the token took in and gave.
    pub(crate) taken: u32,
    pub(crate) given: u32,
    pub(crate) outgoing: Outgoing,
    /// Whether the token may have something to do or to say.
    pub(crate) is_busy: bool,
    /// Milliseconds, which only orders and the token's own work let pass.
    pub(crate) now: Instant,
    pub(crate) orders: Orders,
    pub(crate) answer: Answer,
    pub(crate) meter: Meter,
}

impl Machine {
    /// Turns it on. In a frame of its own, which is given back before the stack is painted.
    #[inline(never)]
    pub(crate) fn take(place: &mut MaybeUninit<Self>) -> Option<&mut Self> {
        let peripherals = Peripherals::take()?;
        Some(place.write(Self {
            reports: Uart::on(Uart::REPORTS),
            partial: [0; REPORT_SIZE],
            received: 0,
            taken: 0,
            given: 0,
            outgoing: Outgoing::new(),
            is_busy: false,
            now: Instant(0),
            orders: Orders::new(Uart::on(Uart::ORDERS)),
            answer: Answer::new(),
            meter: Meter::new(Counter::start(peripherals.SYST)),
        }))
    }

    /// The report that came, if a whole one did.
    pub(crate) fn receive(&mut self) -> Option<Report> {
        while let Some(place) = self.partial.get_mut(self.received) {
            *place = self.reports.take()?;
            self.received += 1;
        }
        self.received = 0;
        self.taken += 1;
        Some(self.partial)
    }

    /// Sends what the token said.
    pub(crate) fn send(&mut self) {
        for report in self.outgoing.take() {
            self.reports.send(report);
            self.given += 1;
        }
    }
}

/// What the token said and isn't sent yet, so that sending isn't counted.
pub(crate) struct Outgoing {
    reports: [Report; ROOM],
    length: usize,
}

/// A long message and what may overtake it.
const ROOM: usize = 96;

impl Outgoing {
    const fn new() -> Self {
        Self { reports: [[0; REPORT_SIZE]; ROOM], length: 0 }
    }

    /// Takes reports in until there is none, or no room.
    pub(crate) fn fill(&mut self, mut next: impl FnMut() -> Option<Report>) {
        while let Some(place) = self.reports.get_mut(self.length)
            && let Some(report) = next()
        {
            *place = report;
            self.length += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn take(&mut self) -> &[Report] {
        let length = core::mem::take(&mut self.length);
        &self.reports[..length]
    }
}
