//! The one place where reports meet the token.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use keyfob_token::StartError;
use keyfob_wire::{Instant, Report};

use super::connection::Connection;
use super::control;
use super::{Attachment, Bus, Link};
use crate::emulator::Emulator;

/// The token and its connections. The thread that brings a report also delivers what the token says: an answer takes
/// no turn through another thread.
pub(super) struct Hub {
    core: Mutex<Core>,
    timer: Condvar,
    waker: UnixStream,
}

struct Core {
    /// None once the hub is closed.
    emulator: Option<Emulator>,
    connections: Vec<Arc<Connection>>,
    controls: Vec<Arc<UnixStream>>,
    /// The bus, if there is one.
    usb: Option<Attachment>,
    /// What the timer waits for.
    timer_at: Option<Instant>,
    /// What the token says at one time; kept for its memory.
    said: Vec<u8>,
    /// How often the token had been unplugged when the connections were looked at last.
    unplugged: u64,
}

impl Hub {
    pub(super) fn new(emulator: Emulator, waker: UnixStream) -> Self {
        let unplugged = emulator.times_unplugged();
        let core = Core {
            emulator: Some(emulator),
            connections: Vec::new(),
            controls: Vec::new(),
            usb: None,
            timer_at: None,
            said: Vec::new(),
            unplugged,
        };
        Self { core: Mutex::new(core), timer: Condvar::new(), waker }
    }

    /// Adds a connection if the token is plugged in and there are fewer than `most`.
    pub(super) fn connect(&self, connection: &Arc<Connection>, most: usize) -> bool {
        let mut core = self.core();
        // What is due may plug it in.
        self.deliver(&mut core);
        let is_plugged = core.emulator.as_ref().is_some_and(Emulator::is_plugged);
        let is_welcome = is_plugged && core.connections.len() < most;
        if is_welcome {
            core.connections.push(Arc::clone(connection));
        }
        is_welcome
    }

    pub(super) fn disconnect(&self, connection: &Arc<Connection>) {
        connection.close();
        self.core().connections.retain(|other| !Arc::ptr_eq(other, connection));
    }

    /// Takes a connection's reports until it ends.
    pub(super) fn serve(&self, connection: &Arc<Connection>) {
        connection.read_reports(|report| self.on_report(report));
        self.disconnect(connection);
    }

    /// Adds a control connection if there are fewer than `most`.
    pub(super) fn connect_control(&self, control: &Arc<UnixStream>, most: usize) -> bool {
        let mut core = self.core();
        let is_welcome = core.emulator.is_some() && core.controls.len() < most;
        if is_welcome {
            core.controls.push(Arc::clone(control));
        }
        is_welcome
    }

    pub(super) fn disconnect_control(&self, control: &Arc<UnixStream>) {
        let _ended = control.shutdown(Shutdown::Both);
        self.core().controls.retain(|other| !Arc::ptr_eq(other, control));
    }

    /// Takes a control connection's requests until it ends.
    pub(super) fn serve_control(&self, control: &Arc<UnixStream>) {
        let _ended = control::serve(control, |operate| self.with_all(operate));
        self.disconnect_control(control);
    }

    fn on_report(&self, report: &Report) {
        drop(self.tell(self.core(), report));
    }

    /// Gives the token a report, and to everybody what it says then.
    fn tell<'a>(&'a self, mut core: MutexGuard<'a, Core>, report: &Report) -> MutexGuard<'a, Core> {
        let Some(emulator) = &mut core.emulator else {
            return core;
        };
        emulator.on_report(report);
        self.deliver(&mut core);
        // Other connections have their turn between two steps of a handshake.
        while core.emulator.as_mut().is_some_and(Emulator::work) {
            self.deliver(&mut core);
            drop(core);
            std::thread::yield_now();
            core = self.core();
        }
        core
    }

    /// Puts the token on a bus.
    pub(super) fn attach(&self, link: Arc<dyn Link>) {
        let mut core = self.core();
        if let Some(emulator) = &core.emulator {
            core.usb = Some(Attachment { bus: Bus::new(emulator), link });
        }
    }

    /// What brings a host to the bus, if there is one.
    pub(super) fn link(&self) -> Option<Arc<dyn Link>> {
        self.core().usb.as_ref().map(|usb| Arc::clone(&usb.link))
    }

    /// Does something on the bus between two reports: what the host has sent then, the token gets. None if the hub is
    /// closed or has no bus.
    pub(super) fn on_bus<R>(&self, act: impl FnOnce(&mut Bus) -> R) -> Option<R> {
        let mut core = self.core();
        core.emulator.as_ref()?;
        let result = act(&mut core.usb.as_mut()?.bus);
        self.settle(core);
        Some(result)
    }

