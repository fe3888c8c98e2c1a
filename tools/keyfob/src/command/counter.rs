//! `keyfob counter`.

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::app::App;

#[derive(Args)]
pub(super) struct Counter {
    #[command(flatten)]
    app: App,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
    feature: u32,
    remaining: u32,
    spend_serial: u32,
}

impl Counter {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let opened = self.app.open(global)?;
        let counter = opened.session.counter().map_err(|error| self.app.failed(error))?;
        let document = Document {
            serial: opened.serial.to_string(),
            emulated: opened.is_emulated,
            feature: self.app.feature.0,
            remaining: counter.remaining.0,
            spend_serial: counter.spend_serial,
        };
        let text = || {
            let keyfob::Counter { remaining, spend_serial } = counter;
            format!("feature {}: {remaining} left, spend serial {spend_serial}\n", self.app.feature)
        };
        global.print("keyfob.counter.v1", &document, text)?;
        Ok(Exit::Done)
    }
}
