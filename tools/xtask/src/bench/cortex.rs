//! Instructions of the cryptography on a Cortex-M, as QEMU counts them.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::footprint::{TARGET, sysroot_of};
use crate::process::{cargo, output, program, root, run, target_directory, works};
use crate::proof::Proof;

/// What one run of an operation costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    pub(crate) core: &'static str,
    pub(crate) name: String,
    pub(crate) instructions: u64,
}

/// Builds the images and runs them.
///
/// # Errors
/// If it doesn't build, or an operation fails in it.
pub(crate) fn measure() -> Result<Proof<Vec<Count>>> {
    if !works(&mut program("qemu-system-arm", &["--version"])) {
        return Ok(Proof::NotProven("bench: there is no qemu-system-arm to run a Cortex-M".to_owned()));
    }
    let mut counts = Vec::new();
    for (core, target) in CORES {
        let Some(sysroot) = sysroot_of(target) else {
            return Ok(Proof::NotProven(format!("bench: there is no `core` for {target} on this machine")));
        };
        counts.extend(of(core, target, &sysroot)?);
    }
    Ok(Proof::Proven(counts))
}

/// Processors and their targets; the larger one runs the smaller one's code.
const CORES: [(&str, &str); 2] = [("Cortex-M4", TARGET), ("Cortex-M0+", "thumbv6m-none-eabi")];

fn of(core: &'static str, target: &str, sysroot: &str) -> Result<Vec<Count>> {
    let folder = target_directory()?.join("measure");
    let mut build = cargo(&["build", "--quiet", "--release", "--target", target, "--manifest-path"]);
    build.arg(root().join("firmware/measure/Cargo.toml")).arg("--target-dir").arg(&folder);
    build.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", format!("--sysroot={sysroot}"));
    run(build.stdout(Stdio::inherit()))?;
    // One nanosecond for each instruction: what the image reads off its timer is a count.
    let mut qemu = program("qemu-system-arm", &["-M", "mps2-an386", "-nographic", "-monitor", "none"]);
    qemu.args(["-serial", "none", "-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel"]);
    let said = output(qemu.arg(folder.join(target).join("release/keyfob-measure")))?;
    counts(core, &said)
}

/// Reads what the image says: a name and a number in each line.
///
/// # Errors
/// If something has failed in it, or it says nothing.
pub(crate) fn counts(core: &'static str, said: &str) -> Result<Vec<Count>> {
    let count = |line: &str| -> Result<Count> {
        let (name, number) = line.rsplit_once(": ").with_context(|| format!("not a count: {line}"))?;
        let instructions = number.parse().with_context(|| line.to_owned())?;
        Ok(Count { core, name: name.to_owned(), instructions })
    };
    let counts = said.lines().map(count).collect::<Result<Vec<_>>>()?;
    if counts.is_empty() {
        bail!("the image has counted nothing");
    }
    Ok(counts)
}