    /// Gives the token what the host has sent, and everybody what the token says, until there is nothing of either: to
    /// carry the bus may bring more from the host, which had waited for a device that hung.
    fn settle<'a>(&'a self, mut core: MutexGuard<'a, Core>) {
        loop {
            while let Some(report) = core.usb.as_mut().and_then(|usb| usb.bus.take()) {
                core = self.tell(core, &report);
            }
            self.deliver(&mut core);
            if core.usb.as_ref().is_none_or(|usb| usb.bus.is_settled()) {
                return;
            }
        }
    }

    pub(super) fn with_emulator<R>(&self, operate: impl FnOnce(&mut Emulator) -> R) -> Option<R> {
        self.with_all(|emulator, _| operate(emulator))
    }

    /// Does something with the emulator, and with its bus if there is one.
    pub(super) fn with_all<R>(&self, operate: impl FnOnce(&mut Emulator, Option<&mut Bus>) -> R) -> Option<R> {
        let mut core = self.core();
        let Core { emulator, usb, .. } = &mut *core;
        let result = operate(emulator.as_mut()?, usb.as_mut().map(|usb| &mut usb.bus));
        self.settle(core);
        Some(result)
    }

    pub(super) fn power_cycle(&self) -> Result<(), StartError> {
        let mut core = self.core();
        core.connections.iter().for_each(|connection| connection.close());
        if let Some(usb) = &mut core.usb {
            usb.bus.unplug();
        }
        let cycled = core.emulator.as_mut().map_or(Ok(()), Emulator::power_cycle);
        self.deliver(&mut core);
        cycled
    }

    /// Does what is due at its time, until the hub is closed.
    pub(super) fn keep_time(&self) {
        let mut core = self.core();
        loop {
            core.deliver();
            let Some(emulator) = &core.emulator else {
                return;
            };
            let (poll_at, now) = (emulator.poll_at(), emulator.now());
            // A scripted clock doesn't move while anybody waits.
            let running = !emulator.clock().is_scripted();
            core.timer_at = poll_at;
            core = match poll_at.filter(|_| running) {
                Some(at) => {
                    let wait = Duration::from_millis(at.since(now).max(1));
                    let waited = self.timer.wait_timeout(core, wait).map(|(core, _)| core);
                    waited.unwrap_or_else(|poisoned| self.unplug(poisoned.into_inner().0))
                }
                None => self.timer.wait(core).unwrap_or_else(|poisoned| self.unplug(poisoned.into_inner())),
            };
        }
    }

    /// Makes the server stop.
    pub(super) fn wake(&self) {
        // If the waker is full, the server has been told often enough.
        let _told = (&self.waker).write(&[0]);
    }

    /// Closes all connections and takes the emulator out.
    pub(super) fn close(&self) -> Option<Emulator> {
        let mut core = self.core();
        core.disconnect_all();
        self.timer.notify_all();
        core.emulator.take()
    }

    fn deliver(&self, core: &mut Core) {
        core.deliver();
        let poll_at = core.emulator.as_ref().and_then(Emulator::poll_at);
        // A timer that waits for something earlier looks again by itself.
        if poll_at.is_some_and(|at| core.timer_at.is_none_or(|timer_at| at < timer_at)) {
            core.timer_at = poll_at;
            self.timer.notify_one();
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(|poisoned| self.unplug(poisoned.into_inner()))
    }

    /// Ends everything: a token that has panicked isn't one to go on with.
    fn unplug<'a>(&self, mut core: MutexGuard<'a, Core>) -> MutexGuard<'a, Core> {
        core.emulator = None;
        core.disconnect_all();
        self.wake();
        core
    }
}

impl Core {
    fn disconnect_all(&mut self) {
        self.connections.drain(..).for_each(|connection| connection.close());
        self.controls.drain(..).for_each(|control| {
            let _ended = control.shutdown(Shutdown::Both);
        });
        if let Some(usb) = self.usb.take() {
            usb.link.close();
        }
    }

    /// Sends what the token has to say to everybody, and closes connections if it was unplugged.
    fn deliver(&mut self) {
        let Some(emulator) = &mut self.emulator else {
            return;
        };
        loop {
            let report = emulator.ready_report();
            let unplugged = emulator.times_unplugged();
            if (report.is_none() || unplugged != self.unplugged) && !self.said.is_empty() {
                self.connections.iter().for_each(|connection| connection.send(&self.said));
                self.said.clear();
            }
            if unplugged != self.unplugged {
                self.connections.drain(..).for_each(|connection| connection.close());
                self.unplugged = unplugged;
            }
            if let Some(usb) = &mut self.usb {
                usb.bus.follow(emulator);
                report.iter().for_each(|report| usb.bus.put(report));
                if report.is_none() {
                    usb.carry();
                }
            }
            match report {
                Some(report) => self.said.extend_from_slice(&report),
                None => return,
            }
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
