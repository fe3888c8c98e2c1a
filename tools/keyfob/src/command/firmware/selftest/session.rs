//! What a fob with certificates says of itself.

use std::time::Duration;

use keyfob::{Client, Error, FeatureId, Health, Info, TokenUri};
use keyfob_signed::Board;
use keyfob_wire::init::InitAnswer;

use super::check::Check;
use super::statistics::Statistics;

/// How many random bytes are looked at.
const RANDOM: usize = 65_536;
/// How much of the stack has to be left, in bytes: an interrupt needs less.
const LEAST_STACK: u32 = 1024;
/// Why a board started (`docs/spec.md`, §8).
const WATCHDOG: u32 = 3;
const BROWNOUT: u32 = 5;

/// Compares what the fob says in a session with what it said before, and with what its board is known for.
pub(super) fn info(before: &InitAnswer, info: &Result<Info, Error>) -> Check {
    const NAME: &str = "info";
    let info = match info {
        Ok(info) => info,
        Err(error) => return Check::broken(NAME, error),
    };
    let mut wrong = Vec::new();
    if (info.serial, info.boot, info.firmware) != (before.serial, before.boot, before.firmware) {
        wrong.push("serial, power-up or firmware aren't those that INIT told".to_owned());
    }
    match info.board.levels() {
        None => wrong.push(format!("board {} is none that this program knows", info.board.0)),
        Some(levels) if levels != info.levels => {
            let (known, said) = (levels.number(), info.levels.number());
            wrong.push(format!("the board's levels are {known}, but the fob says {said}"));
        }
        Some(_) => {}
    }
    let name = info.board.name().unwrap_or("unknown");
    let detail = format!("board {} ({name}), levels {}, as known of it", info.board.0, info.levels.number());
    Check::of(NAME, detail, &wrong, "the image isn't this board's, or this program is older than the firmware")
        .with("board", info.board.0)
        .with("levels", info.levels.number())
        .with("vendors", info.partitions.len())
}

/// Looks at the fob's own counters.
pub(super) fn health(health: &Result<Health, Error>) -> Check {
    const NAME: &str = "health";
    let health = match health {
        Ok(health) => health,
        Err(error) => return Check::broken(NAME, error),
    };
    let mut wrong = Vec::new();
    if health.free == 0 {
        wrong.push("the flash is full".to_owned());
    }
    if health.stack_unused.is_some_and(|unused| unused < LEAST_STACK) {
        wrong.push(format!("less than {LEAST_STACK} bytes of the stack were never used"));
    }
    if health.reset.is_some_and(|reset| reset == WATCHDOG || reset == BROWNOUT) {
        wrong.push("the watchdog, or too low a voltage, has reset the board".to_owned());
    }
    if health.failed_entropy_tests.is_some_and(|failed| failed > 0) {
        wrong.push("tests of the noise source failed".to_owned());
    }
    if health.anchor_left == Some(0) {
        wrong.push("the rollback anchor is used up".to_owned());
    }
    let told = [
        ("bytes of the stack never used", health.stack_unused),
        ("failed tests of the noise source", health.failed_entropy_tests),
        ("steps of the anchor left", health.anchor_left),
    ];
    let told = told.iter().filter_map(|(what, value)| value.map(|value| format!(", {value} {what}")));
    let told: String = told.collect();
    let detail = format!("up for {} s, {} bytes of flash free{told}", health.uptime, health.free);
    Check::of(NAME, detail, &wrong, "docs/selftest.md says what each means")
        .with("uptime_s", health.uptime)
        .with("free_bytes", health.free)
        .with("compactions", health.compactions)
        .with("refused_records", health.refused_records)
        .with("refused_handshakes", health.refused_handshakes)
        .with("stack_unused", health.stack_unused)
        .with("reset", health.reset)
        .with("failed_entropy_tests", health.failed_entropy_tests)
        .with("anchor_left", health.anchor_left)
}

/// Looks at random bytes.
pub(super) fn random(credential: &[u8], token: &TokenUri, timeout: Duration) -> Check {
    const NAME: &str = "random";
    let session = || {
        let client = Client::builder(credential).token(&token.to_string()).timeout(timeout).accept_emulated();
        client.open()?.login(FeatureId(0))?.random(RANDOM)
    };
    let bytes = match session() {
        Ok(bytes) => bytes,
        Err(error) => return Check::broken(NAME, &error),
    };
    let statistics @ Statistics { monobit, runs, bytes: values } = Statistics::of(bytes.expose());
    let wrong: Vec<_> = statistics.alarms().iter().map(|name| format!("{name} is out of bounds")).collect();
    let detail = format!("{RANDOM} bytes: monobit {monobit:.2}, runs {runs:.2}, bytes {values:.2} deviations");
    Check::of(NAME, detail, &wrong, "again; by chance it happens three times in a million. If it stays, don't use it")
        .with("monobit", monobit)
        .with("runs", runs)
        .with("bytes", values)
}

/// No request shows the button, and the one that needs it changes the fob.
pub(super) fn button(board: Option<Board>) -> Check {
    const NAME: &str = "button";
    match board {
        Some(Board::NRF52840_DONGLE) => {
            let next = "apply a wipe file to a fob for tests: without the button it is refused (button-needed)";
            Check::not_checked(NAME, "only a wipe asks for the button, and that changes the fob", next)
        }
        Some(_) => Check::not_checked(NAME, "this board has none that the firmware reads", "nothing"),
        None => Check::not_checked(NAME, "a fob without certificates doesn't say what board it is", "certify it"),
    }
}
