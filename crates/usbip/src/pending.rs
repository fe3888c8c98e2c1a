//! The transfers that wait for the device.

use alloc::vec::Vec;

use crate::command::{Fault, Submit, UrbId, write_done, write_failed};
use crate::{MAX_PENDING, MAX_TRANSFER};

/// An endpoint of the device besides endpoint 0, of interrupt or bulk transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// `bEndpointAddress`: bit 7 is set if it sends.
    pub address: u8,
    /// `wMaxPacketSize`
    pub max_packet: u16,
}

/// Where a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pipe {
    Control { is_in: bool },
    Endpoint(Endpoint),
}

#[derive(Debug)]
struct Urb {
    urb: UrbId,
    pipe: Pipe,
    length: u32,
    packets: u32,
    /// What has come of it so far.
    data: Vec<u8>,
}

/// Transfers in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<Urb>);

impl Pending {
    pub(crate) fn contains(&self, urb: UrbId) -> bool {
        self.0.iter().any(|pending| pending.urb == urb)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Says what keeps a transfer from waiting.
    pub(crate) fn refuses(&self, submit: &Submit) -> Option<Fault> {
        let fits = usize::try_from(submit.length).is_ok_and(|length| length <= MAX_TRANSFER);
        (!fits || self.0.len() == MAX_PENDING).then_some(Fault::NoMemory)
    }

    pub(crate) fn push(&mut self, submit: &Submit, pipe: Pipe) {
        let Submit { urb, length, packets, .. } = *submit;
        self.0.push(Urb { urb, pipe, length, packets, data: Vec::new() });
    }

    /// Forgets a transfer; false if it isn't waiting.
    pub(crate) fn remove(&mut self, urb: UrbId) -> bool {
        let before = self.0.len();
        self.0.retain(|pending| pending.urb != urb);
        self.0.len() < before
    }

    /// Answers a transfer; false if it isn't waiting.
    pub(crate) fn complete(&mut self, urb: UrbId, result: Result<&[u8], Fault>, output: &mut Vec<u8>) -> bool {
        let Some(place) = self.0.iter().position(|pending| pending.urb == urb) else { return false };
        let pending = self.0.remove(place);
        pending.answer(result, output);
        true
    }

    /// Gives a packet to the first transfer that waits for one from this endpoint; false if there is none.
    pub(crate) fn deliver(&mut self, address: u8, packet: &[u8], output: &mut Vec<u8>) -> bool {
        let waits = |pending: &Urb| pending.pipe.address() == Some(address);
        let Some(place) = self.0.iter().position(waits) else { return false };
        let Some(pending) = self.0.get_mut(place) else { return false };
        pending.data.extend_from_slice(packet);
        if pending.is_whole(packet.len()) {
            let mut pending = self.0.remove(place);
            let data = core::mem::take(&mut pending.data);
            pending.answer(Ok(&data), output);
        }
        true
    }

    /// Whether a transfer waits for a packet from this endpoint, or with one for it.
    pub(crate) fn waits(&self, address: u8) -> bool {
        self.0.iter().any(|pending| pending.pipe.address() == Some(address))
    }

    /// Answers all transfers of an endpoint that something has kept them from.
    pub(crate) fn fail(&mut self, address: u8, fault: Fault, output: &mut Vec<u8>) {
        let failed = self.0.extract_if(.., |pending| pending.pipe.address() == Some(address));
        failed.for_each(|pending| pending.answer(Err(fault), output));
    }
}

impl Urb {
    /// Whether the transfer ends with a packet of this length: it is full, or the packet is shorter than it could be.
    /// USB 2.0 §5.7.3, §5.8.3
    fn is_whole(&self, packet: usize) -> bool {
        let is_short = match self.pipe {
            Pipe::Endpoint(endpoint) => packet < usize::from(endpoint.max_packet),
            Pipe::Control { .. } => true,
        };
        is_short || usize::try_from(self.length).is_ok_and(|length| self.data.len() >= length)
    }

    fn answer(self, result: Result<&[u8], Fault>, output: &mut Vec<u8>) {
        let Self { urb, packets, length, .. } = self;
        match result {
            Err(fault) => write_failed(output, urb, packets, fault),
            Ok(_) if !self.pipe.is_in() => write_done(output, urb, packets, length, &[]),
            Ok(data) => match u32::try_from(data.len()) {
                Ok(sent) if sent <= length => write_done(output, urb, packets, sent, data),
                _ => write_failed(output, urb, packets, Fault::Overflow),
            },
        }
    }
}

impl Pipe {
    /// The endpoint's address; none for endpoint 0.
    fn address(self) -> Option<u8> {
        match self {
            Self::Control { .. } => None,
            Self::Endpoint(endpoint) => Some(endpoint.address),
        }
    }

    fn is_in(self) -> bool {
        match self {
            Self::Control { is_in } => is_in,
            Self::Endpoint(endpoint) => endpoint.address & 0x80 != 0,
        }
    }
}
