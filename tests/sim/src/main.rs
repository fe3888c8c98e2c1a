//! Runs the firmware on simulated boards: enumeration, the conformance suite, power cuts and resets.
#[cfg(unix)]
mod steps;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    use clap::Parser;
    match steps::run(&steps::Options::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() {
    eprintln!("error: the simulator needs Unix sockets");
}
