//! What runs on both sides of the guest's USB ports.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::process::{cargo, run, target_directory};

/// The programs, as they are built for use.
pub(crate) struct Programs {
    /// The command that everybody has.
    pub(crate) keyfob: PathBuf,
    /// What runs in the guest, as its first process.
    pub(crate) guest: PathBuf,
    /// Devices that aren't fobs.
    pub(crate) devices: PathBuf,
}

impl Programs {
    /// Builds the programs.
    ///
    /// # Errors
    /// If that fails.
    pub(crate) fn build() -> Result<Self> {
        run(&mut cargo(&["build", "--release", "--quiet", "--package", "keyfob-cli", "--package", "keyfob-guest"]))?;
        let folder = target_directory()?.join("release");
        let programs = Self {
            keyfob: folder.join("keyfob"),
            guest: folder.join("keyfob-guest"),
            devices: folder.join("keyfob-guest-devices"),
        };
        for program in [&programs.keyfob, &programs.guest, &programs.devices] {
            ensure!(program.is_file(), "{} wasn't built", program.display());
        }
        Ok(programs)
    }
}
