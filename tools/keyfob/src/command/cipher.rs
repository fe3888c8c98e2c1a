//! `keyfob encrypt`, `keyfob decrypt` and `keyfob derive`.

use std::path::PathBuf;

use clap::Args;
use keyfob::Slot;
use keyfob_terminal::{Exit, Failure, Global, Privacy, read, write_new};
use serde::Serialize;

use crate::app::App;
use crate::output::Secretly;

#[derive(Args)]
pub(super) struct Encrypt {
    #[command(flatten)]
    app: App,
    /// What to encrypt, 1 to 2,048 bytes; - is standard input
    input: PathBuf,
    /// Where to write the message; nothing is overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which of the feature's keys
    #[arg(long, default_value_t = 0)]
    slot: u8,
}

#[derive(Args)]
pub(super) struct Decrypt {
    #[command(flatten)]
    app: App,
    /// The message that `encrypt` wrote; - is standard input
    input: PathBuf,
    #[command(flatten)]
    output: Secretly,
    /// Which of the feature's keys
    #[arg(long, default_value_t = 0)]
    slot: u8,
}

#[derive(Args)]
pub(super) struct Derive {
    #[command(flatten)]
    app: App,
    /// What the key is for, 1 to 32 bytes: the same label gives the same key
    label: String,
    #[command(flatten)]
    output: Secretly,
    /// Which of the feature's keys
    #[arg(long, default_value_t = 0)]
    slot: u8,
}

/// Which key was used.
#[derive(Serialize)]
struct Key {
    feature: u32,
    slot: u8,
}

#[derive(Serialize)]
struct Encrypted {
    serial: String,
    emulated: bool,
    #[serde(flatten)]
    key: Key,
    length: usize,
    out: String,
}

impl Encrypt {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let plaintext = zeroize::Zeroizing::new(read(&self.input)?);
        let opened = self.app.open(global)?;
        let message = opened.session.encrypt(Slot(self.slot), &plaintext);
        let message = message.map_err(|error| self.app.failed(error))?;
        write_new(&self.out, &message, Privacy::Public)?;
        let document = Encrypted {
            serial: opened.serial.to_string(),
            emulated: opened.is_emulated,
            key: Key { feature: self.app.feature.0, slot: self.slot },
            length: message.len(),
            out: self.out.display().to_string(),
        };
        let text = || format!("{} bytes written to {}\n", message.len(), self.out.display());
        global.print("keyfob.encrypt.v1", &document, text)?;
        Ok(Exit::Done)
    }
}

impl Decrypt {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let message = read(&self.input)?;
        let opened = self.app.open(global)?;
        let plaintext = opened.session.decrypt(Slot(self.slot), &message);
        let plaintext = plaintext.map_err(|error| self.app.failed(error))?;
        let (fob, key) = ((opened.serial, opened.is_emulated), Key { feature: self.app.feature.0, slot: self.slot });
        self.output.put(global, "keyfob.decrypt.v1", fob, key, plaintext.expose())?;
        Ok(Exit::Done)
    }
}

impl Derive {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        if !(1..=32).contains(&self.label.len()) {
            return Err(Failure::usage("a label has 1 to 32 bytes"));
        }
        let opened = self.app.open(global)?;
        let derived = opened.session.derive(Slot(self.slot), self.label.as_bytes());
        let derived = derived.map_err(|error| self.app.failed(error))?;
        let (fob, key) = ((opened.serial, opened.is_emulated), Key { feature: self.app.feature.0, slot: self.slot });
        self.output.put(global, "keyfob.derive.v1", fob, key, derived.expose())?;
        Ok(Exit::Done)
    }
}
