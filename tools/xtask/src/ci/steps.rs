//! The steps, in their order.

use std::path::Path;

use anyhow::Result;

use crate::process::{cargo, program, root, run, target_directory, works};
use crate::proof::Proof;
use crate::{bench, cortex, figures, firmware, footprint, fuzz, guest, layers, platforms, sim};

/// A step's name and what it does.
pub(crate) type Step = (&'static str, fn() -> Result<Proof>);

/// The steps that have the machine to themselves. What is quick comes first.
pub(crate) const STEPS: &[Step] = &[
    ("format", format),
    ("layers", layers::run),
    ("clippy", clippy),
    ("docs", docs),
    ("footprint", footprint::run),
    ("platforms", platforms::run),
    ("figures", || figures::run(&figures::Options { check: true, json: false })),
    ("demo", demo),
    ("bench", || bench::run(&bench::Options { quick: true, ..bench::Options::default() })),
    ("python", python),
    ("wireshark", wireshark),
    ("guest", || guest::run(&guest::Options::default())),
    ("sim", sim::in_ci),
    ("fuzz", fuzz::in_ci),
];

/// The steps that keep one processor busy most of the time, for minutes, and time nothing: they run beside each other.
/// Those above have use for all processors.
pub(crate) const BESIDE: &[Step] =
    &[("firmware", firmware::in_ci), ("cortex", || cortex::run(&cortex::Options::in_ci()))];

fn format() -> Result<Proof> {
    if !works(&mut cargo(&["fmt", "--version"])) {
        return Ok(lack("format: this toolchain has no rustfmt"));
    }
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&["fmt", "--all", "--check", "--manifest-path", "firmware/Cargo.toml"]))?;
    run(&mut cargo(&["fmt", "--check", "--manifest-path", "firmware/footprint/Cargo.toml"]))?;
    run(&mut cargo(&["fmt", "--check", "--manifest-path", "firmware/measure/Cargo.toml"]))?;
    run(&mut cargo(&["fmt", "--check", "--manifest-path", "tests/fuzz/Cargo.toml"]))?;
    Ok(Proof::Proven(()))
}

fn clippy() -> Result<Proof> {
    if !works(&mut cargo(&["clippy", "--version"])) {
        return Ok(lack("clippy: this toolchain has none"));
    }
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    // As apps have it that don't want libusb.
    let without = ["clippy", "--package", "keyfob", "--no-default-features", "--quiet", "--", "-D", "warnings"];
    run(&mut cargo(&without))?;
    Ok(Proof::Proven(()))
}

fn docs() -> Result<Proof> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Proof::Proven(()))
}

fn demo() -> Result<Proof> {
    run(&mut cargo(&["run", "--release", "--quiet", "--package", "keyfob-demo"]))?;
    Ok(Proof::Proven(()))
}

/// Runs the client in another language, in an environment of its own.
fn python() -> Result<Proof> {
    if !root().join("tests/python").is_dir() {
        println!("There is no client in Python.");
        return Ok(Proof::Proven(()));
    }
    let environment = target_directory()?.join("python");
    let environment = environment.as_path();
    if !works(&mut program("python3", &["-c", "import venv, ensurepip"])) {
        return Ok(lack("python: there is no Python 3 with venv"));
    }
    run(program("python3", &["-m", "venv"]).arg(environment))?;
    let python = interpreter(environment);
    let install = ["-m", "pip", "install", "--quiet", "--requirement", "tests/python/requirements.txt"];
    if let Err(error) = run(&mut program(&python, &install)) {
        return Ok(lack(&format!("python: {error:#}")));
    }
    run(&mut program(&python, &["-m", "unittest", "discover", "--verbose", "--start-directory", "tests/python"]))?;
    Ok(Proof::Proven(()))
}

/// Has Wireshark's own code read our traces, beside ours.
fn wireshark() -> Result<Proof> {
    if !works(&mut program("tshark", &["--version"])) {
        return Ok(lack("wireshark: there is no tshark to read traces with"));
    }
    run(&mut cargo(&["test", "--quiet", "--package", "keyfob-vendor", "--test", "trace", "wireshark"]))?;
    Ok(Proof::Proven(()))
}

fn interpreter(environment: &Path) -> std::path::PathBuf {
    environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

fn lack(text: &str) -> Proof {
    Proof::<()>::NotProven(text.to_owned()).announce()
}
