//! How fast it is: each figure beside its floor, in one run.
//!
//! What the processor decides is counted in instructions by callgrind, which are the same on a busy machine, and held
//! to a limit; time is measured beside it and only reported.

mod callgrind;
mod cortex;
mod figure;
mod growth;
mod page;
mod plot;
mod program;
#[cfg(test)]
mod tests;
mod times;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::proof::Proof;
use figure::{FACTS, RATIOS, Row};
use program::Program;

/// What is measured, and where it goes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Measures only what is held to a limit.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measures nothing but the cryptography on a Cortex-M4.
    #[arg(long, conflicts_with_all = ["quick", "record"])]
    pub(crate) cortex_m: bool,
    /// Prints JSON instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the tables and plots of docs/performance.md anew.
    #[arg(long, conflicts_with = "quick")]
    pub(crate) record: bool,
}

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Measured {
    /// What is held to a limit.
    pub(crate) rows: Vec<Row>,
    /// Times, of this machine and moment.
    pub(crate) times: Vec<times::Time>,
    /// Instructions by what the token carries.
    pub(crate) growth: Vec<growth::Series>,
    /// Instructions on a Cortex-M4.
    pub(crate) cortex_m: Vec<cortex::Count>,
}

/// Measures, prints, and fails if a limit is exceeded.
///
/// # Errors
/// If something can't be measured for another reason than a lack of this machine, or exceeds its limit.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    if options.cortex_m {
        return on_cortex_m(options.json);
    }
    let program = Program::build()?;
    let mut measured = Measured::default();
    let mut lacks = Vec::new();
    measured.rows.extend(FACTS.iter().zip(program.facts()?).map(|(fact, value)| fact.row(value)));
    if callgrind::is_there() {
        for ratio in RATIOS {
            let (ours, floor) = (program.count(ratio.ours, ratio.runs, 4)?, program.count(ratio.floor, ratio.runs, 4)?);
            measured.rows.push(ratio.row(ours, floor));
        }
    } else {
        lacks.push("bench: there is no valgrind to count instructions with".to_owned());
    }
    if !options.quick {
        measured.times = program.times()?;
        if callgrind::is_there() {
            measured.growth = growth::measure(&program)?;
        }
        match cortex::measure()? {
            Proof::Proven(counts) => measured.cortex_m = counts,
            Proof::NotProven(lack) => lacks.push(lack),
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&measured)?);
    } else {
        print!("{}", page::text(&measured));
    }
    if options.record {
        page::record(&measured)?;
    }
    refuse_excess(&measured.rows)?;
    if lacks.is_empty() {
        return Ok(Proof::Proven(()));
    }
    let lack = Proof::<()>::NotProven(lacks.join("; "));
    Ok(if options.json { lack } else { lack.announce() })
}

fn on_cortex_m(json: bool) -> Result<Proof> {
    let measured = cortex::measure()?;
    match &measured {
        Proof::Proven(counts) if json => println!("{}", serde_json::to_string_pretty(counts)?),
        Proof::Proven(counts) => print!("{}", page::cortex_m(counts)),
        Proof::NotProven(_) => {}
    }
    Ok(measured.announce())
}

fn refuse_excess(rows: &[Row]) -> Result<()> {
    let over: Vec<_> = rows.iter().filter(|row| row.is_over()).map(|row| row.name).collect();
    if !over.is_empty() {
        bail!("over the limit: {}", over.join(", "));
    }
    Ok(())
}
