//! The program that libFuzzer drives: the environment names the target.
#![no_main]

use std::sync::OnceLock;

use keyfob_fuzz::{Target, environment};

/// The target of this process.
static TARGET: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let target = environment::target();
        environment::write_seeds(target);
        TARGET.set(target).ok();
    },
    |data: &[u8]| {
        if let Some(target) = TARGET.get() {
            (target.run)(data);
        }
    }
);
