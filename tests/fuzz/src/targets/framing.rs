//! Reports as messages, at the token's end and at the host's.

use arbitrary::{Result, Unstructured};
use keyfob_client::{Link, Reply};
use keyfob_wire::framing::{Assembler, Assembly, Fragments, MESSAGE_TIME_OUT};
use keyfob_wire::{
    ChannelId, Command, FIRST_CAPACITY, FOLLOWING_CAPACITY, Frame, Instant, MAX_MESSAGE, REPORT_SIZE, Report, Status,
};

use crate::cast::noise;

/// Compares the assembler with one that keeps everything, then expects a message to come through.
pub(super) fn token(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let (mut assembler, mut model, mut now) = (Assembler::<MAX_MESSAGE>::new(), Model::default(), Instant(0));
    // The input's end is no error.
    let _end = token_steps(&mut input, &mut assembler, &mut model, &mut now);

    now = now.plus(MESSAGE_TIME_OUT);
    assert_eq!(assembler.expire(now), model.receiving.take().map(|message| message.channel));
    assembler.release();
    let message = noise(data.len() as u64, data.len() * 7 % (MAX_MESSAGE + 1));
    let fragments = Fragments::new(ChannelId(3), Command::Record, &message).expect("a message's length");
    let expected = Assembly::Complete { channel: ChannelId(3), command: Command::Record.byte() };
    let mut last = Assembly::Ignored;
    for report in fragments {
        assert_ne!(last, expected, "complete before the end");
        last = assembler.on_frame(now, &Frame::parse(&report));
    }
    assert_eq!(last, expected);
    assert_eq!(assembler.message(), message);
}

fn token_steps(
    input: &mut Unstructured<'_>,
    assembler: &mut Assembler<MAX_MESSAGE>,
    model: &mut Model,
    now: &mut Instant,
) -> Result<()> {
    while !input.is_empty() {
        match input.int_in_range(0..=7u8)? {
            0 => *now = now.plus(input.int_in_range(0..=MESSAGE_TIME_OUT)?),
            1 => {
                let overdue = model.receiving.take_if(|message| message.is_overdue(*now));
                assert_eq!(assembler.expire(*now), overdue.map(|message| message.channel));
            }
            2 => {
                assembler.release();
                model.complete = None;
            }
            _ => {
                let report = report(input, model.receiving.as_ref().map_or(0, |message| message.sequence))?;
                let frame = Frame::parse(&report);
                assert_eq!(assembler.on_frame(*now, &frame), model.on_frame(*now, &frame));
            }
        }
        assert_eq!(assembler.message(), model.complete.as_deref().unwrap_or_default());
        assert_eq!(assembler.deadline(), model.receiving.as_ref().map(|message| message.heard.plus(MESSAGE_TIME_OUT)));
    }
    Ok(())
}

/// A report on one of a few channels, often the one that is awaited.
fn report(input: &mut Unstructured<'_>, sequence: u8) -> Result<Report> {
    let mut report = [0; REPORT_SIZE];
    report[3] = input.int_in_range(0..=2)?;
    match input.int_in_range(0..=3u8)? {
        0 => {
            report[4] = 0x80 | input.arbitrary::<u8>()?;
            let length: u16 = if input.arbitrary()? { input.int_in_range(0..=300)? } else { input.arbitrary()? };
            report[5..7].copy_from_slice(&length.to_be_bytes());
        }
        1 => report[4] = input.int_in_range(0..=127)?,
        _ => report[4] = sequence,
    }
    report[7..].fill(input.arbitrary()?);
    Ok(report)
}

/// An assembler that keeps everything and is easy to check by reading.
#[derive(Default)]
struct Model {
    receiving: Option<Message>,
    complete: Option<Vec<u8>>,
}

struct Message {
    channel: ChannelId,
    command: u8,
    length: usize,
    bytes: Vec<u8>,
    sequence: u8,
    heard: Instant,
}

impl Message {
    fn is_overdue(&self, now: Instant) -> bool {
        now.since(self.heard) >= MESSAGE_TIME_OUT
    }
}

