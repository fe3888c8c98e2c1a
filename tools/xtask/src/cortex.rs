//! The token's images on QEMU's Cortex-M: conformance, vectors, comparison, costs. `tests/cortex` does it.

mod image;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::process::{cargo, program, root, run as run_command, works};
use crate::proof::Proof;
use image::{IMAGES, Image};

/// What is run, and how much of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many random cases are compared with RustCrypto
    #[arg(long, env = "KEYFOB_CORTEX_CASES", default_value_t = CASES)]
    pub(crate) cases: u32,
    /// What the random cases follow from
    #[arg(long, env = "KEYFOB_CORTEX_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Runs the whole conformance suite on every image, and not only on the one with assembly
    #[arg(long, env = "KEYFOB_CORTEX_ALL")]
    pub(crate) all: bool,
    /// Runs only the steps whose name has this in it: conformance, vectors, compare, costs
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Records what commands cost anew
    #[arg(long)]
    pub(crate) record: bool,
}

/// As many as CI has time for.
const CASES: u32 = 1_000;
/// What the other image for a Cortex-M4 runs of the conformance suite in CI: the cases whose name has this in it.
const SAMPLE: &str = "session";

impl Options {
    /// As CI runs it.
    pub(crate) fn in_ci() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        let cases = text("KEYFOB_CORTEX_CASES").and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
        let seed = text("KEYFOB_CORTEX_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(1);
        let all = text("KEYFOB_CORTEX_ALL").is_some_and(|all| all == "true");
        Self { cases, seed, all, only: None, record: false }
    }

    fn wants(&self, step: &str) -> bool {
        self.only.as_ref().is_none_or(|only| step.contains(only.as_str()))
    }
}

/// Builds the images and runs the steps on each.
///
/// # Errors
/// If an image can't be built, or a step fails.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    if !works(&mut program("qemu-system-arm", &["--version"])) {
        let lack = "cortex: there is no qemu-system-arm to run a Cortex-M (Debian's package qemu-system-arm)";
        return Ok(Proof::<()>::NotProven(lack.to_owned()).announce());
    }
    run_command(&mut cargo(&["build", "--quiet", "--package", "keyfob-cortex"]))?;
    let mut lacks = Vec::new();
    for image in IMAGES {
        let start = Instant::now();
        match image.build()? {
            Proof::Proven(path) => steps(options, image, &path)?,
            Proof::NotProven(lack) => lacks.push(lack),
        }
        println!("{}: {:.0} s", image.name, start.elapsed().as_secs_f64());
    }
    // Debian 12 has QEMU 7.2, which hangs in the FPU's code of the M33 that it has.
    println!("NOT PROVEN: anything on a Cortex-M33, for which there is no image");
    if lacks.is_empty() {
        return Ok(Proof::Proven(()));
    }
    Ok(Proof::<()>::NotProven(lacks.join("; ")).announce())
}

fn steps(options: &Options, image: &Image, path: &Path) -> Result<()> {
    let step = |name: &str, arguments: &[&str]| -> Result<()> {
        if !options.wants(name) {
            return Ok(());
        }
        println!("\n{}: {name}", image.name);
        let start = Instant::now();
        run_command(tester(path)?.arg(name).args(arguments))?;
        println!("{name}: {:.0} s", start.elapsed().as_secs_f64());
        Ok(())
    };
    let record = root().join("tests/cortex/costs").join(image.record);
    let record = record.to_str().context("a path that isn't text")?;
    let arguments = [record, "--anew"];
    step("costs", if options.record { &arguments } else { &arguments[..1] })?;
    step("vectors", &[])?;
    if image.is_compared() {
        step("compare", &["--cases", &options.cases.to_string(), "--seed", &options.seed.to_string()])?;
    }
    let sample = ["--only", SAMPLE];
    match (options.all || image.is_compared(), image.is_slow()) {
        (true, _) => step("conformance", &[]),
        (false, false) => step("conformance", &sample),
        (false, true) => Ok(()),
    }
}

/// The program that does the steps, with the image that it does them on.
fn tester(image: &Path) -> Result<Command> {
    let mut command = cargo(&["run", "--quiet", "--package", "keyfob-cortex", "--"]);
    ensure!(image.is_file(), "there is no {}", image.display());
    command.arg(image);
    Ok(command)
}
