//! Probes and bootloaders that other programs talk with.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use keyfob_terminal::{Exit, Failure, Global};

use super::program::Program;
use crate::command::firmware::image::Image;

/// Writes an image by a debug probe. Says which program did it.
///
/// # Errors
/// `tool-missing`, `tool-failed`.
pub(super) fn by_probe(global: &Global, image: &Image) -> Result<String, Failure> {
    let elf = &image.file("elf")?.name;
    let folder = image.folder.as_path();
    if let (Some(probe_rs), Some(manifest)) = (Program::find("probe-rs"), &image.manifest) {
        let chip = manifest.probe.as_str();
        probe_rs.run(global, folder, &["download", "--chip", chip, "--verify", elf])?;
        probe_rs.run(global, folder, &["reset", "--chip", chip])?;
        return Ok("probe-rs".to_owned());
    }
    let openocd = Program::find("openocd").ok_or_else(|| {
        missing("neither probe-rs nor OpenOCD is here")
            .hint("install probe-rs (cargo install probe-rs-tools --locked), or OpenOCD 0.12 with a CMSIS-DAP probe")
    })?;
    // The name is made of letters, digits and `.-_`, so that it means nothing in OpenOCD's language.
    let write = format!("program {elf} verify reset exit");
    let arguments =
        ["-f", "interface/cmsis-dap.cfg", "-f", image.kind.openocd, "-c", "adapter speed 5000", "-c", &write];
    openocd.run(global, folder, &arguments)?;
    Ok("openocd".to_owned())
}

/// Hands an image to Nordic's bootloader. Says which program did it.
///
/// # Errors
/// `tool-missing`, `tool-failed`.
pub(super) fn by_dfu(global: &Global, image: &Image, port: &str) -> Result<String, Failure> {
    let hex = &image.file("hex")?.name;
    let nrfutil = Program::find("nrfutil").ok_or_else(|| {
        missing("nrfutil is not here").hint("get it from Nordic, then: nrfutil install nrf5sdk-tools")
    })?;
    let folder = Scratch::new()?;
    let package = folder.0.join("keyfob.zip");
    let package = package.to_str().ok_or_else(|| unwritable(&folder.0, &"its name is no text"))?;
    // 52 is the family of the chip; no SoftDevice is needed, nor kept.
    let generate = ["nrf5sdk-tools", "pkg", "generate", "--hw-version", "52", "--sd-req", "0x00"];
    let application = ["--application", hex, "--application-version", "1", package];
    nrfutil.run(global, &image.folder, &[&generate[..], &application].concat())?;
    nrfutil.run(global, &folder.0, &["nrf5sdk-tools", "dfu", "usb-serial", "--package", package, "--port", port])?;
    Ok("nrfutil".to_owned())
}

fn missing(message: &str) -> Failure {
    Failure::new("tool-missing", Exit::Failure, message)
}

/// A folder of one's own, which goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = std::env::temp_dir().join(format!("keyfob-{}-{now}", std::process::id()));
        let mut builder = DirBuilder::new();
        // One that is there already isn't taken.
        builder.recursive(false);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| unwritable(&path, &error))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder for temporary files is cleared anyway.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("file-unwritable", Exit::Failure, format_args!("cannot write {}: {error}", path.display()))
}
