//! The images, and what may not be in them.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::curve::Curve;
use crate::footprint::sysroot_of;
use crate::process::{cargo, root, run, target_directory};
use crate::proof::Proof;

/// An image of `firmware/boards/mps2`.
pub(crate) struct Image {
    pub(crate) name: &'static str,
    target: &'static str,
    /// The machine of QEMU's that runs it.
    pub(crate) machine: &'static str,
    curve: Curve,
    /// Where its costs are recorded.
    pub(crate) record: &'static str,
    /// How much of it CI has time for.
    pub(crate) share: Share,
}

/// How much of the conformance suite and of the random cases an image runs when not everything is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// All.
    Whole,
    /// A part of the suite, and one of ten cases.
    Sample,
    /// Nothing.
    Nothing,
}

/// The images. What runs on a Cortex-M0+ runs on a Cortex-M4, and its instructions are counted there.
pub(crate) const IMAGES: &[Image] = &[
    Image {
        name: "Cortex-M4, assembly",
        target: "thumbv7em-none-eabi",
        machine: "mps2-an386",
        curve: Curve::Assembly,
        record: "m4-assembly.json",
        share: Share::Whole,
    },
    Image {
        name: "Cortex-M33, assembly",
        target: "thumbv8m.main-none-eabi",
        machine: "mps2-an505",
        curve: Curve::Assembly,
        record: "m33-assembly.json",
        share: Share::Sample,
    },
    Image {
        name: "Cortex-M4, portable",
        target: "thumbv7em-none-eabi",
        machine: "mps2-an386",
        curve: Curve::Portable,
        record: "m4-portable.json",
        share: Share::Sample,
    },
    Image {
        name: "Cortex-M0+, portable",
        target: "thumbv6m-none-eabi",
        machine: "mps2-an386",
        curve: Curve::Portable,
        record: "m0plus-portable.json",
        share: Share::Nothing,
    },
];

impl Image {
    /// Whether its public-key cryptography is compared with the portable one.
    pub(crate) fn is_compared(&self) -> bool {
        self.curve == Curve::Assembly
    }

    /// Builds it, unless this machine has no `core` for it.
    ///
    /// # Errors
    /// If it doesn't build, or has another curve in it.
    pub(crate) fn build(&self) -> Result<Proof<PathBuf>> {
        let (target, binary) = (self.target, self.curve.to_string());
        let Some(sysroot) = sysroot_of(target) else {
            return Ok(Proof::NotProven(format!("cortex: there is no `core` for {target} on this machine")));
        };
        let target_dir = target_directory()?.join("cortex");
        let mut build = cargo(&["build", "--quiet", "--release", "--package", "keyfob-mps2"]);
        // There Cargo finds the flags of every image, to which the sysroot is added.
        build.current_dir(root().join("firmware")).args(["--bin", &binary, "--target", target]);
        build.arg("--config").arg(format!("target.{target}.rustflags = ['--sysroot={sysroot}']"));
        build
            .args(self.curve.options())
            .arg("--target-dir")
            .arg(&target_dir)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        run(build.stdout(Stdio::inherit()))?;
        let path = target_dir.join(target).join("release").join(binary);
        let curve = fs::read(&path).map_err(Into::into).and_then(|elf| Curve::of(&elf));
        let curve = curve.with_context(|| path.display().to_string())?;
        ensure!(curve == self.curve, "{}: P-256 is {curve}", self.name);
        Ok(Proof::Proven(path))
    }
}
