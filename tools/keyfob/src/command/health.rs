//! `keyfob health`.

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global};

use crate::fob::{guest, is_emulated};
use crate::tree::Tree;

#[derive(Args)]
pub(super) struct Health {}

impl Health {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest(global)?;
        let health = guest.health()?;
        let tree = Tree::default()
            .with("serial", guest.serial().to_string())
            .with("emulated", is_emulated(&guest))
            .with("uptime_seconds", health.uptime)
            .with("sessions", health.sessions)
            .with("tickets", health.tickets)
            .with("refused_records", health.refused_records)
            .with("refused_handshakes", health.refused_handshakes)
            .with("free_bytes", health.free)
            .with("compactions", health.compactions);
        global.print("keyfob.health.v1", &tree, || &tree)?;
        Ok(Exit::Done)
    }
}
