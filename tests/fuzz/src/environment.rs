//! What the environment says: libFuzzer has the command line to itself.

use std::path::PathBuf;
use std::{env, fs, process};

use crate::{TARGETS, Target};

/// Names the target.
const TARGET: &str = "KEYFOB_FUZZ_TARGET";
/// Names a folder for the first inputs.
const SEEDS: &str = "KEYFOB_FUZZ_SEEDS";

/// Finds the target; without one, lists all and ends the process.
#[must_use]
pub fn target() -> &'static Target {
    let name = env::var(TARGET).unwrap_or_default();
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        process::exit(if name.is_empty() { 0 } else { 1 })
    })
}

/// Writes the target's first inputs, if a folder for them is named.
///
/// # Panics
/// If they can't be written.
pub fn write_seeds(target: &Target) {
    let Some(folder) = env::var_os(SEEDS).map(PathBuf::from) else { return };
    fs::create_dir_all(&folder).expect("the folder for first inputs can be made");
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a first input can be written");
    }
}
