//! `keyfob unlock`.

use std::path::PathBuf;

use clap::Args;
use keyfob::Slot;
use keyfob_terminal::{Exit, Failure, Global, Privacy, read, write_new};
use serde::Serialize;

use crate::app::App;

#[derive(Args)]
pub(super) struct Unlock {
    #[command(flatten)]
    app: App,
    /// The sealed secret
    sealed: PathBuf,
    /// Where to write the secret; nothing is overwritten, and it is never printed
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which of the feature's keys
    #[arg(long, default_value_t = 0)]
    slot: u8,
}

#[derive(Serialize)]
struct Document<'a> {
    serial: String,
    emulated: bool,
    feature: u32,
    slot: u8,
    out: &'a str,
    length: usize,
}

/// A nonce, a secret of 1 to 64 bytes, a tag. Spec §8.3.
const SEALED_LENGTHS: std::ops::RangeInclusive<usize> = 12 + 1 + 16..=12 + 64 + 16;

impl Unlock {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let sealed = read(&self.sealed)?;
        if !SEALED_LENGTHS.contains(&sealed.len()) {
            let message = format_args!("{} has {} bytes: no sealed secret", self.sealed.display(), sealed.len());
            return Err(Failure::new("file-unknown", Exit::Failure, message));
        }
        let opened = self.app.open(global)?;
        let unlocked = opened.session.unlock_slot(Slot(self.slot), &sealed);
        let secret = unlocked.map_err(|error| self.app.failed(error))?;
        write_new(&self.out, secret.expose(), Privacy::Secret)?;
        let document = Document {
            serial: opened.serial.to_string(),
            emulated: opened.is_emulated,
            feature: self.app.feature.0,
            slot: self.slot,
            out: &self.out.to_string_lossy(),
            length: secret.expose().len(),
        };
        let text = || format!("{} bytes written to {}\n", secret.expose().len(), self.out.display());
        global.print("keyfob.unlock.v1", &document, text)?;
        Ok(Exit::Done)
    }
}
