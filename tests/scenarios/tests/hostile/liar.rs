//! A token whose handshake is in order, and whose answers in sessions aren't: a guest talks to whoever it is.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use keyfob::{Connect, OsEntropy, Serial, Transport};
use keyfob_channel::{Prologue, Records, Responder};
use keyfob_crypto::{AgreementKey, P256Agreement, RustCrypto};
use keyfob_wire::framing::{Assembler, Assembly, Sender};
use keyfob_wire::init::{InitAnswer, TokenState};
use keyfob_wire::{BootId, ChannelId, Command, Firmware, Frame, Instant, MAX_MESSAGE, Report};

/// What it answers to a request of that number: a status and a body.
pub(crate) type Lie = fn(&[u8], u32) -> Vec<u8>;

/// A way to it.
pub(crate) struct Liar(pub(crate) Lie);

impl Connect for Liar {
    fn connect(&mut self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(Wire {
            lie: self.0,
            asked: 0,
            assembler: Assembler::new(),
            outgoing: VecDeque::new(),
            init: ([0; 8], [0; InitAnswer::SIZE]),
            responder: None,
            records: None,
        }))
    }
}

struct Wire {
    lie: Lie,
    asked: u32,
    assembler: Assembler<MAX_MESSAGE>,
    outgoing: VecDeque<Report>,
    init: ([u8; 8], [u8; InitAnswer::SIZE]),
    responder: Option<Responder<RustCrypto>>,
    records: Option<Records<RustCrypto>>,
}

impl Transport for Wire {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        if let Assembly::Complete { channel, command, .. } = self.assembler.on_frame(Instant(0), &Frame::parse(report))
        {
            let mut message = self.assembler.message().to_vec();
            self.assembler.release();
            let command = Command::from_byte(command).unwrap();
            let answer = self.answer(command, &mut message);
            let mut sender = Sender::new(channel, command, answer.len()).unwrap();
            self.outgoing.extend(std::iter::from_fn(|| sender.next(&answer)));
        }
        Ok(())
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let report = self.outgoing.pop_front();
        if report.is_none() {
            std::thread::sleep(timeout);
        }
        Ok(report)
    }
}

impl Wire {
    fn answer(&mut self, command: Command, message: &mut [u8]) -> Vec<u8> {
        let mut out = [0; MAX_MESSAGE];
        let length = match command {
            Command::Init => {
                let answer = InitAnswer {
                    nonce: (&*message).try_into().unwrap(),
                    channel: ChannelId(7),
                    lowest_version: 1,
                    highest_version: 1,
                    capabilities: 0,
                    serial: Serial(*b"liarliar"),
                    boot: BootId::default(),
                    firmware: Firmware([9, 9, 9]),
                    state: TokenState::Ready,
                };
                self.init = (answer.nonce, answer.to_bytes());
                return answer.to_bytes().to_vec();
            }
            Command::Open => {
                let prologue = Prologue { request: &self.init.0, answer: &self.init.1 };
                let key = P256Agreement::generate(&mut OsEntropy);
                // Two byte strings in the certificates' places.
                let payload = [&[0x41, 1][..], &[0x41, 2]].into_iter();
                let (responder, length) =
                    Responder::answer(&prologue, message, &key, payload, &mut OsEntropy, &mut out).unwrap();
                self.responder = Some(responder);
                length
            }
            Command::Finish => {
                let presented = self.responder.take().unwrap().read_finish(message).unwrap();
                let records = presented.admit_guest(message).unwrap().session.records.wake();
                // Login is in order.
                out[2..11].copy_from_slice(&[0, 0, 0xa3, 1, 0, 2, 0, 3, 0]);
                self.records.insert(records).seal(&mut out, 9).unwrap()
            }
            Command::Record => {
                let records = self.records.as_mut().unwrap();
                let lie = (self.lie)(records.open(message).unwrap(), self.asked);
                self.asked += 1;
                out[2..][..lie.len()].copy_from_slice(&lie);
                records.seal(&mut out, lie.len()).unwrap()
            }
            _ => 0,
        };
        out[..length].to_vec()
    }
}
