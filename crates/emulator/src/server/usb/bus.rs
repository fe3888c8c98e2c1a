//! The token on a bus: its device, its endpoints, and what is broken there.

use std::collections::VecDeque;

use keyfob_usb::{CONTROL_BUFFER, Device, Endpoint, Identity, Reply, Setup, packets};
use keyfob_wire::Report;

use super::super::control::ControlUsb;
use crate::emulator::Emulator;

/// How many reports wait for a host that doesn't poll. If there are more, the oldest is lost.
const QUEUE: usize = 256;

/// A bus with one port, in which the token is or isn't.
pub(in crate::server) struct Bus {
    /// None while the token is unplugged or without power.
    device: Option<Device>,
    /// How often a device came.
    arrivals: u64,
    /// Reports of the token.
    to_host: VecDeque<Report>,
    /// Reports of the host.
    from_host: VecDeque<Report>,
    /// Whether the device answers nothing any more.
    is_hung: bool,
    /// How often the token had been unplugged when it was looked at last.
    unplugged: u64,
    state: ControlUsb,
}

/// What becomes of a transfer from the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Outgoing {
    /// It was taken.
    Done,
    /// The endpoint is halted.
    Stall,
    /// There is no such endpoint now.
    Absent,
    /// Nothing: the device hangs.
    Silence,
}

/// What the host reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Incoming {
    /// A report.
    Report(Report),
    /// The endpoint is halted.
    Stall,
    /// Nothing now: no report waits, the device hangs, or there is no such endpoint now.
    Nothing,
}

impl Bus {
    pub(in crate::server) fn new(emulator: &Emulator) -> Self {
        Self {
            device: None,
            arrivals: 0,
            to_host: VecDeque::new(),
            from_host: VecDeque::new(),
            is_hung: false,
            unplugged: emulator.times_unplugged(),
            state: ControlUsb::default(),
        }
    }

    /// The device that is plugged in, and a number that no earlier one had.
    pub(in crate::server) fn device(&self) -> Option<(u64, &Identity)> {
        self.device.as_ref().map(|device| (self.arrivals, device.identity()))
    }

    /// Whether the device has been configured.
    pub(in crate::server) fn is_configured(&self) -> bool {
        self.device.as_ref().is_some_and(Device::is_configured)
    }

    /// Whether an endpoint answers STALL.
    pub(in crate::server) fn is_halted(&self, endpoint: Endpoint) -> bool {
        self.device.as_ref().is_some_and(|device| device.is_halted(endpoint))
    }

    /// Whether the device answers nothing any more.
    pub(in crate::server) const fn is_hung(&self) -> bool {
        self.is_hung
    }

    /// Takes note that a host is there, or has gone: without a host a bus has no power to keep a configuration.
    pub(in crate::server) fn attach(&mut self, is_attached: bool) {
        self.state.attached = is_attached;
        self.forget_host();
    }

    /// Does what the host's reset does: the endpoints are flushed. Power and sessions stay.
    pub(in crate::server) fn reset(&mut self) {
        self.state.resets += 1;
        self.forget_host();
    }

    /// Answers a control request; none if there is no answer.
    pub(in crate::server) fn control<'b>(
        &mut self,
        setup: Setup,
        data: &[u8],
        buffer: &'b mut [u8; CONTROL_BUFFER],
    ) -> Option<Reply<'b>> {
        if self.is_hung {
            return None;
        }
        let device = self.device.as_mut()?;
        self.state.controls += 1;
        let reply = device.control(setup, data, buffer);
        match reply {
            Reply::Report(report) => self.from_host.push_back(report),
            Reply::Stall => self.state.stalled += 1,
            Reply::Data(_) | Reply::Done => {}
        }
        if !self.is_configured() {
            self.to_host.clear();
        }
        Some(reply)
    }

    /// Takes a transfer from the host to the OUT endpoint.
    pub(in crate::server) fn write(&mut self, transfer: &[u8]) -> Outgoing {
        let Some(device) = self.device.as_ref().filter(|device| device.is_configured()) else {
            return Outgoing::Absent;
        };
        if self.is_hung {
            return Outgoing::Silence;
        }
        if device.is_halted(Endpoint::Out) {
            self.state.stalled += 1;
            return Outgoing::Stall;
        }
        self.state.reports_out += 1;
        self.from_host.extend(packets(transfer));
        Outgoing::Done
    }

    /// Has the host read from the IN endpoint.
    pub(in crate::server) fn read(&mut self) -> Incoming {
        let Some(device) = self.device.as_ref().filter(|device| device.is_configured() && !self.is_hung) else {
            return Incoming::Nothing;
        };
        if device.is_halted(Endpoint::In) {
            self.state.stalled += 1;
            return Incoming::Stall;
        }
        self.to_host.pop_front().map_or(Incoming::Nothing, |report| {
            self.state.reports_in += 1;
            Incoming::Report(report)
        })
    }

    /// Puts a report of the token up for the host.
    pub(in crate::server) fn put(&mut self, report: &Report) {
        if self.is_configured() {
            if self.to_host.len() == QUEUE {
                self.to_host.pop_front();
            }
            self.to_host.push_back(*report);
        }
    }

    /// The next report that the host has sent.
    pub(in crate::server) fn take(&mut self) -> Option<Report> {
        self.from_host.pop_front()
    }

    /// Whether the token has all that the host has sent.
    pub(in crate::server) fn is_settled(&self) -> bool {
        self.from_host.is_empty()
    }

    /// Plugs the device in or out, as the emulator is.
    pub(in crate::server) fn follow(&mut self, emulator: &mut Emulator) {
        let unplugged = emulator.times_unplugged();
        if unplugged != self.unplugged || !emulator.is_powered() {
            self.unplugged = unplugged;
            self.unplug();
        }
        if self.device.is_none()
            && let Some(identity) = emulator.usb_identity()
        {
            self.device = Some(Device::new(identity));
            self.arrivals += 1;
        }
    }

    /// Takes the device out.
    pub(in crate::server) fn unplug(&mut self) {
        self.forget_host();
        self.device = None;
    }

    /// Halts an endpoint until the host clears it or resets the bus.
    pub(in crate::server) fn halt(&mut self, endpoint: Endpoint) {
        if let Some(device) = &mut self.device {
            device.halt(endpoint);
        }
    }

    /// Makes the device answer nothing any more.
    pub(in crate::server) const fn hang(&mut self) {
        self.is_hung = true;
    }

    /// Ends what [`halt`](Self::halt) and [`hang`](Self::hang) began.
    pub(in crate::server) fn release(&mut self) {
        self.is_hung = false;
        if let Some(device) = &mut self.device {
            Endpoint::ALL.into_iter().for_each(|endpoint| device.unhalt(endpoint));
        }
    }

    /// How things are on the bus.
    pub(in crate::server) fn state(&self) -> ControlUsb {
        ControlUsb { configured: self.is_configured(), ..self.state.clone() }
    }

    fn forget_host(&mut self) {
        self.to_host.clear();
        self.from_host.clear();
        if let Some(device) = &mut self.device {
            device.reset();
        }
    }
}
