//! What each operation costs on the board.

use anyhow::Result;
use keyfob::{Guest, Units, Verdict};
use keyfob_conformance::{Bench, COUNTED};
use keyfob_sim::{Board, Boards, Image, Keep, State};

use super::{failed, kept};

/// Does each operation a few times and prints the last one's figures.
pub(super) fn print(image: &Image, seed: u64) -> Result<()> {
    let keep = Keep::default();
    let blank = Board::start(image, seed)?;
    let state = blank.state()?;
    println!(
        "{:<34} {:>12} {:>9} {:>9} {:>8} {:>6} {:>10}",
        "", "instructions", "board ms", "wall ms", "reports", "pages", "stack left"
    );
    row("power-up of a blank fob", None, &state);
    drop(blank);
    let mut bench = Boards::new(image, seed, &keep).and_then(Bench::new).map_err(failed)?;
    let board = kept(&keep)?;
    board.hasten(1)?;
    row("birth, enrolment and licence", None, &board.state()?);
    for _ in 0..3 {
        bench.set_counter(1_000).map_err(failed)?;
    }
    let before = board.state()?;
    row("power-up", Some(&before), &board.power_cycle()?);
    let measure = |name: &str, operate: &mut dyn FnMut() -> Result<()>| -> Result<()> {
        operate()?;
        let before = board.state()?;
        operate()?;
        row(name, Some(&before), &board.state()?);
        Ok(())
    };
    measure("a session of a guest, opened", &mut || {
        bench.guest().map_err(failed)?;
        Ok(())
    })?;
    measure("a session of an app, opened", &mut || {
        bench.client().map_err(failed)?;
        Ok(())
    })?;
    let client = bench.client().map_err(failed)?;
    let session = client.login(COUNTED)?;
    measure("a check", &mut || {
        anyhow::ensure!(matches!(session.check()?, Verdict::Full(_)), "the check is denied");
        Ok(())
    })?;
    measure("a spend", &mut || {
        session.spend(Units(1))?;
        Ok(())
    })?;
    measure("a counter's state", &mut || {
        session.counter()?;
        Ok(())
    })?;
    let mut guest: Guest = bench.guest().map_err(failed)?;
    measure("what the fob is (info)", &mut || {
        guest.info()?;
        Ok(())
    })?;
    measure("a receipt, signed", &mut || {
        guest.receipt(bench.vendor.root(), &[7; 16])?;
        Ok(())
    })?;
    Ok(())
}

fn row(name: &str, before: Option<&State>, after: &State) {
    let since = |count: fn(&State) -> u64| count(after) - before.map_or(0, count);
    let reports = since(|state| state.reports().0 + state.reports().1);
    println!(
        "{name:<34} {:>12} {:>9} {:>9} {reports:>8} {:>6} {:>10}",
        since(State::instructions),
        since(State::busy),
        since(State::wall),
        since(State::programs),
        after.unused_stack(),
    );
}
