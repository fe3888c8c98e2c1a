//! `keyfob emulator run`.

mod bus;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use keyfob_emulator::{
    Clock, Emulator, FaultError, FlashImage, Listen, Script, Seed, Server, control_path, socket_path,
};
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use bus::Bus;

#[derive(Args)]
#[command(group = ArgGroup::new("flash").required(true))]
pub(in crate::command) struct Run {
    /// The folder that keeps the fob; made if there is none
    #[arg(long, value_name = "DIR", group = "flash")]
    state: Option<PathBuf>,
    /// Keep the fob in memory: it is gone afterwards
    #[arg(long, group = "flash")]
    memory: bool,
    /// Where to listen: unix:PATH or tcp:ADDRESS:PORT; otherwise where `keyfob list` looks, under the folder's name
    #[arg(long, value_name = "WHERE")]
    listen: Option<String>,
    #[command(flatten)]
    bus: Bus,
    /// Whether the fob's clock runs, or only `keyfob emulator ctl advance` moves it
    #[arg(long, value_name = "KIND", default_value = "real", hide_default_value = true)]
    clock: Kind,
    /// Let all of the fob's randomness follow from a number, its keys included: for tests
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where to take orders from `keyfob emulator ctl`; otherwise beside the Unix socket, and nowhere over TCP
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    /// Arm faults from the start, such as "drop in 3; kill program 2"
    #[arg(long, value_name = "FAULTS", default_value = "", hide_default_value = true)]
    faults: String,
    /// What faults with chance in them follow from
    #[arg(long, value_name = "N", default_value_t = 0)]
    fault_seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// It runs
    Real,
    /// It stands still
    Scripted,
}

const OTHER_STATE: &str = "the state may be another version's; a new folder makes a new fob";

#[derive(Serialize)]
struct Document {
    listening: Option<String>,
    usb: Option<String>,
    control: Option<PathBuf>,
    emulated: bool,
}

impl Run {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let usb = self.bus.way()?;
        let (listen, control) = self.places(usb.is_some())?;
        let faults: Script = self.faults.parse().map_err(faults_unknown)?;
        let mut builder = Emulator::builder().flash(self.flash()?).faults(faults).fault_seed(self.fault_seed);
        if let Some(seed) = self.seed {
            builder = builder.seed(Seed(seed));
        }
        if let Kind::Scripted = self.clock {
            builder = builder.clock(Clock::scripted());
        }
        let token = builder.start().map_err(|error| failed(error).hint(OTHER_STATE))?;
        let mut server = match &listen {
            Some(listen) => Server::bind(listen, token).map_err(failed)?,
            None => Server::new(token).map_err(failed)?,
        };
        if let Some(usb) = &usb {
            server = usb.attach(server)?;
        }
        if let Some(control) = &control {
            server = server.with_control(control).map_err(failed)?;
        }
        let handle = server.handle();
        ctrlc::set_handler(move || handle.stop()).map_err(failed)?;
        global.warn("this fob is EMULATED: it protects nothing, and whoever can connect has it");
        if self.seed.is_some() {
            global.warn("its randomness follows from a seed: whoever knows the seed knows its keys");
        }
        if let Some(usb) = &usb {
            usb.warn(global);
        }
        let listening = listen.map(|_| server.local_address().to_string());
        let usb = server.usb_address();
        let lines = listening.iter().map(|address| format!("listening on {address}\n"));
        let text: String = lines.chain(usb.iter().map(|address| format!("USB: {address}\n"))).collect();
        global.print("keyfob.emulator.v1", &Document { listening, usb, control, emulated: true }, || text)?;
        server.run().map_err(failed)?;
        global.note("the emulator has stopped");
        Ok(Exit::Done)
    }

    /// Where programs reach the fob, and where orders come in. On USB there is a socket only if it was asked for.
    fn places(&self, is_on_usb: bool) -> Result<(Option<Listen>, Option<PathBuf>), Failure> {
        let found = || Ok::<_, Failure>(Listen::Unix(socket_path(&self.name()?).map_err(failed)?));
        let listen = match &self.listen {
            Some(listen) => Some(place(listen)?),
            None if is_on_usb => None,
            None => Some(found()?),
        };
        let control = match (&self.control, &listen) {
            (Some(control), _) => Some(control.clone()),
            (None, Some(listen)) => control_path(listen),
            (None, None) => control_path(&found()?),
        };
        Ok((listen, control))
    }

    /// The name under which the emulator is found.
    fn name(&self) -> Result<String, Failure> {
        let Some(state) = &self.state else { return Ok("memory".into()) };
        // `.` has no name, what it stands for has.
        let path = std::path::absolute(state).map_err(failed)?;
        let path = path.canonicalize().unwrap_or(path);
        let name = path.file_name().and_then(|name| name.to_str());
        name.map(str::to_owned).ok_or_else(|| Failure::usage("the folder has no name: say --listen"))
    }

    fn flash(&self) -> Result<FlashImage, Failure> {
        let Some(state) = &self.state else { return Ok(FlashImage::memory()) };
        make_directory(state)?;
        FlashImage::open_or_create(&state.join("flash.img")).map_err(failed)
    }
}

fn place(text: &str) -> Result<Listen, Failure> {
    text.parse().map_err(|error: keyfob_emulator::ListenError| Failure::usage(error))
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| failed(format_args!("cannot make {}: {error}", path.display())))
}

/// What a text that is no fault leads to.
pub(super) fn faults_unknown(error: FaultError) -> Failure {
    Failure::new("fault-unknown", Exit::Usage, error)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new("emulator-failed", Exit::Failure, error)
}