impl Model {
    fn on_frame(&mut self, now: Instant, frame: &Frame<'_>) -> Assembly {
        match *frame {
            Frame::First { channel, command, length, data } => {
                self.receiving.take_if(|message| message.channel == channel);
                if length > MAX_MESSAGE {
                    return Assembly::Refused { channel, status: Status::TooLong };
                }
                if self.receiving.is_some() || self.complete.is_some() {
                    return Assembly::Refused { channel, status: Status::Busy };
                }
                let bytes = data[..length.min(FIRST_CAPACITY)].to_vec();
                self.go_on(Message { channel, command, length, bytes, sequence: 0, heard: now })
            }
            Frame::Following { channel, sequence, data } => {
                let Some(mut message) = self.receiving.take_if(|message| message.channel == channel) else {
                    return Assembly::Ignored;
                };
                if message.is_overdue(now) {
                    return Assembly::Refused { channel, status: Status::TimedOut };
                }
                if message.sequence != sequence {
                    return Assembly::Refused { channel, status: Status::BadSequence };
                }
                let missing = message.length - message.bytes.len();
                message.bytes.extend_from_slice(&data[..missing.min(FOLLOWING_CAPACITY)]);
                message.sequence += 1;
                message.heard = now;
                self.go_on(message)
            }
        }
    }

    fn go_on(&mut self, message: Message) -> Assembly {
        if message.bytes.len() < message.length {
            self.receiving = Some(message);
            return Assembly::Incomplete;
        }
        self.complete = Some(message.bytes);
        Assembly::Complete { channel: message.channel, command: message.command }
    }
}

pub(super) fn token_seeds() -> Vec<Vec<u8>> {
    (0..8).map(|seed| noise(seed, 40 << (seed / 2))).collect()
}

/// Shows a host whatever comes while it waits for an answer, then expects the answer to come through.
pub(super) fn host(data: &[u8]) {
    let _end = host_steps(&mut Unstructured::new(data));
}

fn host_steps(input: &mut Unstructured<'_>) -> Result<()> {
    let command = *input.choose(&Command::ALL[..Command::ALL.len() - 1])?;
    let channel = ChannelId(1);
    let nonce = [0x55; 8];
    let mut link = Link::new();
    link.buffer()[..8].copy_from_slice(&nonce);
    link.request(channel, command, input.int_in_range(8..=300)?).expect("a message's length");
    let mut now = Instant(0);
    let mut sequence = 0;
    while !input.is_empty() {
        match input.int_in_range(0..=7u8)? {
            0 => now = now.plus(input.int_in_range(0..=MESSAGE_TIME_OUT)?),
            1 => link.discard(),
            2 => link.repeat(),
            3 => drop(link.next_report()),
            _ => {
                let mut report = report(input, sequence)?;
                sequence = if report[4] & 0x80 == 0 { report[4].wrapping_add(1) & 0x7f } else { 0 };
                if input.arbitrary()? {
                    report[4] = command.byte();
                    report[7..15].copy_from_slice(&nonce);
                }
                if let Some(Reply::Answer) = link.on_report(now, &report) {
                    assert_eq!(Frame::parse(&report).channel(), channel, "an answer of another channel");
                    if command == Command::Init {
                        assert_eq!(link.answer().get(..8), Some(&nonce[..]), "somebody else's INIT");
                    }
                }
            }
        }
    }
    link.repeat();
    let mut sent = 0;
    while link.next_report().is_some() {
        sent += 1;
    }
    assert!(sent > 0, "what is repeated is sent");
    let length = if command == Command::Init { 36 } else { 2000 };
    let answer = [&nonce[..], &noise(1, length)].concat();
    let fragments = Fragments::new(channel, command, &answer[..length]).expect("a message's length");
    let replies: Vec<_> = fragments.filter_map(|report| link.on_report(now, &report)).collect();
    assert_eq!(replies, [Reply::Answer]);
    assert_eq!(link.answer(), &answer[..length]);
    Ok(())
}

pub(super) fn host_seeds() -> Vec<Vec<u8>> {
    (8..24).map(|seed| noise(seed, 30 << (seed % 4))).collect()
}
