//! How many reports each command takes, counted by the kernel's own monitor of the bus.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result, anyhow, ensure};
use keyfob_conformance::Bench;
use keyfob_scenarios::Rows;

use super::Guest;
use crate::bus::BUS;
use crate::rig::{By, Ports};

const SPECIFICATION: &str = include_str!("../../../../docs/spec.md");
const HEADING: &str = "## 11. Reports per command";

/// Counts everything and compares it with the specification's table.
pub(super) fn run(guest: &mut Guest) -> Result<String> {
    let mut monitor = Monitor::open()?;
    let mut bench = Bench::new(Ports::new(&guest.fobs, By::Hid)?).map_err(|failure| anyhow!("{failure:?}"))?;
    let rows = Rows::of(&mut bench, Box::new(move || monitor.counted().unwrap_or_default())).to_string();
    let start = SPECIFICATION.find(HEADING).context("the specification has no table")?;
    let table = SPECIFICATION[start..].lines().filter(|line| line.starts_with('|'));
    let expected: Vec<_> = table.take(rows.lines().count()).collect();
    let differing: Vec<_> = rows.lines().zip(&expected).filter(|(counted, said)| counted != *said).collect();
    ensure!(differing.is_empty(), "on the bus and in the specification: {differing:?}");
    ensure!(rows.lines().count() == expected.len() && rows.lines().count() > 30, "{} rows", rows.lines().count());
    Ok(format!("{} rows, as specified", expected.len() - 2))
}

/// The monitor (Linux's `Documentation/usb/usbmon.rst`, the binary interface).
struct Monitor {
    file: File,
    counted: (u64, u64),
}

/// What stands before an event's data: type at 8, type of transfer at 9, endpoint at 10, status at 28, length at 32.
const HEAD: usize = 48;
const COMPLETION: u8 = b'C';
const INTERRUPT: u8 = 1;
const IN: u8 = 0x80;
const REPORT: u32 = 64;

impl Monitor {
    fn open() -> Result<Self> {
        let path = format!("/dev/usbmon{BUS}");
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(&path);
        Ok(Self { file: file.with_context(|| format!("can't open {path}"))?, counted: (0, 0) })
    }

    /// Reports to fobs and from them so far.
    fn counted(&mut self) -> std::io::Result<(u64, u64)> {
        let mut event = [0; 4096];
        loop {
            match self.file.read(&mut event) {
                Ok(length) => self.count(event.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(self.counted),
                Err(error) => return Err(error),
            }
        }
    }

    fn count(&mut self, event: &[u8]) {
        let Some(head) = event.get(..HEAD) else { return };
        let word = |at: usize| head.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
        let is_report =
            head[8] == COMPLETION && head[9] == INTERRUPT && word(28) == Some(0) && word(32) == Some(REPORT);
        if is_report && head[10] & IN != 0 {
            self.counted.1 += 1;
        } else if is_report {
            self.counted.0 += 1;
        }
    }
}
