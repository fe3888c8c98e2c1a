//! Prints each step with its outcome and its cost.

use std::fmt::Display;
use std::time::Instant;

use anyhow::Result;

use crate::wire::Counter;

/// What has been told so far.
pub(crate) struct Stage {
    steps: u32,
    wrong: u32,
    started: Instant,
}

impl Stage {
    pub(crate) fn new() -> Self {
        println!("Keyfob, the whole story on an emulated fob. An emulated fob is never accepted as a real one.");
        Self { steps: 0, wrong: 0, started: Instant::now() }
    }

    pub(crate) fn chapter(&self, title: &str) {
        println!("\n{title}\n{:>4}  {:<62} {:>11} {:>9}", "", "", "reports", "time");
    }

    /// A step that must succeed. What it gives, the story goes on with.
    pub(crate) fn step<T>(
        &mut self,
        counter: &Counter,
        title: &str,
        act: impl FnOnce() -> Result<T>,
        outcome: impl FnOnce(&T) -> String,
    ) -> Result<T> {
        let (before, started) = (counter.get(), Instant::now());
        let done = act();
        let cost = Cost { before, after: counter.get(), started };
        match &done {
            Ok(value) => self.print(true, title, &outcome(value), &cost),
            Err(error) => self.print(false, title, &format!("{error:#}"), &cost),
        }
        done
    }

    /// A step that must fail, and with this code.
    pub(crate) fn refusal<T>(
        &mut self,
        counter: &Counter,
        title: &str,
        code: &str,
        act: impl FnOnce() -> Result<T, keyfob::Error>,
    ) {
        let (before, started) = (counter.get(), Instant::now());
        let done = act();
        let cost = Cost { before, after: counter.get(), started };
        match done {
            Ok(_) => self.print(false, title, "was not refused", &cost),
            Err(error) if error.code() == code => self.print(true, title, &format!("refused: {code}"), &cost),
            Err(error) => self.print(false, title, &format!("should be {code}, is {}", error.code()), &cost),
        }
    }

    /// A statement that must hold.
    pub(crate) fn holds(&mut self, title: &str, holds: bool, outcome: impl Display) {
        let cost = Cost { before: (0, 0), after: (0, 0), started: Instant::now() };
        self.print(holds, title, &outcome.to_string(), &cost);
    }

    /// A step that tells by itself whether it ended as it must, and how.
    pub(crate) fn trial(
        &mut self,
        counter: &Counter,
        title: &str,
        act: impl FnOnce() -> Result<(bool, String)>,
    ) -> Result<()> {
        let (before, started) = (counter.get(), Instant::now());
        let (as_told, outcome) = act()?;
        self.print(as_told, title, &outcome, &Cost { before, after: counter.get(), started });
        Ok(())
    }

    fn print(&mut self, as_told: bool, title: &str, outcome: &str, cost: &Cost) {
        self.steps += 1;
        self.wrong += u32::from(!as_told);
        let mark = if as_told { "ok" } else { "NO" };
        let (out, back) = (cost.after.0 - cost.before.0, cost.after.1 - cost.before.1);
        let reports = if out + back == 0 { String::new() } else { format!("{out} + {back}") };
        let time = format!("{:.1} ms", cost.started.elapsed().as_secs_f64() * 1e3);
        println!("{mark:>4}  {title:<62} {reports:>11} {time:>9}\n      {outcome}");
    }

    /// Says how it went.
    pub(crate) fn close(&self) -> bool {
        let (steps, wrong, time) = (self.steps, self.wrong, self.started.elapsed().as_secs_f64());
        println!("\n{steps} steps in {time:.1} s, {} as told, {wrong} not.", steps - wrong);
        println!("Reports are 64 bytes, out + in; a check is 1 + 1 once the session is open.");
        wrong == 0
    }
}

struct Cost {
    before: (u64, u64),
    after: (u64, u64),
    started: Instant,
}
