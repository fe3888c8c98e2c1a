//! A device that a host has imported.

use alloc::vec::Vec;

use crate::asking::{OP_REP_IMPORT, fill, reply};
use crate::command::{Command, Fault, Header, Submit, UrbId, write_failed, write_unlinked};
use crate::error::ProtocolError;
use crate::export::Export;
use crate::pending::{Endpoint, Pending, Pipe};

/// What comes of a connection whose host has the device. Each transfer that an event brings waits until it is
/// answered by [`complete`](Self::complete), [`deliver`](Self::deliver) or [`fail`](Self::fail), or taken back.
#[derive(Debug)]
pub struct Session {
    device: u32,
    endpoints: Vec<Endpoint>,
    receiving: Receiving,
    pending: Pending,
    output: Vec<u8>,
}

/// What a host does with the device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A control transfer; `data` is what it brings.
    Control {
        /// The transfer.
        urb: UrbId,
        /// The setup packet. USB 2.0 §9.3
        setup: [u8; 8],
        /// As much as the setup packet says, if it goes to the device.
        data: Vec<u8>,
    },
    /// A transfer to the device.
    Out {
        /// The transfer.
        urb: UrbId,
        /// `bEndpointAddress`
        endpoint: u8,
        /// What it brings, whatever the size of the endpoint's packets.
        data: Vec<u8>,
    },
    /// A transfer from the device: it waits for packets.
    In {
        /// The transfer.
        urb: UrbId,
        /// `bEndpointAddress`
        endpoint: u8,
    },
    /// The host has taken a transfer back; it isn't to be answered any more.
    Unlinked {
        /// The transfer.
        urb: UrbId,
    },
    /// The host has reset the port: the device isn't configured any more.
    Reset,
}

#[derive(Debug)]
enum Receiving {
    Header {
        words: Header,
        filled: usize,
    },
    /// A transfer's data.
    Data {
        submit: Submit,
        pipe: Pipe,
        data: Vec<u8>,
        missing: usize,
    },
    /// The data of a transfer that was refused; how much is still to come.
    Refused {
        submit: Submit,
        fault: Fault,
        missing: u32,
    },
    Failed(ProtocolError),
}

const HEADER: Receiving = Receiving::Header { words: [[0; 4]; 12], filled: 0 };

impl Session {
    /// Lets the host have the device: its first output is the answer to [`Request::Import`](crate::Request::Import).
    #[must_use]
    pub fn new(export: &Export, endpoints: &[Endpoint]) -> Self {
        let mut output = reply(OP_REP_IMPORT, 0).to_vec();
        export.write(&mut output);
        let (device, endpoints) = (export.device(), endpoints.to_vec());
        Self { device, endpoints, receiving: HEADER, pending: Pending::default(), output }
    }

