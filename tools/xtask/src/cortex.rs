//! The token's images on QEMU's Cortex-M: conformance, vectors, comparison, costs. `tests/cortex` does it.

mod image;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::process::{cargo, program, root, run as run_command, works};
use crate::proof::Proof;
use image::{IMAGES, Image, Share};

/// What is run, and how much of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many random cases are compared with RustCrypto; on a Cortex-M33 a tenth, unless all is run
    #[arg(long, env = "KEYFOB_CORTEX_CASES", default_value_t = CASES)]
    pub(crate) cases: u32,
    /// What the random cases follow from
    #[arg(long, env = "KEYFOB_CORTEX_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Runs the whole conformance suite on every image, and not only on the Cortex-M4's with assembly
    #[arg(long, env = "KEYFOB_CORTEX_ALL")]
    pub(crate) all: bool,
    /// Runs only the steps whose name has this in it: conformance, vectors, compare, costs
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Runs only the images whose name has this in it: M4, M33, M0+, assembly, portable
    #[arg(long, value_name = "TEXT")]
    pub(crate) image: Option<String>,
    /// Records what commands cost anew
    #[arg(long)]
    pub(crate) record: bool,
}

/// As many as CI has time for.
const CASES: u32 = 1_000;
/// What an image runs of the conformance suite that has a sample's share: the cases whose name has this in it.
const SAMPLE: &str = "session";

impl Options {
    /// As CI runs it.
    pub(crate) fn in_ci() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        let cases = text("KEYFOB_CORTEX_CASES").and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
        let seed = text("KEYFOB_CORTEX_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(1);
        let all = text("KEYFOB_CORTEX_ALL").is_some_and(|all| all == "true");
        Self { cases, seed, all, only: None, image: None, record: false }
    }

    fn wants(&self, step: &str) -> bool {
        self.only.as_ref().is_none_or(|only| step.contains(only.as_str()))
    }

    fn wants_image(&self, image: &Image) -> bool {
        self.image.as_ref().is_none_or(|only| image.name.contains(only.as_str()))
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
    for image in IMAGES.iter().filter(|image| options.wants_image(image)) {
        let start = Instant::now();
        match image.build()? {
            Proof::Proven(path) => steps(options, image, &path)?,
            Proof::NotProven(lack) => lacks.push(lack),
        }
        println!("{}: {:.0} s", image.name, start.elapsed().as_secs_f64());
    }
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
        run_command(tester(path, image.machine)?.arg(name).args(arguments))?;
        println!("{name}: {:.0} s", start.elapsed().as_secs_f64());
        Ok(())
    };
    let record = root().join("tests/cortex/costs").join(image.record);
    let record = record.to_str().context("a path that isn't text")?;
    let arguments = [record, "--anew"];
    step("costs", if options.record { &arguments } else { &arguments[..1] })?;
    step("vectors", &[])?;
    let share = if options.all { Share::Whole } else { image.share };
    if image.is_compared() {
        let cases = if share == Share::Whole { options.cases } else { options.cases.div_ceil(10) };
        step("compare", &["--cases", &cases.to_string(), "--seed", &options.seed.to_string()])?;
    }
    match share {
        Share::Whole => step("conformance", &[]),
        Share::Sample => step("conformance", &["--only", SAMPLE]),
        Share::Nothing => Ok(()),
    }
}

/// The program that does the steps, with the image that it does them on.
fn tester(image: &Path, machine: &str) -> Result<Command> {
    let mut command = cargo(&["run", "--quiet", "--package", "keyfob-cortex", "--"]);
    ensure!(image.is_file(), "there is no {}", image.display());
    command.arg(image).args(["--machine", machine]);
    Ok(command)
}
