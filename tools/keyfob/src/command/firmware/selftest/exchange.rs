//! Messages that are as they should be: many, long ones, and those that take their time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use keyfob::{Error, OsEntropy};
use keyfob_client::Opening;
use keyfob_crypto::RustCrypto;
use keyfob_wire::init::{InitAnswer, PROTOCOL_VERSION};
use keyfob_wire::{ChannelId, Command, MAX_MESSAGE, Status};

use super::bus::Bus;
use super::check::Check;

/// How often a long message is sent.
const LONG_MESSAGES: u32 = 10;
/// KEEPALIVE comes about every 100 ms, but for a public-key operation that isn't interrupted: this is more than any
/// takes.
const LONGEST_SILENCE: Duration = Duration::from_secs(1);

/// Asks for channels, many times.
pub(super) fn init(bus: &mut Bus, rounds: u32, first: &InitAnswer) -> Check {
    const NAME: &str = "init";
    const NEXT: &str = "try another cable and port; then record it by --trace FILE";
    let (mut channels, mut times, mut wrong) = (BTreeSet::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let began = Instant::now();
        match bus.init() {
            Ok(channel) => {
                times.push(began.elapsed());
                let answer = channel.answer;
                let same = |answer: &InitAnswer| (answer.serial, answer.boot, answer.firmware, answer.state);
                if same(&answer) != same(first) {
                    wrong.push(format!("answer {round} is another fob's or power-up's than the first"));
                }
                if !channels.insert(answer.channel.0) || [ChannelId::BROADCAST, ChannelId(0)].contains(&answer.channel)
                {
                    wrong.push(format!("channel {:08x} was given twice, or can't be given", answer.channel.0));
                }
            }
            Err(error) => {
                wrong.push(format!("answer {round} of {rounds}: {error}"));
                break;
            }
        }
        if wrong.len() > 3 {
            break;
        }
    }
    if !(first.lowest_version..=first.highest_version).contains(&PROTOCOL_VERSION) || first.capabilities != 0 {
        wrong.push("versions or capabilities aren't those of protocol version 1".into());
    }
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).or(times.last()).copied().unwrap_or_default();
    let [p50, p95, p99] = [50, 95, 99].map(|percent| milliseconds(at(percent)));
    let detail = format!(
        "{} of {rounds} answered, each on a channel of its own; half of them within {p50:.2} ms, 95 % {p95:.2} ms, 99 % {p99:.2} ms",
        times.len()
    );
    Check::of(NAME, detail, &wrong, NEXT)
        .with("asked", rounds)
        .with("answered", times.len())
        .with("p50_ms", p50)
        .with("p95_ms", p95)
        .with("p99_ms", p99)
        .with("longest_ms", milliseconds(times.last().copied().unwrap_or_default()))
}

/// Sends messages of 4,096 bytes, which the fob has to put together to refuse them.
pub(super) fn long_message(bus: &mut Bus) -> Check {
    const NAME: &str = "long-message";
    let message: Vec<u8> = (0..MAX_MESSAGE).map(|at| (at % 251) as u8).collect();
    let began = Instant::now();
    let mut attempt = || -> Result<Option<String>, Error> {
        for _ in 0..LONG_MESSAGES {
            let channel = bus.init()?.answer.channel;
            // Nobody has a session there: it is refused once it is whole, whatever is in it, and changes nothing.
            bus.send_message(channel, Command::Record, &message)?;
            let answer = bus.receive(channel)?;
            if answer.error() != Some(Status::SessionRefused.number()) {
                return Ok(Some(answer.says()));
            }
        }
        Ok(None)
    };
    match attempt() {
        Ok(None) => {
            let each = began.elapsed() / LONG_MESSAGES;
            let rate = MAX_MESSAGE as f64 / each.as_secs_f64() / 1000.0;
            let detail = format!("{LONG_MESSAGES} messages of {MAX_MESSAGE} bytes put together, {rate:.1} kB/s");
            Check::passed(NAME, detail).with("each_ms", milliseconds(each)).with("kB_per_s", rate)
        }
        Ok(Some(says)) => {
            let detail = format!(
                "a record of {MAX_MESSAGE} bytes without a session is answered {says}, not ERROR session-refused"
            );
            Check::failed(NAME, detail, "reports get lost or the firmware is wrong: record it by --trace FILE")
        }
        Err(error) => Check::broken(NAME, &error),
    }
}

/// Begins a handshake, and lets it be.
pub(super) fn handshake(bus: &mut Bus) -> Check {
    const NAME: &str = "keepalive";
    let mut attempt = || -> Result<_, Error> {
        let channel = bus.init()?;
        let opening = Opening::new(channel.request, &channel.bytes).map_err(Error::from)?;
        let (_, message) = opening.begin::<RustCrypto>(None, &mut OsEntropy);
        let began = Instant::now();
        bus.send_message(channel.answer.channel, Command::Open, &message)?;
        let answer = bus.receive(channel.answer.channel)?;
        let took = began.elapsed();
        bus.send_message(channel.answer.channel, Command::Cancel, &[])?;
        Ok((answer, took))
    };
    let (answer, took) = match attempt() {
        Ok(done) => done,
        Err(error) => return Check::broken(NAME, &error),
    };
    let (silence, keepalives, length) = (answer.longest_silence, answer.keepalives, answer.bytes.len());
    let mut wrong = Vec::new();
    if answer.command != Command::Open.byte() {
        wrong.push(format!("a handshake is answered {}", answer.says()));
    }
    if silence > LONGEST_SILENCE {
        wrong.push(format!("the fob was silent for {:.0} ms while it computed", milliseconds(silence)));
    }
    let detail = format!(
        "message 2 ({length} bytes) came after {:.1} ms with {keepalives} KEEPALIVEs before it, never more than {:.1} ms apart",
        milliseconds(took),
        milliseconds(silence)
    );
    Check::of(NAME, detail, &wrong, "record it by --trace FILE; compare with the board's figures in docs/firmware.md")
        .with("took_ms", milliseconds(took))
        .with("longest_silence_ms", milliseconds(silence))
        .with("keepalives", keepalives)
        .with("answer_bytes", length)
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
