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
            .with("compactions", health.compactions)
            .with_some("stack_never_used", health.stack_unused)
            .with_some("last_reset", health.reset.map(reset))
            .with_some("failed_entropy_tests", health.failed_entropy_tests)
            .with_some("anchor_steps_left", health.anchor_left);
        global.print("keyfob.health.v1", &tree, || &tree)?;
        Ok(Exit::Done)
    }
}

/// Why a board started. `docs/spec.md`, §8.
fn reset(number: u32) -> &'static str {
    match number {
        1 => "power",
        2 => "pin",
        3 => "watchdog",
        4 => "software",
        5 => "brownout",
        _ => "other",
    }
}
