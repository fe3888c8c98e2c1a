//! Boots a guest whose kernel meets emulated fobs as USB devices, and runs in it what `tests/guest` has.

mod initrd;
mod kernel;
mod machine;
mod programs;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;

use crate::process::{program, target_directory, works};
use crate::proof::Proof;
use machine::{GUESTS, Machine};
use programs::Programs;

/// How long a guest may take in all, besides a second for each plug cycle: it takes a third of it on two cores.
const PATIENCE: u64 = 600;

/// What to do in the guest.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How often a fob is unplugged and plugged in
    #[arg(long, env = "KEYFOB_GUEST_CYCLES", default_value_t = 100)]
    pub(crate) cycles: u32,
    /// Runs only the steps whose name has this in it
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Boots one of the guests alone, 1 to 4: to measure without the others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) guest: Option<u8>,
    /// After how many seconds the guest is given up
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE)]
    pub(crate) patience: u64,
}

impl Default for Options {
    fn default() -> Self {
        let cycles = std::env::var("KEYFOB_GUEST_CYCLES").ok().and_then(|cycles| cycles.parse().ok());
        Self { cycles: cycles.unwrap_or(100), only: None, guest: None, patience: PATIENCE }
    }
}

/// Prepares what isn't there yet, boots the guest and prints what it reports.
///
/// # Errors
/// If something can't be prepared, or a step in the guest failed.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    if let Some(lack) = lack() {
        return Ok(Proof::<()>::NotProven(lack).announce());
    }
    let cache = target_directory()?.join("guest");
    std::fs::create_dir_all(&cache).with_context(|| format!("can't make {}", cache.display()))?;
    let start = Instant::now();
    let kernel = match kernel::Kernel::ready(&cache) {
        Ok(kernel) => kernel,
        Err(error) => return Ok(Proof::<()>::NotProven(format!("guest: no kernel: {error:#}")).announce()),
    };
    let programs = Programs::build()?;
    let initrd = initrd::write(&cache, &kernel, &programs)?;
    println!("prepared in {:.1} s: kernel {}", start.elapsed().as_secs_f64(), kernel.version);
    let run =
        |number| machine::run(&Machine { kernel: &kernel, initrd: &initrd, programs: &programs, options, number });
    // Guests wait most of their time, for what a bus and its kernel take.
    let ended: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..GUESTS)
            .filter(|number| options.guest.is_none_or(|guest| usize::from(guest) == number + 1))
            .map(|number| scope.spawn(move || run(number)))
            .collect();
        started.into_iter().map(|guest| guest.join().unwrap_or_else(|_| Err(anyhow!("the guest was lost")))).collect()
    });
    let (mut passed, mut failed) = (0, 0);
    for numbers in ended.into_iter().collect::<Result<Vec<_>>>()? {
        passed += numbers.passed;
        failed += numbers.failed;
    }
    println!("guests: {passed} passed, {failed} failed; {:.1} s in all", start.elapsed().as_secs_f64());
    ensure!(failed == 0, "a step in a guest failed");
    ensure!(passed > 0, "there is no step of that name");
    Ok(Proof::Proven(()))
}

/// What this machine lacks, if it lacks something.
fn lack() -> Option<String> {
    let needed: [(&str, &[&str]); 4] = [
        ("qemu-system-x86_64", &["--version"]),
        ("dpkg-deb", &["--version"]),
        ("xz", &["--version"]),
        ("ldd", &["--version"]),
    ];
    let missing: Vec<_> =
        needed.iter().filter(|(name, flags)| !works(&mut program(name, flags))).map(|(name, _)| *name).collect();
    (!missing.is_empty()).then(|| format!("guest: this machine has no {}", missing.join(", no ")))
}

/// Where a program is, if it is there: administrators' programs aren't in everybody's path.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

impl Options {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.patience + u64::from(self.cycles))
    }
}
