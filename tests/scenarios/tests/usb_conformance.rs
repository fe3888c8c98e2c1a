//! The conformance suite over a USB bus, as a virtual machine sees it.

#![cfg(unix)]

use keyfob_conformance::{Bench, CASES, run};
use keyfob_scenarios::usbredir::Redirected;

#[test]
fn every_case_passes_over_usb() {
    let mut bench = Bench::new(Redirected).unwrap();
    let summary = run(&mut bench, CASES);
    println!("{summary}");
    assert!(summary.failed().is_empty() && summary.passed().len() == CASES.len(), "{summary}");
}
