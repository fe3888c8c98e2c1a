//! Runs the Raspberry Pi Pico's firmware, as it is flashed, on simulated boards: `tests/sim` has what is run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::firmware::build_image;
use crate::process::{cargo, program, root, run as run_command, target_directory, works};
use crate::proof::Proof;

/// The oldest Node that rp2040js runs on.
const NODE: &str = "process.exit(Number(process.versions.node.split('.')[0]) >= 18 ? 0 : 1)";
/// How many random instructions are compared.
const COMPARED: &str = "50000";
/// What is run by Node, beside the packages that it needs.
const PROGRAMS: &str = "tests/sim/board";

/// What is done on the boards.
#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// Runs only cases whose names have this in them
    #[arg(long, value_name = "TEXT")]
    cases: Option<String>,
    /// At how many points the power is cut
    #[arg(long, value_name = "N", env = "KEYFOB_SIM_CUTS")]
    cuts: Option<u32>,
    /// How long cases and cuts may take, in seconds
    #[arg(long, value_name = "BUDGET", env = "KEYFOB_SIM_SECONDS")]
    seconds: Option<u32>,
    /// Runs every case and every cut, however long that takes
    #[arg(long)]
    all: bool,
    /// What is chosen follows from this
    #[arg(long, value_name = "NUMBER", env = "KEYFOB_SIM_SEED")]
    seed: Option<u64>,
    /// How many boards are simulated at once
    #[arg(long, value_name = "N")]
    boards: Option<u32>,
    /// Of how many runs of translated code one is compared with rp2040js's own core
    #[arg(long, value_name = "RATE")]
    verify: Option<u32>,
    /// Prints what each operation costs instead
    #[arg(long)]
    figures: bool,
    /// Takes this ELF file instead of building one
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
}

/// CI's share: what the environment says, for a bounded time.
///
/// # Errors
/// As [`run`].
pub(crate) fn in_ci() -> Result<Proof> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    run(&Options {
        cuts: number("KEYFOB_SIM_CUTS"),
        seconds: number("KEYFOB_SIM_SECONDS"),
        seed: number("KEYFOB_SIM_SEED").map(u64::from),
        ..Options::default()
    })
}

/// Prepares what isn't there yet, and runs the boards.
///
/// # Errors
/// If something can't be built, or the firmware doesn't do what it must.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    if let Some(lack) = lack() {
        return Ok(Proof::<()>::NotProven(lack).announce());
    }
    let programs = match packages() {
        Ok(programs) => programs,
        Err(error) => return Ok(Proof::<()>::NotProven(format!("sim: no rp2040js: {error:#}")).announce()),
    };
    run_command(
        program("node", &["compare.mjs", COMPARED, &options.seed.unwrap_or(1).to_string()]).current_dir(&programs),
    )?;
    let image = match &options.image {
        Some(image) => image.clone(),
        None => match build_image("pico")? {
            Some(image) => image,
            None => {
                let lack = "sim: this machine's compiler has no libraries for the RP2040";
                return Ok(Proof::<()>::NotProven(lack.to_owned()).announce());
            }
        },
    };
    let mut command = cargo(&["run", "--quiet", "--package", "keyfob-sim", "--"]);
    command.arg("--image").arg(image).arg("--program").arg(programs.join("main.mjs"));
    let given = [
        ("--cases", options.cases.clone()),
        ("--cuts", options.cuts.map(|cuts| cuts.to_string())),
        ("--seconds", options.seconds.map(|seconds| seconds.to_string())),
        ("--seed", options.seed.map(|seed| seed.to_string())),
        ("--boards", options.boards.map(|boards| boards.to_string())),
        ("--verify", options.verify.map(|rate| rate.to_string())),
    ];
    for (name, value) in given {
        command.args(value.map(|value| [name.to_owned(), value]).into_iter().flatten());
    }
    for (name, is_given) in [("--all", options.all), ("--figures", options.figures)] {
        command.args(is_given.then_some(name));
    }
    run_command(&mut command)?;
    Ok(Proof::Proven(()))
}

/// What this machine lacks, if it lacks something.
fn lack() -> Option<String> {
    if cfg!(not(unix)) {
        return Some("sim: the simulator needs Unix sockets".to_owned());
    }
    if !works(&mut program("node", &["--eval", NODE])) {
        return Some("sim: this machine has no Node 18 or later".to_owned());
    }
    (!works(&mut program("npm", &["--version"]))).then(|| "sim: this machine has no npm".to_owned())
}

/// Puts the programs into the target folder, with the packages of their lock file beside them.
fn packages() -> Result<PathBuf> {
    let folder = target_directory()?.join("sim/board");
    fs::create_dir_all(&folder)?;
    let lock = folder.join("package-lock.json");
    let before = fs::read(&lock).ok();
    for file in fs::read_dir(root().join(PROGRAMS))? {
        let file = file?;
        let name = file.file_name();
        let is_kept = [".mjs", ".json", ".npmrc"].iter().any(|end| name.to_string_lossy().ends_with(end));
        if is_kept {
            fs::copy(file.path(), folder.join(&name)).with_context(|| file.path().display().to_string())?;
        }
    }
    let is_there = works(&mut installed(&folder));
    if !is_there || before != fs::read(&lock).ok() {
        let mut npm = program("npm", &["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run_command(npm.current_dir(&folder))?;
    }
    Ok(folder)
}

/// Whether the packages can be loaded.
fn installed(folder: &Path) -> std::process::Command {
    let mut node = program("node", &["--input-type=module", "--eval", "import 'rp2040js'"]);
    node.current_dir(folder);
    node
}
