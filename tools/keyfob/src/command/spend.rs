//! `keyfob spend`.

use clap::Args;
use keyfob::Units;
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::app::App;

#[derive(Args)]
pub(super) struct Spend {
    #[command(flatten)]
    app: App,
    /// How many units
    #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    units: u32,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
    feature: u32,
    spent: u32,
    remaining: u32,
    spend_serial: u32,
}

impl Spend {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let opened = self.app.open(global)?;
        let counter = opened.session.spend(Units(self.units)).map_err(|error| self.app.failed(error))?;
        let document = Document {
            serial: opened.serial.to_string(),
            emulated: opened.is_emulated,
            feature: self.app.feature.0,
            spent: self.units,
            remaining: counter.remaining.0,
            spend_serial: counter.spend_serial,
        };
        let text = || format!("spent {} of feature {}, {} left\n", self.units, self.app.feature, counter.remaining);
        global.print("keyfob.spend.v1", &document, text)?;
        Ok(Exit::Done)
    }
}
