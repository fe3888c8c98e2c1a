//! Whatever reports come to a token, at whatever time, at each stage of its life.

use arbitrary::{Result, Unstructured};
use keyfob_crypto::AgreementKey;
use keyfob_wire::framing::Fragments;
use keyfob_wire::{ChannelId, Command, Operation, REPORT_SIZE, Report};

use crate::board::Memory;
use crate::cast::{ALSO_COUNTED, COUNTED, SOLD, cast, noise};
use crate::edits::edit;
use crate::fob::{Fob, Line};

/// Longer inputs would only take longer.
const STEPS: usize = 64;
/// Which of the stages has licences.
const LICENSED: usize = 3;

pub(super) fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let stage = input.int_in_range(0..=3).unwrap_or(LICENSED);
    let mut fob = Fob::start(Memory::new(cast().stages[stage].clone()), 6);
    let mut lines = Vec::new();
    for _ in 0..STEPS {
        if input.is_empty() || step(&mut input, &mut fob, &mut lines, stage == LICENSED).is_err() {
            break;
        }
    }
    // After any of that, somebody who waits is served.
    fob.pass(60_000);
    fob.fetch();
    fob.init([8; 8]);
    if stage == LICENSED {
        let mut line = Line::open(&mut fob, true);
        for feature in [COUNTED, ALSO_COUNTED] {
            let request = [&[Operation::Counter.byte()], &feature.0.to_be_bytes()[..]].concat();
            let answer = line.ask(&mut fob, &request);
            let remaining = answer.get(2..6).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
            assert!(remaining.is_some_and(|remaining| remaining <= SOLD), "a counter has risen: {answer:?}");
        }
    }
    // What is stored is sound.
    fob.restart(7);
    fob.init([9; 8]);
}

fn step(input: &mut Unstructured<'_>, fob: &mut Fob, lines: &mut Vec<Line>, licensed: bool) -> Result<()> {
    match input.int_in_range(0..=11u8)? {
        0 => {
            let mut report = [0; REPORT_SIZE];
            input.fill_buffer(&mut report)?;
            fob.report(&report);
        }
        1 | 2 => {
            let report = any_report(input)?;
            fob.report(&report);
        }
        3 => {
            // Nobody fetches.
            let report = any_report(input)?;
            fob.token.on_report(fob.now, &report);
        }
        4..=6 => {
            let (channel, command) = (channel(input)?, *input.choose(Command::ALL)?);
            let message = message(input)?;
            // All of its reports, or one is lost.
            let lost = input.int_in_range(0..=9)?;
            let Ok(fragments) = Fragments::new(channel, command, &message) else { return Ok(()) };
            fragments.enumerate().filter(|(place, _)| *place != lost).for_each(|(_, report)| drop(fob.report(&report)));
        }
        7 => fob.pass(input.int_in_range(0..=700)?),
        8 => fob.pass(input.int_in_range(0..=40_000)?),
        9 => fob.restart(input.arbitrary()?),
        10 if licensed && input.ratio(1, 2u8)? => {
            // There is a place for a session once those that are idle and half open have aged.
            fob.pass(60_000);
            fob.fetch();
            lines.push(Line::open(fob, input.arbitrary()?));
        }
        _ => {
            let Some(place) = lines.len().checked_sub(1) else { return Ok(()) };
            let line = &mut lines[input.int_in_range(0..=place)?];
            let text = message(input)?;
            let record = line.seal(text.get(..4000).unwrap_or(&text));
            let record = edit(&record, input)?;
            fob.ask(line.channel, Command::Record, record.get(..4096).unwrap_or(&record));
        }
    }
    Ok(())
}

/// One of the first channels, that of INIT, or one that was never given out.
fn channel(input: &mut Unstructured<'_>) -> Result<ChannelId> {
    Ok(match input.int_in_range(0..=5)? {
        5 => ChannelId::BROADCAST,
        number => ChannelId(number),
    })
}

fn any_report(input: &mut Unstructured<'_>) -> Result<Report> {
    let mut report = [0; REPORT_SIZE];
    report[..4].copy_from_slice(&channel(input)?.0.to_be_bytes());
    let first = input.ratio(2, 3u8)?;
    report[4] = if first { input.choose(Command::ALL)?.byte() } else { input.int_in_range(0..=3)? };
    if first {
        report[5..7].copy_from_slice(&input.int_in_range(0..=400u16)?.to_be_bytes());
    }
    report[7..].fill(input.arbitrary()?);
    Ok(report)
}

/// Something that was said once, or a handshake's first message, altered or not; or a few bytes.
fn message(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let cast = cast();
    match input.int_in_range(0..=3u8)? {
        0 => edit(input.choose(&cast.plaintexts)?, input),
        1 => {
            let hint = if input.arbitrary()? { cast.vendor.0.hint() } else { [0; 8] };
            edit(&[&AgreementKey::public(&cast.update_signer).0[..], &hint].concat(), input)
        }
        2 => edit(&[7; 16], input),
        _ => {
            let length = input.int_in_range(0..=90)?.min(input.len());
            Ok(input.bytes(length.min(input.len()))?.to_vec())
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    (0..4)
        .flat_map(|stage| (0..12).map(move |seed| [vec![stage], noise(seed, 60 + 30 * seed as usize)].concat()))
        .collect()
}
