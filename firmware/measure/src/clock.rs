//! SysTick as a counter of instructions.

use cortex_m::Peripherals;
use cortex_m::peripheral::{SYST, syst::SystClkSource};
use cortex_m_semihosting::hprintln;

/// Instructions for each tick: QEMU's nanoseconds at one instruction each, and the board's 25 MHz.
const PER_TICK: u64 = 40;
/// SysTick counts down from here.
const TOP: u32 = 0x00ff_ffff;
/// How often a thing is done within one count.
const RUNS: u32 = 4;

/// A counter that runs.
pub(crate) struct Clock(SYST);

impl Clock {
    /// Starts it, once.
    pub(crate) fn start() -> Option<Self> {
        let mut counter = Peripherals::take()?.SYST;
        counter.set_clock_source(SystClkSource::Core);
        counter.set_reload(TOP);
        counter.clear_current();
        counter.enable_counter();
        Some(Self(counter))
    }

    /// Prints what one run costs, or that it failed. Each is shorter than SysTick's turn, 671 M instructions.
    pub(crate) fn count(&mut self, name: &str, mut work: impl FnMut() -> bool) {
        let _warm = work();
        let before = SYST::get_current();
        let mut succeeded = true;
        for _ in 0..RUNS {
            succeeded &= work();
        }
        let ticks = before.wrapping_sub(SYST::get_current()) & TOP;
        let instructions = u64::from(ticks) * PER_TICK / u64::from(RUNS);
        if succeeded {
            hprintln!("{}: {}", name, instructions);
        } else {
            hprintln!("{}: failed", name);
        }
    }
}
