//! Steps as processes of their own, as many at a time as there are processors.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

use super::steps::Step;
use super::{Ended, Outcome};
use crate::process::{root, target_directory};

/// The most at a time: each builds something, for which it wants more than its processor.
const MOST: usize = 2;

/// Runs the steps, and prints what each has printed once it has ended.
///
/// # Errors
/// If there is no place for what they print, or they can't be started.
pub(super) fn run(steps: &'static [Step]) -> Result<Vec<Ended>> {
    let folder = target_directory()?.join("ci");
    fs::create_dir_all(&folder)?;
    let most = thread::available_parallelism().map_or(1, |processors| processors.get().min(MOST));
    let waiting = Mutex::new(steps.iter());
    let ended = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let work = || -> Result<()> {
            while let Some((name, _)) = next(&waiting) {
                println!("\n... {name} begins");
                let start = Instant::now();
                let (outcome, printed) = step(name, &folder)?;
                let taken = start.elapsed();
                // Held while it prints, so that nothing comes between.
                let mut ended = lock(&ended);
                println!("\n=== {name}");
                std::io::stdout().write_all(printed.as_bytes())?;
                println!("--- {name}: {:.1} s", taken.as_secs_f64());
                ended.push((*name, taken, outcome));
            }
            Ok(())
        };
        let workers: Vec<_> = (0..most).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    Ok(ended.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Takes the next step. In the condition of a loop the lock would be held until its body has ended.
fn next(waiting: &Mutex<std::slice::Iter<'static, Step>>) -> Option<&'static Step> {
    lock(waiting).next()
}

/// Runs a step in a process of its own, and returns what it has printed.
fn step(name: &str, folder: &Path) -> Result<(Outcome, String)> {
    let path = folder.join(format!("{name}.txt"));
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["ci", "--step", name]).current_dir(root()).stdin(Stdio::null());
    let status =
        command.stdout(file.try_clone()?).stderr(file).status().with_context(|| format!("can't start {name}"))?;
    let printed = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
    let lacks: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("!!! NOT PROVEN: ")).collect();
    let outcome = if !status.success() {
        let error = printed.lines().rfind(|line| line.starts_with("error: ")).unwrap_or("error: it says no more");
        Outcome::Failed(format!("{} ({status})", error.trim_start_matches("error: ")))
    } else if lacks.is_empty() {
        Outcome::Passed
    } else {
        Outcome::NotProven(lacks.join("; "))
    };
    Ok((outcome, printed))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
