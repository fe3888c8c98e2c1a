//! The numbers that the project quotes, each with its limit and the command that measures it again.

mod table;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::proof::Proof;
use table::{FIGURES, Figure, Measurements};

/// What is printed, and whether limits are held.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Fails if a figure is over its limit.
    #[arg(long)]
    pub(crate) check: bool,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A figure as it was measured.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    /// Absent if this machine couldn't measure it.
    value: Option<u64>,
    unit: &'static str,
    limit: Option<u64>,
    command: &'static str,
}

/// Measures and prints the figures.
///
/// # Errors
/// If one can't be measured for another reason than a lack of this machine, or, when checking, is over its limit.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    let (rows, lacks) = measure(FIGURES, &Measurements::default())?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print!("{}", shown(&rows));
    }
    if options.check {
        refuse_excess(&rows)?;
    }
    if lacks.is_empty() {
        return Ok(Proof::Proven(()));
    }
    let lack = Proof::NotProven(format!("figures: this machine couldn't measure {}", lacks.join(", ")));
    // JSON says it by the absent value.
    Ok(if options.json { lack } else { lack.announce() })
}

fn measure(figures: &[Figure], measurements: &Measurements) -> Result<(Vec<Row>, Vec<&'static str>)> {
    let mut lacks = Vec::new();
    let mut rows = Vec::new();
    for Figure { name, unit, limit, command, value } in figures {
        let value = match value(measurements).context(*name)? {
            Proof::Proven(value) => Some(value),
            Proof::NotProven(_) => {
                lacks.push(*name);
                None
            }
        };
        rows.push(Row { name, value, unit, limit: *limit, command });
    }
    Ok((rows, lacks))
}

fn refuse_excess(rows: &[Row]) -> Result<()> {
    let is_over = |row: &&Row| matches!((row.value, row.limit), (Some(value), Some(limit)) if value > limit);
    let over: Vec<_> = rows.iter().filter(is_over).map(|row| row.name).collect();
    if !over.is_empty() {
        bail!("over the limit: {}", over.join(", "));
    }
    Ok(())
}

fn shown(rows: &[Row]) -> String {
    let number = |value: Option<u64>, absent: &str| value.map_or_else(|| absent.to_owned(), |value| value.to_string());
    let mut text = format!("{:<28} {:>12} {:>12} {:<8} {}\n", "figure", "value", "limit", "unit", "command");
    for row in rows {
        let (value, limit) = (number(row.value, "not proven"), number(row.limit, "–"));
        text += &format!("{:<28} {value:>12} {limit:>12} {:<8} {}\n", row.name, row.unit, row.command);
    }
    text
}
