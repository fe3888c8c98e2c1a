//! What the project's speed is measured with: `cargo bench -p keyfob-bench`, and `cargo xtask bench`, which also counts
//! instructions.
//!
//! Every figure stands beside its floor: the least that the same thing could cost, measured in the same run.

mod apply;
mod check;
mod curve;
mod growth;
mod licence_file;
mod noise;
mod open;
mod prove;
mod resume;
mod run;
mod socket;
#[cfg(feature = "softhsm")]
mod softhsm;
mod spend;
mod stand;
mod workload;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
