//! What the program is asked for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

#[cfg(feature = "softhsm")]
use crate::softhsm;
use crate::workload::{self, Failure, Work};
use crate::{check, curve, licence_file, noise, open, prove, resume, socket, spend};

/// Does what the arguments say; without any it times everything and prints a table.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        [] => table(Duration::from_secs(2)),
        ["times", seconds] => times(seconds_of(seconds)?),
        #[cfg(feature = "softhsm")]
        ["softhsm", seconds] => softhsm(seconds),
        #[cfg(feature = "softhsm")]
        ["softhsm-child", seconds] => softhsm_child(seconds_of(seconds)?),
        ["count", name, runs, size] => workload::count(name, runs.parse()?, size.parse()?),
        ["facts"] => facts(),
        ["serve", socket, image] => socket::serve(socket, image),
        ["echo", socket] => socket::echo(socket),
        _ => Err("arguments: none | times SECONDS | count WORKLOAD RUNS SIZE | facts".into()),
    }
}

fn seconds_of(text: &str) -> Result<Duration, Failure> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

/// What needs neither a clock nor a count of instructions.
fn facts() -> Result<(), Failure> {
    let mut work = check::ours()?;
    work()?;
    let mut outcome = Ok(());
    let heap = allocation_counter::measure(|| outcome = work());
    outcome?;
    let flash = spend::on_flash()?;
    println!(
        "{}",
        json!({ "check_allocations": heap.count_total, "spend_barriers": flash.barriers,
        "spend_programmed": flash.programmed, "spend_erases": flash.erases })
    );
    Ok(())
}

/// Something timed beside its floor.
struct Timed {
    name: &'static str,
    clock: Clock,
    ours: Work,
    floor: Work,
}

/// What time is taken from.
#[derive(Clone, Copy)]
enum Clock {
    /// Of this thread alone: other programs' turns don't count.
    Cpu,
    /// For what waits.
    Wall,
}

/// Medians in nanoseconds, and the median of the ratios of neighbours.
struct Row {
    name: &'static str,
    ours: f64,
    floor: f64,
    ratio: f64,
}

fn table(each: Duration) -> Result<(), Failure> {
    println!("{:<56} {:>12} {:>12} {:>8}", "figure (ns, p50)", "ours", "floor", "ratio");
    measure(each, |row| println!("{:<34} {:>12.0} {:>12.0} {:>8.3}", row.name, row.ours, row.floor, row.ratio))
}

fn times(each: Duration) -> Result<(), Failure> {
    measure(each, print)
}

fn print(row: Row) {
    println!("{}", json!({ "name": row.name, "ours": row.ours, "floor": row.floor, "ratio": row.ratio }));
}

fn measure(each: Duration, mut show: impl FnMut(Row)) -> Result<(), Failure> {
    use Clock::{Cpu, Wall};
    let folder = Folder::new()?;
    let path = folder.0.as_path();
    let mut beside = |name, clock, ours, floor| -> Result<(), Failure> {
        show(Timed { name, clock, ours, floor }.run(each)?);
        Ok(())
    };
    beside("warm check, in process; its four AES-GCM operations", Cpu, check::ours()?, check::floor()?)?;
    beside("warm check, across processes; 64 bytes there and back", Wall, socket::ours(path)?, socket::floor(path)?)?;
    beside("cold open; its public-key operations", Cpu, open::ours()?, open::floor()?)?;
    beside("resuming; its public-key operations", Cpu, resume::ours()?, resume::floor()?)?;
    beside("prove; a signature", Cpu, prove::ours()?, prove::floor()?)?;
    beside("durable spend; 64 bytes and fdatasync", Wall, spend::ours(path)?, spend::floor(path)?)?;
    beside("warm check, in process; snow's records of its sizes", Cpu, check::ours()?, noise::records()?)?;
    beside("cold open; snow's handshake, no certificates", Cpu, open::ours()?, noise::handshakes()?)?;
    beside("warm check, in process; an Ed25519 licence file", Cpu, check::ours()?, licence_file::verify()?)?;
    beside("public key: p256 0.14; 0.13", Cpu, curve::generate_14()?, curve::generate_13()?)?;
    beside("signature: p256 0.14; 0.13", Cpu, curve::sign_14()?, curve::sign_13()?)?;
    beside("verification: p256 0.14; 0.13", Cpu, curve::verify_14()?, curve::verify_13()?)?;
    beside("agreement: p256 0.14; 0.13", Cpu, curve::agree_14()?, curve::agree_13()?)?;
    Ok(())
}

/// Times SoftHSM2 beside what an app would do with a token instead. The program is its own child then, since the
/// library takes its configuration from the environment alone.
#[cfg(feature = "softhsm")]
fn softhsm(seconds: &str) -> Result<(), Failure> {
    if softhsm::library().is_none() {
        return Err("there is no SoftHSM2".into());
    }
    let folder = Folder::new()?;
    let configuration = softhsm::configure(&folder.0)?;
    let mut child = std::process::Command::new(std::env::current_exe()?);
    let ended = child.args(["softhsm-child", seconds]).env("SOFTHSM2_CONF", configuration).status()?;
    if ended.success() { Ok(()) } else { Err("SoftHSM2 failed".into()) }
}

#[cfg(feature = "softhsm")]
fn softhsm_child(each: Duration) -> Result<(), Failure> {
    let folder = Folder::new()?;
    let [sign, read, count] = softhsm::operations()?;
    for (name, ours, peer) in [
        ("warm check, in process; SoftHSM2's C_Sign", check::ours()?, sign),
        ("warm check, in process; SoftHSM2's read of 64 bytes", check::ours()?, read),
        ("durable spend; SoftHSM2's counter, never synced", spend::ours(&folder.0)?, count),
    ] {
        print(Timed { name, clock: Clock::Wall, ours, floor: peer }.run(each)?);
    }
    Ok(())
}

impl Timed {
    /// Runs both in turns for about that long.
    fn run(mut self, each: Duration) -> Result<Row, Failure> {
        let batches = [batch(self.clock, &mut self.ours)?, batch(self.clock, &mut self.floor)?];
        let (mut ours, mut floor, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let began = Instant::now();
        while began.elapsed() < each || ours.len() < 5 {
            let one = self.clock.time(&mut self.ours, batches[0])?;
            let other = self.clock.time(&mut self.floor, batches[1])?;
            ours.push(one);
            floor.push(other);
            ratios.push(one / other);
        }
        Ok(Row { name: self.name, ours: median(ours), floor: median(floor), ratio: median(ratios) })
    }
}

/// How many runs take about two milliseconds.
fn batch(clock: Clock, work: &mut Work) -> Result<u32, Failure> {
    let mut runs = 1;
    loop {
        let each = clock.time(work, runs)?;
        if each * f64::from(runs) > 1e6 {
            return Ok((2e6 / each).max(1.0) as u32);
        }
        runs *= 2;
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Clock {
    /// Nanoseconds of each run.
    fn time(self, work: &mut Work, runs: u32) -> Result<f64, Failure> {
        let start = self.now();
        for _ in 0..runs {
            work()?;
        }
        Ok((self.now() - start) / f64::from(runs))
    }

    fn now(self) -> f64 {
        let clock = match self {
            Self::Cpu => rustix::time::ClockId::ThreadCPUTime,
            Self::Wall => rustix::time::ClockId::Monotonic,
        };
        let time = rustix::time::clock_gettime(clock);
        time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
    }
}

/// A folder on the disk that the build is on, which goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}
