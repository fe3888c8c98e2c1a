//! Flash and RAM of the token on a Cortex-M4, read from an image.

mod image;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::process::{cargo, output, program, root, run as run_command, target_directory};
use crate::proof::Proof;
pub(crate) use image::Footprint;

/// The target that is measured: a Cortex-M4 without FPU.
pub(crate) const TARGET: &str = "thumbv7em-none-eabi";

/// Measures, prints, and refuses what has no place in an image.
///
/// # Errors
/// If the image can't be built, or holds a heap or the standard library.
pub(crate) fn run() -> Result<Proof> {
    let measured = measure()?;
    if let Proof::Proven(footprint) = &measured {
        print!("{footprint}");
    }
    Ok(measured.announce())
}

/// Builds the image and reads it.
///
/// # Errors
/// As [`run`].
pub(crate) fn measure() -> Result<Proof<Footprint>> {
    let Some(sysroot) = sysroot() else {
        return Ok(Proof::NotProven(format!("footprint: there is no `core` for {TARGET} on this machine")));
    };
    let path = build(&sysroot)?;
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let footprint = Footprint::read(&bytes).with_context(|| path.display().to_string())?;
    footprint.refuse_strangers()?;
    Ok(Proof::Proven(footprint))
}

/// Finds a sysroot with the target's `core`, if there can be one.
pub(crate) fn sysroot() -> Option<String> {
    let script = root().join("firmware/toolchain");
    output(&mut program(script, &[TARGET]))
        .map_err(|error| println!("{error:#}"))
        .ok()
        .map(|path| path.trim().to_owned())
}

fn build(sysroot: &str) -> Result<PathBuf> {
    let target_dir = target_directory()?.join("footprint");
    let mut command = cargo(&["rustc", "--quiet", "--release", "--target", TARGET]);
    command.arg("--manifest-path").arg(root().join("firmware/footprint/Cargo.toml"));
    command.arg("--target-dir").arg(&target_dir);
    // The linked image notes each function's stack. That flag is unstable; allowing it for this package alone keeps
    // every dependency as it is for a stable compiler.
    command.args(["--", "-Zemit-stack-sizes"]).env("RUSTC_BOOTSTRAP", "keyfob_footprint");
    // The user's own flags would make another image than the one that is quoted.
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", format!("--sysroot={sysroot}"));
    run_command(command.stdout(Stdio::inherit()))?;
    Ok(target_dir.join(TARGET).join("release/keyfob-footprint"))
}
