//! What others get while the token computes a handshake for one.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use keyfob::{Connect, Transport};
use keyfob_conformance::Bench;
use keyfob_sim::Board;
use keyfob_wire::body::Request;
use keyfob_wire::{ChannelId, Command, Frame, Status, VendorHint};

use super::failed;

/// How often it is tried: what a host on a busy machine sends in the middle may come too late.
const TRIES: u32 = 5;
/// The most that a control request may take, in microseconds: a host that is in no hurry sends a stage in each frame.
const MOST: u64 = 3_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// While the token computes OPEN's answer, endpoint 0 is answered at once, and another session before OPEN is.
pub(super) fn check(bench: &Bench, board: &Board) -> Result<String> {
    board.hasten(1)?;
    for _ in 0..TRIES {
        if let Some(line) = tried(bench, board)? {
            return Ok(line);
        }
    }
    anyhow::bail!("a session is answered no sooner than whoever opens another one")
}

fn tried(bench: &Bench, board: &Board) -> Result<Option<String>> {
    let mut raw = bench.raw().map_err(failed)?;
    let (mine, other) = (raw.init().map_err(failed)?, raw.init().map_err(failed)?);
    let session = raw.app_on(&mine, &bench.app).map_err(failed)?;
    let (_, message) = other.start(VendorHint::default());
    // Who listens hears everybody.
    let mut listener = board.uri().connect()?;
    board.state()?;
    raw.send_message(other.id, Command::Open, &message).map_err(failed)?;
    let (status, took) = board.timed_control([0x80, 0, 0, 0, 0, 0, 2, 0])?;
    ensure!(status == Some(vec![0, 0]), "GET_STATUS is answered {status:?} while the token computes");
    ensure!(took <= MOST, "a control request took {took} µs while the token computed");
    let (status, _) = raw.ask(session, &Request::Login).map_err(failed)?;
    ensure!(status == Status::Ok, "a session is told {status:?} while the token computes");
    let (mut working, mut is_answered) = (0, false);
    loop {
        let (channel, command) = heard(listener.as_mut())?;
        is_answered |= channel == mine.id;
        if channel != other.id {
            continue;
        }
        if command == Some(Command::KeepAlive.byte()) {
            working += 1;
            continue;
        }
        ensure!(command == Some(Command::Open.byte()), "OPEN is answered {command:?}");
        let line = format!(
            "during an OPEN, which told {working} times that it goes on, a control request took {took} µs, and another session \
             was answered before it"
        );
        return Ok(is_answered.then_some(line));
    }
}

/// The next report's channel, and its command if it begins a message.
fn heard(listener: &mut dyn Transport) -> Result<(ChannelId, Option<u8>)> {
    let report = listener.receive(PATIENCE)?.context("nothing is heard of OPEN")?;
    let frame = Frame::parse(&report);
    let command = match frame {
        Frame::First { command, .. } => Some(command),
        _ => None,
    };
    Ok((frame.channel(), command))
}
