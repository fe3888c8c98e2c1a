//! `keyfob emulator run`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use keyfob_emulator::{Emulator, FaultError, FlashImage, Listen, Script, Seed, Server, control_path, socket_path};
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

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

const OTHER_STATE: &str = "the state may be another version's; a new folder makes a new fob";

#[derive(Serialize)]
struct Document {
    listening: String,
    control: Option<PathBuf>,
    emulated: bool,
}

impl Run {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let listen = self.place()?;
        let faults: Script = self.faults.parse().map_err(faults_unknown)?;
        let mut builder = Emulator::builder().flash(self.flash()?).faults(faults).fault_seed(self.fault_seed);
        if let Some(seed) = self.seed {
            builder = builder.seed(Seed(seed));
        }
        let token = builder.start().map_err(|error| failed(error).hint(OTHER_STATE))?;
        let control = self.control.clone().or_else(|| control_path(&listen));
        let server = Server::bind(&listen, token).map_err(failed)?;
        let server = match &control {
            Some(control) => server.with_control(control).map_err(failed)?,
            None => server,
        };
        let handle = server.handle();
        ctrlc::set_handler(move || handle.stop()).map_err(failed)?;
        global.warn("this fob is EMULATED: it protects nothing, and whoever can connect has it");
        if self.seed.is_some() {
            global.warn("its randomness follows from a seed: whoever knows the seed knows its keys");
        }
        let address = server.local_address().to_string();
        let text = format!("listening on {address}\n");
        global.print("keyfob.emulator.v1", &Document { listening: address, control, emulated: true }, || text)?;
        server.run().map_err(failed)?;
        global.note("the emulator has stopped");
        Ok(Exit::Done)
    }

    fn place(&self) -> Result<Listen, Failure> {
        let listen = match &self.listen {
            Some(listen) => return listen.parse().map_err(|error: keyfob_emulator::ListenError| Failure::usage(error)),
            None => socket_path(&self.name()?).map_err(failed)?,
        };
        Ok(Listen::Unix(listen))
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
