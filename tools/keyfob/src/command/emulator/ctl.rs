//! `keyfob emulator ctl`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use keyfob::TokenUri;
use keyfob_emulator::{
    Control, ControlError, ControlFault, ControlRefusal, ControlRequest, ControlState, ControlUsb, Endpoint, Listen,
    Script, control_path, duration, is_controlled, runtime_directory, written_duration,
};
use keyfob_terminal::{Exit, Failure, Global, Privacy, read, write_new};
use serde::Serialize;

use super::run::faults_unknown;
use crate::table::table;

#[derive(Args)]
pub(in crate::command) struct Ctl {
    /// The emulator's control socket; otherwise the one beside the token's, or of the only emulator that runs
    #[arg(long, value_name = "PATH", global = true)]
    control: Option<PathBuf>,
    #[command(subcommand)]
    order: Order,
}

#[derive(Subcommand)]
enum Order {
    /// Show how the emulator is
    Status,
    /// Plug the fob in, with power
    Plug,
    /// Take the connection away; the fob keeps its power
    Unplug(Away),
    /// Cut the power, as pulling the fob out does
    Kill(Away),
    /// Put the fob's clock forwards
    Advance {
        /// By how much, such as 500ms, 90s, 12h or 31d
        #[arg(value_name = "TIME", value_parser = time)]
        milliseconds: u64,
    },
    /// Arm faults, such as: drop in 3
    #[command(after_help = FAULTS)]
    Fault {
        /// The faults, apart by `;`
        #[arg(value_name = "FAULT", required = true, num_args = 1.., allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// List the faults that are armed and how often each happened
    Faults,
    /// Forget all faults
    Clear,
    /// Halt an endpoint on USB until the host clears it
    Stall {
        /// Which one: `in` carries reports from the fob, `out` to it
        endpoint: Direction,
    },
    /// Make the fob answer nothing any more on USB
    Hang,
    /// End hanging and stalling
    Release,
    /// Copy what the fob's flash holds into a new file, its keys included
    Snapshot {
        /// The file
        file: PathBuf,
    },
    /// Put a copy back, all or nothing, and restart the fob: what it held is gone
    Restore {
        /// The file
        file: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Direction {
    In,
    Out,
}

#[derive(Args)]
struct Away {
    /// Plug it in again by itself after this time, such as 2s
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    back: Option<u64>,
}

const FAULTS: &str = "\
Actions:
  drop, repeat [N], reorder, corrupt [OFFSET 0xMASK], delay TIME,
  unplug [for TIME], kill [for TIME], advance TIME
Points:
  in|out [command 0xNN] [N | every [N] | one-of N]  reports from the fob (in) or to it (out)
  program|erase|barrier N                           operations of the flash; only kill
  after TIME                                        only unplug, kill and advance
docs/emulator.md has more.";

const SCHEMA: &str = "keyfob.emulator-ctl.v1";

fn time(text: &str) -> Result<u64, String> {
    duration(text).ok_or_else(|| "a time is a number and ms, s, m, h or d".to_owned())
}

#[derive(Serialize)]
struct Document {
    control: PathBuf,
    plugged: bool,
    powered: bool,
    clock_ms: u64,
    scripted_clock: bool,
    times_unplugged: u64,
    light: bool,
    usb: Option<ControlUsb>,
    faults: Vec<ControlFault>,
}

impl Ctl {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        // What is wrong with a text or a file has nothing to do with the emulator: say so without looking for one.
        let request = self.order.request()?;
        let path = match self.control {
            Some(path) => path,
            None => find(global)?,
        };
        let failed = |error| failure(&path, error);
        let mut control = Control::connect(&path, global.timeout()).map_err(failed)?;
        let state = match &self.order {
            Order::Snapshot { file } => {
                let flash = control.snapshot().map_err(failed)?;
                write_new(file, &flash, Privacy::Secret)?;
                global.warn("the copy holds the fob's keys in the clear");
                control.ask(&ControlRequest::Status).map_err(failed)?
            }
            _ => control.ask(&request).map_err(failed)?,
        };
        let text = self.order.text(&state);
        global.print(SCHEMA, &Document::new(path.clone(), state), || text)?;
        Ok(Exit::Done)
    }
}

impl Order {
    fn request(&self) -> Result<ControlRequest, Failure> {
        Ok(match self {
            Self::Status => ControlRequest::Status,
            Self::Plug => ControlRequest::Plug,
            Self::Unplug(away) => ControlRequest::Unplug { back: away.back },
            Self::Kill(away) => ControlRequest::Kill { back: away.back },
            Self::Advance { milliseconds } => ControlRequest::Advance { milliseconds: *milliseconds },
            Self::Fault { words } => {
                let script: Script = words.join(" ").parse().map_err(faults_unknown)?;
                ControlRequest::Fault { script: script.to_string() }
            }
            Self::Faults => ControlRequest::Faults,
            Self::Clear => ControlRequest::Clear,
            Self::Stall { endpoint: Direction::In } => ControlRequest::Stall { endpoint: Endpoint::In },
            Self::Stall { endpoint: Direction::Out } => ControlRequest::Stall { endpoint: Endpoint::Out },
            Self::Hang => ControlRequest::Hang,
            Self::Release => ControlRequest::Release,
            Self::Snapshot { .. } => ControlRequest::Snapshot,
            Self::Restore { file } => ControlRequest::restore(&read(file)?),
        })
    }

    fn text(&self, state: &ControlState) -> String {
        let stands = match (state.plugged, state.powered) {
            (true, true) => "the fob is plugged in",
            (true, false) => "the fob is plugged in and doesn't start",
            (false, true) => "the fob is unplugged and has its power",
            (false, false) => "the fob has no power",
        };
        match self {
            Self::Plug | Self::Unplug(_) | Self::Kill(_) => format!("{stands}\n"),
            Self::Status => {
                let (clock, times) = (written_duration(state.clock), state.times_unplugged);
                let kind = if state.scripted_clock { ", which stands still" } else { "" };
                let armed = state.faults.len();
                let light = if state.light { "on" } else { "off" };
                let usb = state.usb.as_ref().map_or_else(String::new, |usb| format!("USB        {}\n", on_bus(usb)));
                format!(
                    "{stands}\nclock      {clock}{kind}\nunplugged  {times} times\nlight      {light}\n{usb}faults     {armed}\n"
                )
            }
            Self::Advance { milliseconds } => {
                format!("the fob's clock went forwards by {}\n", written_duration(*milliseconds))
            }
            Self::Fault { .. } | Self::Faults => faults(&state.faults),
            Self::Stall { .. } => "the endpoint answers STALL until the host clears it\n".to_owned(),
            Self::Hang => "the fob answers nothing any more on USB\n".to_owned(),
            Self::Release => "the fob answers again on USB\n".to_owned(),
            Self::Clear => "all faults are forgotten\n".to_owned(),
            Self::Snapshot { file } => format!("the flash is in {}\n", file.display()),
            Self::Restore { file } => format!("the flash holds what is in {}; {stands}\n", file.display()),
        }
    }
}

impl Document {
    fn new(control: PathBuf, state: ControlState) -> Self {
        let ControlState {
            plugged, powered, clock: clock_ms, scripted_clock, times_unplugged, light, usb, faults, ..
        } = state;
        Self { control, plugged, powered, clock_ms, scripted_clock, times_unplugged, light, usb, faults }
    }
}

fn on_bus(usb: &ControlUsb) -> String {
    let stands = match (usb.attached, usb.configured) {
        (false, _) => "no host",
        (true, false) => "a host, which hasn't configured the fob",
        (true, true) => "configured",
    };
    format!("{stands}; {} reports out, {} in; {} resets", usb.reports_out, usb.reports_in, usb.resets)
}

fn faults(faults: &[ControlFault]) -> String {
    let row = |fault: &ControlFault| {
        [fault.id.to_string(), fault.fault.clone(), fault.seen.to_string(), fault.fired.to_string()]
    };
    table(["ID", "FAULT", "SEEN", "HAPPENED"], faults.iter().map(row))
}

/// Finds the control socket beside the token that was named, or of the only emulator that runs.
fn find(global: &Global) -> Result<PathBuf, Failure> {
    match global.token()? {
        Some(TokenUri::Unix(path)) => {
            control_path(&Listen::Unix(path)).ok_or_else(|| Failure::usage("the token has no control socket"))
        }
        Some(token) => {
            Err(Failure::usage(format_args!("{token} has no control socket beside it: name one by --control")))
        }
        None => only(sockets()),
    }
}

fn only(mut sockets: Vec<PathBuf>) -> Result<PathBuf, Failure> {
    let several = |sockets: &[PathBuf]| {
        let names: Vec<_> = sockets.iter().map(|path| path.display().to_string()).collect();
        Failure::new("several-emulators", Exit::NoToken, format_args!("several emulators run: {}", names.join(", ")))
    };
    match sockets.len() {
        0 | 1 => sockets.pop().ok_or_else(|| Failure::new("no-emulator", Exit::NoToken, "no emulator runs")),
        _ => Err(several(&sockets)),
    }
}

/// The control sockets of emulators that run.
fn sockets() -> Vec<PathBuf> {
    let entries = fs::read_dir(runtime_directory()).into_iter().flatten().flatten();
    let is_control = |path: &PathBuf| path.extension().is_some_and(|end| end == "ctl") && is_controlled(path);
    let mut sockets: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_control).collect();
    sockets.sort();
    sockets
}

fn failure(path: &Path, error: ControlError) -> Failure {
    let at = path.display();
    match error {
        ControlError::Unreachable(error) => {
            let message = format_args!("cannot control the emulator at {at}: {error}");
            Failure::new("control-unreachable", Exit::NoToken, message)
        }
        ControlError::Refused(ControlRefusal { code, message, .. }) => match CODES.iter().find(|known| **known == code)
        {
            Some(code) => Failure::new(code, Exit::Failure, message),
            None => Failure::new("control-request", Exit::Failure, format_args!("{message} ({code})")),
        },
        error => Failure::new("control-answer", Exit::Failure, format_args!("{at}: {error}")),
    }
}

/// What emulators refuse with.
const CODES: &[&str] =
    &["control-request", "fault-unknown", "too-many-faults", "image-refused", "emulator-failed", "not-on-usb"];
