//! What lies between USB and the token: reports in both directions, and what one has to know of the other.

use core::cell::Cell;
use core::future::poll_fn;
use core::task::{Poll, ready};

use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::waitqueue::AtomicWaker;
use keyfob_usb::SerialNumber;
use keyfob_wire::{ChannelId, Report, Serial};

use crate::queue::Queue;
use crate::wait::{Pause, until};

/// How many reports of the host wait for the token; the host's controller holds back more by itself.
const FROM_HOST: usize = 2;
/// How many reports of the token wait for the host.
const TO_HOST: usize = 4;
/// How long a full queue waits for a host that fetches nothing before it loses its oldest report, in milliseconds.
const PATIENCE: u64 = 100;

/// The reports' ways.
pub struct Ports {
    pub(crate) from_host: Queue<FROM_HOST>,
    pub(crate) to_host: Queue<TO_HOST>,
    /// Woken when the token begins to work.
    pub(crate) begun: AtomicWaker,
    /// Woken when the device may appear on the bus.
    started: AtomicWaker,
    state: CriticalSectionMutex<Cell<State>>,
}

#[derive(Clone, Copy)]
struct State {
    /// Whether it is known what the token is called, or that it can't start.
    is_started: bool,
    /// Whether a host has configured the device.
    is_configured: bool,
    /// For whom the token works.
    working: Option<ChannelId>,
    serial: Serial,
}

impl Ports {
    /// Ports without a host.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            from_host: Queue::new(),
            to_host: Queue::new(),
            begun: AtomicWaker::new(),
            started: AtomicWaker::new(),
            state: CriticalSectionMutex::new(Cell::new(State {
                is_started: false,
                is_configured: false,
                working: None,
                serial: Serial([0; 8]),
            })),
        }
    }

    /// What the token is called on USB from the next reset of the bus on; a blank one has no serial number.
    pub(crate) fn serial(&self) -> Option<SerialNumber> {
        let serial = Some(self.get(|state| state.serial)).filter(|serial| *serial != Serial::default())?;
        SerialNumber::new(core::str::from_utf8(&serial.text()).ok()?)
    }

    /// Lets the device appear on the bus: before, it would be called what it isn't.
    pub(crate) fn start(&self) {
        self.set(|state| state.is_started = true);
        self.started.wake();
    }

    /// Waits for that.
    pub(crate) fn started(&self) -> impl Future<Output = ()> {
        until(&self.started, || self.get(|state| state.is_started).then_some(()))
    }

    pub(crate) fn name(&self, serial: Serial) {
        self.set(|state| state.serial = serial);
    }

    /// Takes note that a host has configured the device, or doesn't use it any more: what waited is nobody's.
    pub(crate) fn configure(&self, is_configured: bool) {
        self.set(|state| state.is_configured = is_configured);
        self.from_host.clear();
        self.to_host.clear();
    }

    /// Whether a host uses the device.
    pub(crate) fn is_configured(&self) -> bool {
        self.get(|state| state.is_configured)
    }

    /// For whom the token works.
    pub(crate) fn working(&self) -> Option<ChannelId> {
        self.get(|state| state.working)
    }

    /// Does something that may take long, for a channel that can be told so meanwhile.
    pub(crate) fn work<R>(&self, channel: Option<ChannelId>, compute: impl FnOnce() -> R) -> R {
        self.set(|state| state.working = channel);
        self.begun.wake();
        let result = compute();
        self.set(|state| state.working = None);
        result
    }

    /// Puts a report up for the host. One that fetches nothing loses the oldest.
    pub(crate) fn put(&self, report: Report) -> impl Future<Output = ()> {
        let mut patience = Pause::new(PATIENCE);
        poll_fn(move |context| {
            self.to_host.emptied.register(context.waker());
            if self.is_configured() && !self.to_host.put(&report) {
                ready!(patience.poll(context));
                let _oldest = self.to_host.take();
                let _full_again = self.to_host.put(&report);
            }
            Poll::Ready(())
        })
    }

    fn get<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        self.state.lock(|state| read(&state.get()))
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        self.state.lock(|cell| {
            let mut state = cell.get();
            change(&mut state);
            cell.set(state);
        });
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self::new()
    }
}
