//! What the program is asked for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::workload::{self, Failure, Work};
use crate::{check, curve, licence_file, noise, open, socket, spend};

/// Does what the arguments say; without any it times everything and prints a table.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        [] => table(Duration::from_secs(2)),
        ["times", seconds] => times(Duration::try_from_secs_f64(seconds.parse()?)?),
        ["count", name, runs, size] => workload::count(name, runs.parse()?, size.parse()?),
        ["facts"] => facts(),
        ["serve", socket, image] => socket::serve(socket, image),
        ["echo", socket] => socket::echo(socket),
        _ => Err("arguments: none | times SECONDS | count WORKLOAD RUNS SIZE | facts".into()),
    }
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
    println!("{:<34} {:>12} {:>12} {:>8}", "figure (ns, p50)", "ours", "floor", "ratio");
    measure(each, |row| println!("{:<34} {:>12.0} {:>12.0} {:>8.3}", row.name, row.ours, row.floor, row.ratio))
}

fn times(each: Duration) -> Result<(), Failure> {
    measure(each, |row| {
        println!("{}", json!({ "name": row.name, "ours": row.ours, "floor": row.floor, "ratio": row.ratio }));
    })
}

fn measure(each: Duration, mut show: impl FnMut(Row)) -> Result<(), Failure> {
    let folder = Folder::new()?;
    let path = folder.0.as_path();
    show(
        Timed { name: "warm check, in process", clock: Clock::Cpu, ours: check::ours()?, floor: check::floor()? }
            .run(each)?,
    );
    show(
        Timed {
            name: "warm check, across processes",
            clock: Clock::Wall,
            ours: socket::ours(path)?,
            floor: socket::floor(path)?,
        }
        .run(each)?,
    );
    show(Timed { name: "cold open", clock: Clock::Cpu, ours: open::ours()?, floor: open::floor()? }.run(each)?);
    show(
        Timed { name: "durable spend", clock: Clock::Wall, ours: spend::ours(path)?, floor: spend::floor(path)? }
            .run(each)?,
    );
    show(
        Timed {
            name: "check beside snow's records",
            clock: Clock::Cpu,
            ours: check::ours()?,
            floor: noise::records()?,
        }
        .run(each)?,
    );
    show(
        Timed {
            name: "open beside snow's handshake",
            clock: Clock::Cpu,
            ours: open::ours()?,
            floor: noise::handshakes()?,
        }
        .run(each)?,
    );
    show(
        Timed {
            name: "check beside a signed file",
            clock: Clock::Cpu,
            ours: check::ours()?,
            floor: licence_file::verify()?,
        }
        .run(each)?,
    );
    show(
        Timed {
            name: "key: p256 0.14 beside 0.13",
            clock: Clock::Cpu,
            ours: curve::generate_14()?,
            floor: curve::generate_13()?,
        }
        .run(each)?,
    );
    show(
        Timed {
            name: "sign: p256 0.14 beside 0.13",
            clock: Clock::Cpu,
            ours: curve::sign_14()?,
            floor: curve::sign_13()?,
        }
        .run(each)?,
    );
    show(
        Timed {
            name: "verify: p256 0.14 beside 0.13",
            clock: Clock::Cpu,
            ours: curve::verify_14()?,
            floor: curve::verify_13()?,
        }
        .run(each)?,
    );
    show(
        Timed {
            name: "agree: p256 0.14 beside 0.13",
            clock: Clock::Cpu,
            ours: curve::agree_14()?,
            floor: curve::agree_13()?,
        }
        .run(each)?,
    );
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
