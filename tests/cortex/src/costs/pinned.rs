//! What is recorded of costs, so that a regression is seen.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Costs;
use super::figure::{Figures, Ratio};
use crate::calculations::Cost;

/// How much more than what is recorded is still taken, in percent: compilers differ.
const TOLERANCE: u64 = 3;
/// What the processor's own granularity of counting makes of nothing.
const GRAIN: u64 = 400;

/// What is recorded of an image.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pinned {
    /// What isn't kept of what was promised: it must not get worse.
    beyond: BTreeMap<String, f64>,
    rows: BTreeMap<String, Row>,
}

/// What is recorded of a command. What its public-key operations take depends on random numbers, so only their number
/// is; their costs are rows of their own, of fixed numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    /// Instructions besides the public-key operations.
    instructions: u64,
    /// The public-key operations, counted.
    operations: String,
    /// Bytes of stack.
    stack: u32,
}

impl Pinned {
    pub(super) fn new(costs: &Costs, figures: &Figures) -> Self {
        let row = |(name, cost): &(String, Cost)| {
            let instructions = cost.instructions.saturating_sub(cost.within);
            (name.clone(), Row { instructions, operations: operations(&cost.operations), stack: cost.stack })
        };
        // Of three digits, so that it is the same again.
        let beyond = |ratio: &Ratio| (ratio.name.to_owned(), (ratio.value() * 1e3).round() / 1e3);
        Self {
            beyond: figures.ratios(costs).iter().filter(|ratio| !ratio.is_kept()).map(beyond).collect(),
            rows: figures.0.iter().chain(costs).map(row).collect(),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| path.display().to_string())
    }

    /// Compares with what is recorded.
    ///
    /// # Errors
    /// If something costs more, or isn't what is recorded.
    pub(super) fn compare(&self, recorded: &Self) -> Result<()> {
        let mut worse = Vec::new();
        for (name, row) in &self.rows {
            let Some(before) = recorded.rows.get(name) else {
                worse.push(format!("{name} isn't recorded"));
                continue;
            };
            let mut hold = |what: &str, now: u64, then: u64| {
                let most = then + then * TOLERANCE / 100 + GRAIN;
                if now > most {
                    worse.push(format!("{name}: {now} {what} instead of {then}"));
                }
            };
            hold("instructions", row.instructions, before.instructions);
            hold("bytes of stack", row.stack.into(), before.stack.into());
            if row.operations != before.operations {
                worse.push(format!("{name}: `{}` instead of `{}`", row.operations, before.operations));
            }
        }
        for (name, value) in &self.beyond {
            let held = recorded.beyond.get(name).copied().unwrap_or(0.0);
            if *value > held * (1.0 + TOLERANCE as f64 / 100.0) {
                worse.push(format!("{name}: {value}, which is neither what was promised nor what is recorded, {held}"));
            }
        }
        worse.extend(
            recorded.rows.keys().filter(|name| !self.rows.contains_key(*name)).map(|name| format!("no {name}")),
        );
        if !worse.is_empty() {
            bail!("costs more than is recorded (`cargo xtask cortex --record` writes it anew):\n{}", worse.join("\n"));
        }
        Ok(())
    }
}

/// The costs for people.
pub(super) fn table(costs: &Costs, figures: &Figures) -> String {
    let mut text = "| operation | instructions | stack |\n|---|--:|--:|\n".to_owned();
    for (name, cost) in &figures.0 {
        let _ = writeln!(text, "| {name} | {} | {} |", grouped(cost.instructions), grouped(cost.stack.into()));
    }
    text += "\n| command | instructions | of it public-key operations | besides | stack |\n|---|--:|---|--:|--:|\n";
    for (name, cost) in costs {
        let besides = grouped(cost.instructions.saturating_sub(cost.within));
        let (all, stack) = (grouped(cost.instructions), grouped(cost.stack.into()));
        let _ = writeln!(text, "| {name} | {all} | {} | {besides} | {stack} |", operations(&cost.operations));
    }
    for (name, cost) in costs.iter().filter(|(_, cost)| cost.steps.len() > 1) {
        let steps: Vec<_> = cost.steps.iter().map(|step| grouped(*step)).collect();
        let _ = write!(text, "\n{name}, step by step: {}", steps.join("; "));
    }
    text += "\n\n| ratio | ours | floor | ratio | promised | the floor |\n|---|--:|--:|--:|--:|---|\n";
    for ratio in figures.ratios(costs) {
        let (ours, floor, value) = (grouped(ratio.ours), grouped(ratio.floor), ratio.value());
        let _ = writeln!(text, "| {} | {ours} | {floor} | {value:.3} | {} | {} |", ratio.name, ratio.promise, ratio.of);
    }
    text
}

/// Operations by their numbers.
fn operations(numbers: &[u32; 5]) -> String {
    let names = ["key", "agree", "sign", "verify", "point"];
    let named = names.iter().zip(numbers).filter(|(_, number)| **number > 0);
    named.map(|(name, number)| format!("{number} {name}")).collect::<Vec<_>>().join(", ")
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
