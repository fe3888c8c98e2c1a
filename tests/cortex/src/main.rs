//! The token on an emulated Cortex-M. `cargo xtask cortex` builds the images and runs this.

mod board;
mod calculations;
mod comparison;
mod conformance;
mod costs;
mod machine;
mod vectors;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use machine::Image;

/// The token on an emulated Cortex-M.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    image: Image,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Runs the conformance suite
    Conformance {
        /// Runs only the cases whose name has this in it
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// On how many benches at once
        #[arg(long, default_value_t = 2)]
        benches: usize,
    },
    /// Runs Project Wycheproof's vectors
    Vectors,
    /// Compares random cases with RustCrypto
    Compare {
        /// How many
        #[arg(long)]
        cases: u32,
        /// What they follow from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// On how many machines at once
        #[arg(long, default_value_t = 2)]
        machines: u32,
    },
    /// Counts what each command costs
    Costs {
        /// What is recorded of it
        record: PathBuf,
        /// Records it anew
        #[arg(long)]
        anew: bool,
    },
}

fn main() -> Result<()> {
    let Options { image, what } = Options::parse();
    match what {
        What::Conformance { only, benches } => conformance::all(&image, only.as_deref(), benches),
        What::Costs { record, anew } => costs::run(&image, &record, anew),
        What::Vectors => vectors::all(&image),
        What::Compare { cases, seed, machines } => comparison::run(&image, cases, seed, machines),
    }
}
