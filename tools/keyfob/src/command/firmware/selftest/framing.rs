//! Reports that aren't as they should be, and what the specification (§2) says is answered.

use std::time::Duration;

use keyfob::Error;
use keyfob_wire::{ChannelId, Command, REPORT_SIZE, Report, Status};

use super::bus::Bus;
use super::check::Check;

/// How long nothing may come where nothing should.
const SILENCE: Duration = Duration::from_millis(60);
/// A message whose next report doesn't come is dropped after 500 ms.
const TIME_OUT: Duration = Duration::from_secs(2);
/// A length that needs several reports.
const LONG: u16 = 200;
/// A command that there isn't.
const NO_COMMAND: u8 = 0xa5;

/// A case: what it is, and what of it was wrong.
type Case = (&'static str, fn(&mut Bus) -> Result<Option<String>, Error>);

const CASES: &[Case] = &[
    ("a channel that nobody has", |bus| {
        // One that was given is in use; others are drawn at random, so that a neighbour's isn't.
        let channel = ChannelId(bus.init()?.answer.channel.0 ^ 0x5a5a_5a5a);
        bus.send(&first(channel, Command::Record.byte(), 20))?;
        expect(bus, channel, Status::UnknownChannel)
    }),
    ("a command that there isn't", |bus| {
        let channel = bus.init()?.answer.channel;
        bus.send(&first(channel, NO_COMMAND, 0))?;
        expect(bus, channel, Status::UnknownCommand)
    }),
    ("a message of 4,097 bytes", |bus| {
        let channel = bus.init()?.answer.channel;
        bus.send(&first(channel, Command::Record.byte(), 4097))?;
        expect(bus, channel, Status::TooLong)
    }),
    ("a report out of order", |bus| {
        let channel = bus.init()?.answer.channel;
        bus.send(&first(channel, Command::Record.byte(), LONG))?;
        bus.send(&following(channel, 1))?;
        expect(bus, channel, Status::BadSequence)
    }),
    ("a second long message meanwhile, then the rest of the first", |bus| {
        let (channel, other) = (bus.init()?.answer.channel, bus.init()?.answer.channel);
        bus.send(&first(channel, Command::Record.byte(), LONG))?;
        bus.send(&first(other, Command::Record.byte(), LONG))?;
        if let Some(wrong) = expect(bus, other, Status::Busy)? {
            return Ok(Some(wrong));
        }
        for sequence in 0..3 {
            bus.send(&following(channel, sequence))?;
        }
        expect(bus, channel, Status::SessionRefused)
    }),
    ("a message that isn't finished", |bus| {
        let channel = bus.init()?.answer.channel;
        bus.send(&first(channel, Command::Record.byte(), LONG))?;
        match bus.receive_within(channel, TIME_OUT)? {
            Some(answer) if answer.error() == Some(Status::TimedOut.number()) => Ok(None),
            Some(answer) => Ok(Some(answer.says())),
            None => Ok(Some("nothing".into())),
        }
    }),
    ("the rest of no message", |bus| {
        let channel = bus.init()?.answer.channel;
        bus.send(&following(channel, 0))?;
        silence(bus, channel)
    }),
    ("a message that is taken back", |bus| {
        let channel = bus.init()?.answer.channel;
        bus.send(&first(channel, Command::Record.byte(), LONG))?;
        bus.send(&first(channel, Command::Cancel.byte(), 0))?;
        silence(bus, channel)?.map_or_else(
            || {
                bus.send(&following(channel, 0))?;
                silence(bus, channel)
            },
            |wrong| Ok(Some(wrong)),
        )
    }),
];

/// Sends what is wrong in each way, and compares what comes.
pub(super) fn check(bus: &mut Bus) -> Check {
    const NAME: &str = "framing";
    let mut wrong = Vec::new();
    for (what, case) in CASES {
        match case(bus) {
            Ok(None) => {}
            Ok(Some(says)) => wrong.push(format!("{what}: {says}")),
            Err(error) => {
                wrong.push(format!("{what}: {error}"));
                break;
            }
        }
    }
    let detail = format!("{} kinds of wrong reports are answered as the specification says", CASES.len());
    Check::of(NAME, detail, &wrong, "the firmware is wrong, or something in between alters reports: --trace FILE")
        .with("cases", CASES.len())
}

fn expect(bus: &mut Bus, channel: ChannelId, status: Status) -> Result<Option<String>, Error> {
    let answer = bus.receive(channel)?;
    let is_right = answer.error() == Some(status.number());
    Ok((!is_right).then(|| format!("{}, not ERROR {}", answer.says(), status.slug())))
}

fn silence(bus: &mut Bus, channel: ChannelId) -> Result<Option<String>, Error> {
    let answer = bus.receive_within(channel, SILENCE)?;
    Ok(answer.map(|answer| format!("{}, not nothing", answer.says())))
}

fn first(channel: ChannelId, command: u8, length: u16) -> Report {
    let [high, low] = length.to_be_bytes();
    report(channel, &[command, high, low])
}

fn following(channel: ChannelId, sequence: u8) -> Report {
    report(channel, &[sequence])
}

fn report(channel: ChannelId, rest: &[u8]) -> Report {
    let mut report = [0; REPORT_SIZE];
    let bytes = channel.0.to_be_bytes().into_iter().chain(rest.iter().copied());
    report.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    report
}
