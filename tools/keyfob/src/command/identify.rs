//! `keyfob identify`.

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::fob::{guest, is_emulated};

#[derive(Args)]
pub(super) struct Identify {}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
}

impl Identify {
    #[expect(clippy::unused_self, reason = "as every command")]
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest(global)?;
        guest.identify()?;
        let serial = guest.serial().to_string();
        let text = format!("fob {serial} shows itself for 5 seconds\n");
        global.print("keyfob.identify.v1", &Document { serial, emulated: is_emulated(&guest) }, || text)?;
        Ok(Exit::Done)
    }
}
