//! Flash and RAM of the token on a Cortex-M, read from an image.

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

/// The Cortex-M4's target, without FPU.
pub(crate) const TARGET: &str = "thumbv7em-none-eabi";

/// A processor that is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    /// The smallest, whose code is the longest.
    M0Plus,
    M4,
}

impl Core {
    fn name(self) -> &'static str {
        match self {
            Self::M0Plus => "Cortex-M0+",
            Self::M4 => "Cortex-M4",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::M0Plus => "thumbv6m-none-eabi",
            Self::M4 => TARGET,
        }
    }
}

/// Measures, prints, and refuses what has no place in an image.
///
/// # Errors
/// If an image can't be built, or holds a heap or the standard library.
pub(crate) fn run() -> Result<Proof> {
    let smaller = show(Core::M0Plus)?;
    let larger = show(Core::M4)?;
    Ok(match smaller {
        Proof::Proven(()) => larger,
        lack @ Proof::NotProven(_) => lack,
    })
}

fn show(core: Core) -> Result<Proof> {
    let measured = measure(core)?;
    if let Proof::Proven(footprint) = &measured {
        println!("{}\n{footprint}", core.name());
    }
    Ok(measured.announce())
}

/// Builds the image for a processor and reads it.
///
/// # Errors
/// As [`run`].
pub(crate) fn measure(core: Core) -> Result<Proof<Footprint>> {
    let target = core.target();
    let Some(sysroot) = sysroot_of(target) else {
        return Ok(Proof::NotProven(format!("footprint: there is no `core` for {target} on this machine")));
    };
    let path = build(target, &sysroot)?;
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let footprint = Footprint::read(&bytes).with_context(|| path.display().to_string())?;
    footprint.refuse_strangers()?;
    Ok(Proof::Proven(footprint))
}

/// Finds a sysroot with a target's `core`, if there can be one.
pub(crate) fn sysroot_of(target: &str) -> Option<String> {
    let script = root().join("firmware/toolchain");
    output(&mut program(script, &[target]))
        .map_err(|error| println!("{error:#}"))
        .ok()
        .map(|path| path.trim().to_owned())
}

fn build(target: &str, sysroot: &str) -> Result<PathBuf> {
    let target_dir = target_directory()?.join("footprint");
    let mut command = cargo(&["rustc", "--quiet", "--release", "--target", target]);
    // There Cargo finds the flags of every image, to which the sysroot is added.
    command.current_dir(root().join("firmware/footprint"));
    command.arg("--config").arg(format!("target.{target}.rustflags = ['--sysroot={sysroot}']"));
    command.arg("--target-dir").arg(&target_dir);
    // The linked image notes each function's stack. That flag is unstable; allowing it for this package alone keeps
    // every dependency as it is for a stable compiler.
    command.args(["--", "-Zemit-stack-sizes"]).env("RUSTC_BOOTSTRAP", "keyfob_footprint");
    // The user's own flags would make another image than the one that is quoted.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    run_command(command.stdout(Stdio::inherit()))?;
    Ok(target_dir.join(target).join("release/keyfob-footprint"))
}
