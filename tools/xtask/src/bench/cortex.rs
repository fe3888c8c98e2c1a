//! Instructions of the cryptography on a Cortex-M4, as QEMU counts them.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::footprint::{TARGET, sysroot};
use crate::process::{cargo, output, program, root, run, target_directory, works};
use crate::proof::Proof;

/// What one run of an operation costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) instructions: u64,
}

/// Builds the image and runs it.
///
/// # Errors
/// If it doesn't build, or an operation fails in it.
pub(crate) fn measure() -> Result<Proof<Vec<Count>>> {
    if !works(&mut program("qemu-system-arm", &["--version"])) {
        return Ok(Proof::NotProven("bench: there is no qemu-system-arm to run a Cortex-M4".to_owned()));
    }
    let Some(sysroot) = sysroot() else {
        return Ok(Proof::NotProven(format!("bench: there is no `core` for {TARGET} on this machine")));
    };
    let target = target_directory()?.join("measure");
    let mut build = cargo(&["build", "--quiet", "--release", "--target", TARGET, "--manifest-path"]);
    build.arg(root().join("firmware/measure/Cargo.toml")).arg("--target-dir").arg(&target);
    build.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", format!("--sysroot={sysroot}"));
    run(build.stdout(Stdio::inherit()))?;
    // One nanosecond for each instruction: what the image reads off its timer is a count.
    let mut qemu = program("qemu-system-arm", &["-M", "mps2-an386", "-nographic", "-monitor", "none"]);
    qemu.args(["-serial", "none", "-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel"]);
    let said = output(qemu.arg(target.join(TARGET).join("release/keyfob-measure")))?;
    counts(&said).map(Proof::Proven)
}

/// Reads what the image says: a name and a number in each line.
///
/// # Errors
/// If something has failed in it, or it says nothing.
pub(crate) fn counts(said: &str) -> Result<Vec<Count>> {
    let count = |line: &str| -> Result<Count> {
        let (name, number) = line.rsplit_once(": ").with_context(|| format!("not a count: {line}"))?;
        let instructions = number.parse().with_context(|| line.to_owned())?;
        Ok(Count { name: name.to_owned(), instructions })
    };
    let counts = said.lines().map(count).collect::<Result<Vec<_>>>()?;
    if counts.is_empty() {
        bail!("the image has counted nothing");
    }
    Ok(counts)
}
