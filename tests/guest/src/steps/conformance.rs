//! The whole conformance suite.

use std::time::Instant;

use anyhow::{Result, ensure};
use keyfob_conformance::{Bench, CASES, Summary, run};

use super::Guest;
use crate::rig::{By, Ports};
use crate::system::without_driver;

/// Through the kernel's HID driver.
pub(super) fn over_hidapi(guest: &mut Guest) -> Result<String> {
    suite(guest, By::Hid)
}

/// Without a HID driver, which is taken out of the kernel meanwhile.
pub(super) fn over_rusb(guest: &mut Guest) -> Result<String> {
    without_driver(|| suite(guest, By::Usb))
}

fn suite(guest: &Guest, by: By) -> Result<String> {
    let mut bench = Bench::new(Ports::new(&guest.fobs, by)?).map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    let mut summary = Summary::default();
    for case in CASES {
        let start = Instant::now();
        summary.0.extend(run(&mut bench, std::slice::from_ref(case)).0);
        // On the console, for whoever wants to know what takes the time.
        println!("{:>6} ms  {}", start.elapsed().as_millis(), case.name);
    }
    let (failed, skipped) = (summary.failed(), summary.skipped());
    ensure!(failed.is_empty() && skipped.is_empty(), "{}", unpassed(&summary.to_string()));
    Ok(format!("{} cases", summary.passed().len()))
}

fn unpassed(summary: &str) -> String {
    summary.lines().filter(|line| !line.starts_with("ok ")).collect::<Vec<_>>().join("\n        ")
}
