//! A host that speaks plain messages to a token, wherever it is.

use std::time::{Duration, Instant as Time};

use keyfob_emulator::Emulator;
use keyfob_wire::framing::{Assembler, Assembly, Sender};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{ChannelId, Command, Frame, Instant, MAX_MESSAGE, Report};

/// A way to a token.
pub(crate) trait Port {
    fn send(&mut self, report: &Report);
    fn receive(&mut self) -> Report;
}

impl Port for Emulator {
    fn send(&mut self, report: &Report) {
        self.on_report(report);
    }

    fn receive(&mut self) -> Report {
        self.next_report().expect("the token answers")
    }
}

/// A message's reports.
pub(crate) fn reports(channel: ChannelId, command: Command, message: &[u8]) -> Vec<Report> {
    let mut sender = Sender::new(channel, command, message.len()).unwrap();
    std::iter::from_fn(|| sender.next(message)).collect()
}

/// Sends a message and returns the next one on its channel; those on others are somebody else's.
pub(crate) fn call(port: &mut impl Port, channel: ChannelId, command: Command, message: &[u8]) -> (u8, Vec<u8>) {
    for report in reports(channel, command, message) {
        port.send(&report);
    }
    next_message(port, channel)
}

pub(crate) fn next_message(port: &mut impl Port, channel: ChannelId) -> (u8, Vec<u8>) {
    let mut assembler = Assembler::<MAX_MESSAGE>::new();
    loop {
        let report = port.receive();
        let frame = Frame::parse(&report);
        if frame.channel() != channel {
            continue;
        }
        if let (Frame::First { command, .. }, Some(message)) = (frame, frame.whole_message()) {
            return (command, message.to_vec());
        }
        match assembler.on_frame(Instant(0), &frame) {
            Assembly::Complete { command, .. } => return (command, assembler.message().to_vec()),
            Assembly::Incomplete => {}
            other => panic!("the token sends {other:?}"),
        }
    }
}

/// Asks for a channel. Answers to others are passed over.
pub(crate) fn init(port: &mut impl Port, nonce: [u8; 8]) -> InitAnswer {
    port.send(&reports(ChannelId::BROADCAST, Command::Init, &nonce)[0]);
    let until = Time::now() + Duration::from_secs(20);
    loop {
        let (_, message) = next_message(port, ChannelId::BROADCAST);
        if let Some(answer) = InitAnswer::parse(&message)
            && answer.nonce == nonce
        {
            return answer;
        }
        assert!(Time::now() < until, "no answer to INIT");
    }
}

/// Asks a token for its birth request.
pub(crate) fn birth(port: &mut impl Port) -> Vec<u8> {
    let channel = init(port, *b"birthday").channel;
    let (command, message) = call(port, channel, Command::Birth, &[7; 16]);
    assert_eq!(command, Command::Birth.byte());
    message
}

/// A small generator of test bytes: SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    /// A report of random bytes, whose header is often one that means something.
    pub(crate) fn report(&mut self) -> Report {
        let mut report = [0; 64];
        for chunk in report.chunks_mut(8) {
            chunk.copy_from_slice(&self.number().to_be_bytes());
        }
        let choice = self.number();
        if choice & 1 == 0 {
            let channel = if choice & 2 == 0 { u32::MAX } else { (choice >> 8) as u32 % 20 };
            report[..4].copy_from_slice(&channel.to_be_bytes());
        }
        if choice & 4 == 0 {
            report[4] = [0x86, 0x90, 0x91, 0x92, 0x93, 0x94, 0xbf, 0x00][(choice >> 32) as usize % 8];
        }
        if choice & 8 == 0 {
            report[5..7].copy_from_slice(&((choice >> 40) as u16 % 200).to_be_bytes());
        }
        report
    }
}
