//! What is done with boards, and in which order.

mod bus;
mod cases;
mod company;
mod cuts;
mod figures;
mod noise;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use keyfob_conformance::{Bench, CASES, Case, Failure, Summary};
use keyfob_sim::{Board, Boards, Chance, Image, Keep};

/// Runs the firmware on simulated boards.
#[derive(Parser)]
#[command(name = "keyfob-sim")]
pub(crate) struct Options {
    /// The firmware, as an ELF file
    #[arg(long)]
    image: PathBuf,
    /// The board's program, `main.mjs`
    #[arg(long)]
    program: PathBuf,
    /// Runs only cases whose names have this in them, and no cuts unless they are asked for
    #[arg(long, value_name = "TEXT")]
    cases: Option<String>,
    /// At how many points the power is cut
    #[arg(long, value_name = "N")]
    cuts: Option<usize>,
    /// How long cases and cuts may take, in seconds
    #[arg(long, value_name = "BUDGET", default_value_t = 150)]
    seconds: u64,
    /// Runs every case, however long that takes
    #[arg(long)]
    all: bool,
    /// What is chosen follows from this
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How many boards are simulated at once
    #[arg(long, value_name = "N", default_value_t = 2)]
    boards: usize,
    /// Of how many runs of translated code one is compared with the simulator's own core, besides the first of each
    #[arg(long, value_name = "RATE", default_value_t = 1 << 20)]
    verify: u32,
    /// Writes down what each operation costs
    #[arg(long)]
    figures: bool,
}

/// How many cuts are tried if nobody says otherwise.
const CUTS: usize = 24;
/// The share of the time that cases may take, of ten.
const CASES_SHARE: u32 = 6;

/// What a board's thread has done.
#[derive(Default)]
struct Done {
    summary: Summary,
    cuts: cuts::Tally,
    instructions: u64,
    wall: u64,
    verified: u64,
    boots: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let image = Image { elf: options.image.clone(), program: options.program.clone(), verify: options.verify };
    println!("seed {}", options.seed);
    if options.figures {
        return figures::print(&image, options.seed);
    }
    let start = Instant::now();
    let wanted = options.cases.as_deref().unwrap_or_default();
    let mut cases: Vec<Case> = CASES.iter().filter(|case| case.name.contains(wanted)).copied().collect();
    ensure!(!cases.is_empty(), "no case has {wanted} in its name");
    let mut chance = Chance::new(options.seed);
    chance.shuffle(&mut cases);
    let cuts = options.cuts.unwrap_or(if options.cases.is_some() { 0 } else { CUTS });
    let budget = Duration::from_secs(options.seconds);
    let (next, left) = (AtomicUsize::new(0), AtomicUsize::new(cuts));
    let share = Share {
        cases: &cases,
        next: &next,
        cases_until: (!options.all && options.cases.is_none()).then(|| start + budget * CASES_SHARE / 10),
        cuts: &left,
        cuts_until: (!options.all && options.cuts.is_none()).then(|| start + budget),
    };
    let boards = options.boards.clamp(1, 16);
    let ended: Vec<Result<Done>> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..boards)
            .map(|lane| {
                let (image, share) = (&image, &share);
                let seed = options.seed.wrapping_mul(1_000).wrapping_add(u64::try_from(lane).unwrap_or(0) * 100);
                scope.spawn(move || on_board(image, seed, lane == 0 && options.cases.is_none(), share))
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked")))).collect()
    });
    let done = ended.into_iter().collect::<Result<Vec<_>>>()?;
    report(&done, cases.len(), cuts, start.elapsed())
}

/// What threads have to do, and until when.
struct Share<'a> {
    cases: &'a [Case],
    next: &'a AtomicUsize,
    cases_until: Option<Instant>,
    cuts: &'a AtomicUsize,
    cuts_until: Option<Instant>,
}

impl Share<'_> {
    fn case(&self) -> Option<Case> {
        if self.cases_until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        self.cases.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }

    fn cut(&self) -> bool {
        let is_late = self.cuts_until.is_some_and(|until| Instant::now() >= until);
        !is_late && self.cuts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// Everything that one board after the other is used for, in a thread of its own.
fn on_board(image: &Image, seed: u64, is_first: bool, share: &Share<'_>) -> Result<Done> {
    if is_first {
        for line in bus::check(image, seed)? {
            println!("ok       {line}");
        }
        println!("ok       {}", noise::check(image, seed)?);
    }
    let keep = Keep::default();
    let start = Instant::now();
    let mut bench =
        Boards::new(image, seed, &keep).and_then(Bench::new).map_err(failed).context("birth, enrolment, licence")?;
    let board = kept(&keep)?;
    println!("ok       a blank fob is born, enrolled and licensed: {:.1} s", start.elapsed().as_secs_f64());
    let mut done = Done { summary: cases::run(&mut bench, || share.case()), ..Done::default() };
    cuts::run(&mut bench, &board, seed, || share.cut(), &mut done.cuts)?;
    drop(bench);
    let state = board.state()?;
    ensure!(state.mismatches() == 0, "{} packets had the wrong toggle", state.mismatches());
    (done.instructions, done.wall) = (state.instructions(), state.wall());
    println!("ok       {} bytes of the stack were never used since the last start", state.unused_stack());
    (done.verified, done.boots) = (state.verified(), state.boots());
    Ok(done)
}

fn report(done: &[Done], cases: usize, cuts: usize, taken: Duration) -> Result<()> {
    let sum = |count: fn(&Done) -> u64| done.iter().map(count).sum::<u64>();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for one in done {
        passed += one.summary.passed().len();
        failed += one.summary.failed().len();
        skipped += one.summary.skipped().len();
    }
    let mut tally = cuts::Tally::default();
    done.iter().for_each(|one| tally.add(&one.cuts));
    println!("cases: {passed} passed, {failed} failed, {skipped} skipped, of {cases}");
    println!("cuts: {tally}, of {cuts} asked for");
    println!(
        "boards: {} starts, {} M instructions in {:.1} s; {} runs of translated code compared; {:.1} s in all",
        sum(|one| one.boots),
        sum(|one| one.instructions) / 1_000_000,
        std::time::Duration::from_millis(sum(|one| one.wall)).as_secs_f64(),
        sum(|one| one.verified),
        taken.as_secs_f64()
    );
    ensure!(failed == 0 && skipped == 0, "{failed} cases failed, {skipped} were skipped");
    ensure!(passed > 0, "the time was too short for any case");
    ensure!(cuts == 0 || tally.tried() > 0, "the time was too short for any cut");
    Ok(())
}

/// The rig's first board.
pub(crate) fn kept(keep: &Keep) -> Result<Arc<Board>> {
    keep.lock().unwrap_or_else(PoisonError::into_inner).clone().context("no board")
}

pub(crate) fn failed(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Broken(why) => anyhow!(why),
        Failure::Needs(what) => anyhow!("the rig can't do what is needed: {what}"),
    }
}
