//! The steps, in their order.

mod conformance;
mod counts;
mod doctor;
mod enumeration;
mod hostile;
mod latency;
mod plugging;
mod power;
mod sharing;
mod uhid;
mod unusable;
mod usbip;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use crate::bus::Place;
use crate::control::Control;
use crate::report::Report;
use crate::rig::{By, FOBS, Plugged};
use crate::system;

/// What the steps work on.
pub(crate) struct Guest {
    /// The fobs at the ports, in their order.
    pub(crate) fobs: Vec<Plugged>,
    /// How often to plug.
    pub(crate) cycles: u32,
}

/// A step's name and what it does; it tells what it saw.
type Step = (&'static str, fn(&mut Guest) -> Result<String>);

/// The steps of each guest: most of their time they wait for the kernel, so that several guests run beside each other.
const GUESTS: &[&[Step]] = &[
    &[("enumeration", enumeration::run), ("conformance over hidapi", conformance::over_hidapi)],
    &[("conformance over rusb", conformance::over_rusb), ("doctor, above the bus", unusable::run)],
    &[
        ("plug cycles", plugging::cycles),
        ("unplugged in mid-spend", plugging::mid_spend),
        ("two programs", sharing::two_programs),
        ("an idle program", sharing::an_idle_program),
        ("a program dies in mid-message", sharing::a_program_dies),
        ("eight fobs", sharing::eight_fobs),
    ],
    &[
        ("reports on the bus", counts::run),
        ("round trips over hidapi", latency::over_hidapi),
        ("round trips over rusb", latency::over_rusb),
        ("reset on the bus", power::reset),
        ("suspended", power::suspend),
        ("doctor, on the bus", doctor::each_fault),
        ("watch", doctor::watch),
        ("trace", doctor::trace),
        ("hostile devices", hostile::run),
        ("attached by usbip", usbip::run),
        ("made by uhid", uhid::run),
    ],
];

/// Starts the system, runs the steps and reports.
///
/// # Errors
/// If the steps can't be run at all.
pub(crate) fn run() -> Result<()> {
    system::start()?;
    let mut report = Report::begin()?;
    let uptime = std::fs::read_to_string("/proc/uptime")?;
    report.line(&format!("booted in {} s", uptime.split(' ').next().unwrap_or("?")));
    let only = system::parameter("keyfob.only").unwrap_or_default();
    let number: usize = system::parameter("keyfob.guest").and_then(|number| number.parse().ok()).unwrap_or(0);
    let steps =
        GUESTS.get(number).into_iter().copied().flatten().filter(|(name, _)| name.replace(' ', "_").contains(&only));
    match prepare() {
        Ok(mut guest) => steps.for_each(|step| take(step, &mut guest, &mut report)),
        Err(error) => report.ended("fobs", std::time::Duration::ZERO, &Err(error)),
    }
    report.end();
    Ok(())
}

fn prepare() -> Result<Guest> {
    let plugged = |number| {
        let (place, control) = (Place::port(number), Control::of(number)?);
        place.await_other(None)?;
        Ok(Plugged { place, control, by: By::Hid })
    };
    let fobs = (1..=FOBS).map(plugged).collect::<Result<_>>()?;
    let cycles = system::parameter("keyfob.cycles").and_then(|cycles| cycles.parse().ok()).unwrap_or(1);
    Ok(Guest { fobs, cycles })
}

fn take(&(name, step): &Step, guest: &mut Guest, report: &mut Report) {
    let start = Instant::now();
    // The other steps are run in any case.
    let result = catch_unwind(AssertUnwindSafe(|| step(guest))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(anyhow!("panicked: {}", text.unwrap_or_default()))
    });
    if result.is_err() {
        system::show_kernel_messages();
    }
    report.ended(name, start.elapsed(), &result);
}

/// Runs the command that everybody has.
///
/// # Errors
/// If it can't be started.
pub(crate) fn keyfob(arguments: &[&str]) -> Result<Output> {
    Command::new("/bin/keyfob").args(arguments).output().context("can't start keyfob")
}

/// What the program does where it isn't the first process: what a step asks of another program.
pub(crate) fn helper() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match sharing::act(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}; this is a guest's first process: cargo xtask guest");
            ExitCode::FAILURE
        }
    }
}
