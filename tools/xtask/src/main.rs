//! What CI and developers run.

use std::process::ExitCode;

use clap::Parser;

mod bench;
mod ci;
mod cortex;
mod curve;
mod figures;
mod firmware;
mod footprint;
mod fuzz;
mod guest;
mod layers;
mod models;
mod platforms;
mod process;
mod proof;
mod sim;

/// What CI and developers run.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Xtask {
    /// Runs every check but the tests, as CI does before them.
    Ci(ci::Options),
    /// Fails on a dependency that the layers don't allow.
    Layers,
    /// Measures flash and RAM of the token on a Cortex-M0+ and a Cortex-M4.
    Footprint,
    /// Builds the firmware of all boards, or of those that are named, and holds it to its budgets.
    Firmware(firmware::Options),
    /// Prints the project's figures, each with its limit and the command that measures it.
    Figures(figures::Options),
    /// Measures speed, each figure beside its floor.
    Bench(bench::Options),
    /// Runs the token's images on QEMU's Cortex-M: conformance, vectors, comparison, costs of every command.
    Cortex(cortex::Options),
    /// Runs the protocol's symbolic models with Verifpal, and with ProVerif if it is there.
    Models(models::Options),
    /// Boots a guest whose kernel meets emulated fobs on USB, and runs everything there.
    Guest(guest::Options),
    /// Runs the Pico's firmware on simulated boards: enumeration, conformance, power cuts, resets.
    Sim(sim::Options),
    /// Checks the types of what runs on people's machines for Windows and macOS.
    Platforms,
    /// Looks for inputs that break an invariant, for a bounded time.
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let ended = match Xtask::parse() {
        Xtask::Ci(options) => ci::run(&options),
        Xtask::Layers => layers::run().map(drop),
        Xtask::Footprint => footprint::run().map(drop),
        Xtask::Firmware(options) => firmware::run(&options).map(drop),
        Xtask::Figures(options) => figures::run(&options).map(drop),
        Xtask::Bench(options) => bench::run(&options).map(drop),
        Xtask::Cortex(options) => cortex::run(&options).map(drop),
        Xtask::Models(options) => models::run(&options).map(drop),
        Xtask::Guest(options) => guest::run(&options).map(drop),
        Xtask::Sim(options) => sim::run(&options).map(drop),
        Xtask::Platforms => platforms::run().map(drop),
        Xtask::Fuzz(options) => fuzz::run(&options).map(drop),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
