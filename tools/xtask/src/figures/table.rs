//! The table of figures.

use std::cell::OnceCell;
use std::fs;

use anyhow::{Context, Result};

use crate::footprint::{self, Core, Footprint};
use crate::process::root;
use crate::proof::Proof;

/// A figure and how it is measured.
pub(crate) struct Figure {
    /// What is measured.
    pub(crate) name: &'static str,
    /// The unit of value and limit.
    pub(crate) unit: &'static str,
    /// The greatest value that is accepted.
    pub(crate) limit: Option<u64>,
    /// What to run to see it again.
    pub(crate) command: &'static str,
    /// Measures.
    pub(crate) value: fn(&Measurements) -> Result<Proof<u64>>,
}

/// The figures. A new one is a new entry.
pub(crate) const FIGURES: &[Figure] = &[
    Figure {
        name: "flash of the token",
        unit: "bytes",
        limit: Some(160_000),
        command: "cargo xtask footprint",
        value: |measurements| measurements.footprint(Core::M4, |footprint| Some(footprint.flash)),
    },
    Figure {
        name: "flash of the token, Cortex-M0+",
        unit: "bytes",
        limit: Some(160_000),
        command: "cargo xtask footprint",
        value: |measurements| measurements.footprint(Core::M0Plus, |footprint| Some(footprint.flash)),
    },
    Figure {
        name: "static RAM of the token",
        unit: "bytes",
        limit: Some(48_000),
        command: "cargo xtask footprint",
        value: |measurements| measurements.footprint(Core::M4, |footprint| Some(footprint.ram)),
    },
    Figure {
        name: "RAM of one session",
        unit: "bytes",
        limit: Some(2_048),
        command: "cargo xtask footprint",
        value: |measurements| measurements.footprint(Core::M4, |footprint| footprint.session),
    },
    Figure {
        name: "largest stack frame",
        unit: "bytes",
        limit: Some(8_192),
        command: "cargo xtask footprint",
        value: |measurements| {
            measurements.footprint(Core::M4, |footprint| footprint.deepest.as_ref().map(|(_, size)| *size))
        },
    },
    Figure {
        name: "formatting code of the token",
        unit: "bytes",
        limit: Some(0),
        command: "cargo xtask footprint",
        value: |measurements| measurements.footprint(Core::M4, |footprint| Some(footprint.formatting)),
    },
    Figure {
        name: "reports of a warm check, out and in",
        unit: "reports",
        limit: Some(2),
        command: REPORTS,
        value: |_| reports(&["check"]),
    },
    Figure {
        name: "reports of INIT and a cold open",
        unit: "reports",
        limit: Some(13),
        command: REPORTS,
        value: |_| reports(&["INIT", "OPEN, FINISH"]),
    },
    Figure {
        name: "reports of a spend, out and in",
        unit: "reports",
        limit: Some(2),
        command: REPORTS,
        value: |_| reports(&["spend"]),
    },
];

/// What counts reports, and keeps the specification's table.
const REPORTS: &str = "cargo test -p keyfob-scenarios --test reports";

/// The reports of commands, as the specification's table has them: the test fails if it isn't what is counted.
fn reports(commands: &[&str]) -> Result<Proof<u64>> {
    let spec = fs::read_to_string(root().join("docs/spec.md"))?;
    let mut sum = 0;
    for command in commands {
        let row = spec.lines().filter_map(Row::read).find(|row| row.command == *command);
        sum += row.with_context(|| format!("the specification has no row for {command}"))?.reports;
    }
    Ok(Proof::Proven(sum))
}

/// A row of the specification's table of reports: command, of what, out, in.
struct Row<'a> {
    command: &'a str,
    reports: u64,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let cells: Vec<_> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let [command, _, out, back] = cells.as_slice() else {
            return None;
        };
        Some(Self { command, reports: out.parse::<u64>().ok()? + back.parse::<u64>().ok()? })
    }
}

/// Measurements that several figures are taken from, each made once.
#[derive(Default)]
pub(crate) struct Measurements {
    on_m0: OnceCell<Proof<Footprint>>,
    on_m4: OnceCell<Proof<Footprint>>,
}

impl Measurements {
    fn footprint(&self, core: Core, figure: fn(&Footprint) -> Option<u64>) -> Result<Proof<u64>> {
        let kept = match core {
            Core::M0Plus => &self.on_m0,
            Core::M4 => &self.on_m4,
        };
        let measured = match kept.get() {
            Some(measured) => measured,
            None => {
                let measured = footprint::measure(core)?;
                kept.get_or_init(|| measured)
            }
        };
        Ok(match measured {
            Proof::Proven(footprint) => Proof::Proven(figure(footprint).context("the image doesn't tell")?),
            Proof::NotProven(lack) => Proof::NotProven(lack.clone()),
        })
    }
}