    /// Takes bytes until something has happened; none if all were taken before.
    ///
    /// There are never more than [`MAX_PENDING`](crate::MAX_PENDING) transfers, none holds more than
    /// [`MAX_TRANSFER`](crate::MAX_TRANSFER) bytes and a packet, and the output grows by no more than what was taken:
    /// who sends the output before it takes more needs no more memory than that.
    ///
    /// # Errors
    /// [`ProtocolError`]: the connection has to be closed. Another call says the same.
    pub fn feed(&mut self, bytes: &mut &[u8]) -> Result<Option<Event>, ProtocolError> {
        loop {
            let event = match core::mem::replace(&mut self.receiving, HEADER) {
                Receiving::Header { mut words, mut filled } => {
                    if !fill(words.as_flattened_mut(), &mut filled, bytes) {
                        self.receiving = Receiving::Header { words, filled };
                        return Ok(None);
                    }
                    self.on_header(&words).inspect_err(|error| self.receiving = Receiving::Failed(*error))?
                }
                Receiving::Data { submit, pipe, mut data, missing } => {
                    let (taken, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
                    let missing = missing - taken.len();
                    data.extend_from_slice(taken);
                    *bytes = rest;
                    if missing > 0 {
                        self.receiving = Receiving::Data { submit, pipe, data, missing };
                        return Ok(None);
                    }
                    self.begin(&submit, pipe, data)
                }
                Receiving::Refused { submit, fault, missing } => {
                    let count = usize::try_from(missing).unwrap_or(usize::MAX).min(bytes.len());
                    *bytes = bytes.get(count..).unwrap_or_default();
                    let missing = missing - u32::try_from(count).unwrap_or(missing);
                    if missing > 0 {
                        self.receiving = Receiving::Refused { submit, fault, missing };
                        return Ok(None);
                    }
                    write_failed(&mut self.output, submit.urb, submit.packets, fault);
                    None
                }
                Receiving::Failed(error) => {
                    self.receiving = Receiving::Failed(error);
                    return Err(error);
                }
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// Answers a transfer: with what the device sends, or nothing if the transfer went to the device, or with why it
    /// wasn't carried out. If the device sends more than was asked for, the host gets [`Fault::Overflow`]. False if it
    /// doesn't wait (any more).
    pub fn complete(&mut self, urb: UrbId, result: Result<&[u8], Fault>) -> bool {
        self.pending.complete(urb, result, &mut self.output)
    }

    /// Sends a packet from an endpoint. It goes to the transfer that has waited longest; false if none waits, and the
    /// packet is to be sent later. A transfer ends when it is full or with a packet shorter than the endpoint's
    /// largest. USB 2.0 §5.7.3, §5.8.3
    pub fn deliver(&mut self, endpoint: u8, packet: &[u8]) -> bool {
        self.pending.deliver(endpoint, packet, &mut self.output)
    }

    /// Answers all transfers that wait at an endpoint: it is halted.
    pub fn fail(&mut self, endpoint: u8, fault: Fault) {
        self.pending.fail(endpoint, fault, &mut self.output);
    }

    /// Whether a transfer waits at an endpoint.
    #[must_use]
    pub fn waits(&self, endpoint: u8) -> bool {
        self.pending.waits(endpoint)
    }

    /// How many transfers wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// What is to be sent to the host.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.output)
    }

    fn on_header(&mut self, header: &Header) -> Result<Option<Event>, ProtocolError> {
        let submit = match Command::parse(header, self.device)? {
            Command::Unlink { number, unlinked } => {
                let was_pending = self.pending.remove(unlinked);
                write_unlinked(&mut self.output, number, was_pending);
                return Ok(was_pending.then_some(Event::Unlinked { urb: unlinked }));
            }
            Command::Submit(submit) if self.pending.contains(submit.urb) => {
                return Err(ProtocolError::Number { number: submit.urb.0 });
            }
            Command::Submit(submit) => submit,
        };
        let pipe = match self.pipe(&submit) {
            Some(pipe) => self.pending.refuses(&submit).map_or(Ok(pipe), Err),
            None => Err(Fault::Stall),
        };
        // A transfer from the device brings nothing.
        let coming = if submit.is_in { 0 } else { submit.length };
        self.receiving = match (pipe, usize::try_from(coming)) {
            (Ok(pipe), Ok(missing)) => Receiving::Data { submit, pipe, data: Vec::new(), missing },
            (Ok(_), Err(_)) => Receiving::Refused { submit, fault: Fault::NoMemory, missing: coming },
            (Err(fault), _) => Receiving::Refused { submit, fault, missing: coming },
        };
        Ok(None)
    }

    /// Where a transfer goes; none if there is no such endpoint or the setup packet says something else.
    fn pipe(&self, submit: &Submit) -> Option<Pipe> {
        if submit.endpoint == 0 {
            let [request_type, .., low, high] = submit.setup;
            let length = u16::from_le_bytes([low, high]);
            let agrees = if submit.is_in { request_type & 0x80 != 0 } else { submit.length == u32::from(length) };
            let is_in = submit.is_in;
            return agrees.then_some(Pipe::Control { is_in });
        }
        let address = u8::try_from(submit.endpoint).ok().filter(|number| *number < 16)?;
        let address = if submit.is_in { address | 0x80 } else { address };
        self.endpoints.iter().find(|endpoint| endpoint.address == address).copied().map(Pipe::Endpoint)
    }

    /// Takes a transfer that is here as a whole.
    fn begin(&mut self, submit: &Submit, pipe: Pipe, data: Vec<u8>) -> Option<Event> {
        let (urb, setup) = (submit.urb, submit.setup);
        self.pending.push(submit, pipe);
        Some(match pipe {
            Pipe::Control { .. } if is_port_reset(&setup) => {
                self.complete(urb, Ok(&[]));
                Event::Reset
            }
            Pipe::Control { .. } => Event::Control { urb, setup, data },
            Pipe::Endpoint(Endpoint { address: endpoint, .. }) if submit.is_in => Event::In { urb, endpoint },
            Pipe::Endpoint(Endpoint { address: endpoint, .. }) => Event::Out { urb, endpoint, data },
        })
    }
}

/// Whether a request is for the hub that the device hangs on, as hosts reset it: `SET_FEATURE(PORT_RESET)`, USB 2.0
/// §11.24.2.13.
fn is_port_reset(setup: &[u8; 8]) -> bool {
    matches!(setup, [0x23, 0x03, 0x04, 0x00, ..])
}
