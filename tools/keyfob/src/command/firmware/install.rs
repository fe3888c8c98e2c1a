//! `keyfob firmware install`.

mod arrival;
mod copy;
mod drive;
mod program;
mod tools;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global, duration};
use serde::Serialize;

use self::arrival::Arrived;
use self::copy::Copied;
use super::image::Image;

#[derive(Args)]
pub(in crate::command) struct Install {
    /// The folder with manifest.json that `cargo xtask firmware` made, or a UF2 file
    path: PathBuf,
    #[command(flatten)]
    way: Way,
    /// How long to wait for the fob afterwards
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    wait: Duration,
    /// Don't wait for the fob
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
    /// Look for drives below another folder than the system's own
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
}

/// How the image gets there; by the only bootloader's drive unless another way is named.
#[derive(Args)]
#[group(multiple = false)]
struct Way {
    /// Copy it to the bootloader's drive that is there
    #[arg(long, value_name = "DIR")]
    drive: Option<PathBuf>,
    /// Write it by a debug probe: with probe-rs, or else OpenOCD
    #[arg(long)]
    probe: bool,
    /// Hand it to Nordic's bootloader at this serial port, with nrfutil
    #[arg(long, value_name = "PORT", value_parser = port)]
    dfu: Option<String>,
}

/// What was done.
#[derive(Serialize)]
struct Document {
    board: String,
    version: Option<String>,
    /// The drive, or the programs that did it.
    by: String,
    /// Blocks of a UF2 file.
    blocks: Option<usize>,
    /// The fob that came, if one was waited for.
    fob: Option<Arrived>,
    next: String,
}

impl Install {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let image = Image::read(&self.path)?;
        let before = arrival::present();
        let (by, blocks) = match &self.way {
            Way { probe: true, .. } => (tools::by_probe(global, &image)?, None),
            Way { dfu: Some(port), .. } => (tools::by_dfu(global, &image, port)?, None),
            Way { drive, .. } => {
                let file = image.file("uf2")?;
                let drive = drive::choose(drive.as_deref(), &self.root, image.kind)?;
                let to = drive.path.display().to_string();
                global.note(format_args!("{} to {to}, the bootloader of {}", file.name, drive.says()));
                let copied = copy::copy(global, file, &drive)?;
                if copied == Copied::Vanished {
                    global.note("the drive went with the last blocks, as bootloaders do once they have all");
                }
                (to, image.uf2.map(|uf2| uf2.blocks))
            }
        };
        let fob = if self.no_wait { None } else { Some(arrival::wait(global, &before, self.wait)?) };
        let next = arrival::next(fob.as_ref());
        let board = image.kind.title().to_owned();
        let document = Document { board, version: image.version().map(str::to_owned), by, blocks, fob, next };
        global.print("keyfob.firmware-install.v1", &document, || document.text())?;
        Ok(Exit::Done)
    }
}

impl Document {
    fn text(&self) -> String {
        let Self { board, version, by, blocks, fob, next } = self;
        let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let blocks = blocks.map(|blocks| format!(", {blocks} blocks")).unwrap_or_default();
        let by = keyfob_terminal::plain(by);
        let fob = fob.as_ref().map(|fob| format!("{}\n", fob.text())).unwrap_or_default();
        format!("firmware{version} for {board} is on its board, by {by}{blocks}\n{fob}next: {next}\n")
    }
}

/// A serial port's name, which no program takes for a flag.
fn port(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_control);
    is_name.then(|| text.to_owned()).ok_or_else(|| "say for example /dev/ttyACM0 or COM5".to_owned())
}
