//! The token on an emulated Cortex-M. `cargo xtask cortex` builds the images and runs this.

mod conformance;
mod machine;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The token on an emulated Cortex-M.
#[derive(Parser)]
struct Options {
    /// An image of firmware/boards/mps2-an386
    image: PathBuf,
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
    },
}

fn main() -> Result<()> {
    let Options { image, what } = Options::parse();
    match what {
        What::Conformance { only } => conformance::all(&image, only.as_deref()),
    }
}
