//! `keyfob random`.

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::app::Credential;
use crate::output::Secretly;

#[derive(Args)]
pub(super) struct Random {
    /// How many bytes, at most 65,536
    #[arg(value_parser = clap::value_parser!(u32).range(1..=65_536))]
    length: u32,
    #[command(flatten)]
    credential: Credential,
    #[command(flatten)]
    output: Secretly,
}

#[derive(Serialize)]
struct Nothing {}

impl Random {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let opened = self.credential.open_without_feature(global)?;
        let bytes = opened.session.random(self.length.try_into().map_err(Failure::usage)?)?;
        let fob = (opened.serial, opened.is_emulated);
        self.output.put(global, "keyfob.random.v1", fob, Nothing {}, bytes.expose())?;
        Ok(Exit::Done)
    }
}
