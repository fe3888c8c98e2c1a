//! `keyfob apply`.

mod wipe;

use std::path::PathBuf;

use clap::Args;
use keyfob::{Error, Guest, Serial};
use keyfob_terminal::{Exit, Failure, Global, read};
use keyfob_wire::{RootChangeFile, UpdateFile, WipeFile};
use serde::Serialize;

use crate::fob::{guest, is_emulated};

#[derive(Args)]
pub(super) struct Apply {
    /// The update, wipe or root change file; - is standard input
    file: PathBuf,
}

#[derive(Serialize)]
struct Updated {
    serial: String,
    emulated: bool,
    epoch: u32,
    number: u32,
}

/// The partition that was wiped, or whose root was changed.
#[derive(Serialize)]
struct Done {
    serial: String,
    emulated: bool,
    partition: String,
}

impl Apply {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let bytes = read(&self.file)?;
        if let Ok(file) = UpdateFile::parse(&bytes) {
            update(global, &file, &bytes)
        } else if let Ok(file) = WipeFile::parse(&bytes) {
            wipe::wipe(global, &file, &bytes)
        } else if let Ok(file) = RootChangeFile::parse(&bytes) {
            change_root(global, &file, &bytes)
        } else {
            let message = format_args!("{} is no update, wipe or root change file", self.file.display());
            return Err(Failure::new("file-unknown", Exit::Failure, message));
        }?;
        Ok(Exit::Done)
    }
}

fn update(global: &Global, file: &UpdateFile<'_>, bytes: &[u8]) -> Result<(), Failure> {
    let mut guest = guest(global)?;
    let applied = guest.apply(bytes);
    let (epoch, number) = applied.map_err(|error| refused("update", file.serial, &guest, error))?;
    let serial = guest.serial().to_string();
    let text = format!("update {number} of epoch {epoch} is applied to fob {serial}\n");
    global.print("keyfob.apply.v1", &Updated { serial, emulated: is_emulated(&guest), epoch, number }, || text)
}

fn change_root(global: &Global, file: &RootChangeFile<'_>, bytes: &[u8]) -> Result<(), Failure> {
    let mut guest = guest(global)?;
    let changed = guest.change_root(bytes);
    changed.map_err(|error| refused("root change", file.serial, &guest, error))?;
    let document = Done::of(&guest, file.partition.to_string());
    let text = || format!("the vendor of partition {} on fob {} has a new root\n", document.partition, document.serial);
    global.print("keyfob.change-root.v1", &document, text)
}

impl Done {
    fn of(guest: &Guest, partition: String) -> Self {
        Self { serial: guest.serial().to_string(), emulated: is_emulated(guest), partition }
    }
}

/// Says which fob it is for, if it is for another one.
fn refused(what: &str, serial: Serial, guest: &Guest, error: Error) -> Failure {
    match error {
        Error::Refused(keyfob::Status::WrongToken) if serial != guest.serial() => {
            let message = format_args!("the {what} is for fob {serial}, this is {}", guest.serial());
            Failure::new("wrong-token", Exit::Verification, message)
        }
        error => error.into(),
    }
}
