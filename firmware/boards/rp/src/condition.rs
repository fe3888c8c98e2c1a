//! How the board fares.

use embassy_rp::peripherals::WATCHDOG;
use embassy_rp::watchdog::{ResetReason, Watchdog};
use keyfob_token::{Condition, Reset};

/// The stack and the last reset; the rest is what the caller knows.
#[must_use]
pub fn condition(failed_entropy_tests: Option<u32>) -> Condition {
    // SAFETY: of the watchdog only the register that tells the reason is read; who feeds it isn't disturbed.
    let watchdog = Watchdog::new(unsafe { WATCHDOG::steal() });
    let reset = match watchdog.reset_reason() {
        None => Reset::Power,
        Some(ResetReason::TimedOut) => Reset::Watchdog,
        Some(ResetReason::Forced) => Reset::Software,
    };
    Condition { stack_unused: u32::try_from(keyfob_stack::unused()).ok(), reset: Some(reset), failed_entropy_tests }
}
