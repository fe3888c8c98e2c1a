//! A board whose source of randomness gives nothing worth it.

use anyhow::{Context, Result, ensure};
use keyfob_sim::{Board, Ends, Image};

/// More than the watchdog waits, in milliseconds.
const WATCHDOG: u64 = 9_000;

/// A source that sticks keeps the token off the bus, with the light saying so; one that was mended lets it back.
pub(super) fn check(image: &Image, seed: u64) -> Result<String> {
    let board = Board::start(image, seed)?;
    board.stick_entropy(true)?;
    ensure!(board.power_cycle().is_err(), "a token appeared whose source of randomness sticks");
    ensure!(board.ends().is_none(), "{:?} instead of waiting for the watchdog", board.ends());
    let light = board.light(2_000)?;
    ensure!((7..=9).contains(&light.changes) && light.shortest == 100, "{light:?} isn't an error");
    reset_by_watchdog(&board).context("with a source that sticks")?;
    // It was started with one that sticks, and nobody but the watchdog starts it again.
    let state = board.stick_entropy(false)?;
    ensure!(!state.is_configured(), "a token appeared whose source of randomness sticks, after a reset");
    reset_by_watchdog(&board).context("with a source that was mended")?;
    ensure!(board.stick_entropy(false)?.is_configured(), "the board didn't come up with a source that was mended");
    Ok("a source of randomness that sticks keeps the token off the bus until it is mended".to_owned())
}

fn reset_by_watchdog(board: &Board) -> Result<()> {
    // An end of the run is an error for whoever gave the order; here it is looked at below.
    let _ended = board.advance(WATCHDOG);
    let ends = board.ends();
    ensure!(matches!(&ends, Some(Ends::Crashed(why)) if why.contains("watchdog")), "{ends:?} instead of a reset");
    Ok(())
}
