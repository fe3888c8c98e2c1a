//! The conformance suite over a USB bus, as a virtual machine sees it, and as a host does by USB/IP.

#![cfg(unix)]

use keyfob_conformance::{Bench, CASES, Rig, run};
use keyfob_scenarios::usbip::Imported;
use keyfob_scenarios::usbredir::Redirected;

#[test]
fn every_case_passes_over_usbredir() {
    every_case_passes(Redirected);
}

#[test]
fn every_case_passes_over_usbip() {
    every_case_passes(Imported);
}

fn every_case_passes(rig: impl Rig + 'static) {
    let mut bench = Bench::new(rig).unwrap();
    let summary = run(&mut bench, CASES);
    println!("{summary}");
    assert!(summary.failed().is_empty() && summary.passed().len() == CASES.len(), "{summary}");
}
