//! The first process of a guest with emulated fobs at its USB ports: runs the steps, reports, and switches it off.
//!
//! `cargo xtask guest` boots it. It does nothing where it isn't the first process.

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod control;
#[cfg(target_os = "linux")]
mod emulated;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod rig;
#[cfg(target_os = "linux")]
mod steps;
#[cfg(target_os = "linux")]
mod system;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    if std::process::id() != 1 {
        return steps::helper();
    }
    if let Err(error) = steps::run() {
        println!("the guest can't be used: {error:#}");
    }
    system::power_off()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("error: only Linux runs this, as its first process: cargo xtask guest");
    ExitCode::FAILURE
}
