//! SysTick as a counter of instructions, which it is under QEMU's `-icount shift=0`.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

use crate::map::MAP;

/// A counter that runs.
pub(crate) struct Counter(());

impl Counter {
    /// Starts it.
    pub(crate) fn start(mut systick: SYST) -> Self {
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(TOP);
        systick.clear_current();
        systick.enable_counter();
        Self(())
    }

    /// Does something and counts its instructions, of which there may be 671 million at most.
    pub(crate) fn count<T>(&mut self, work: impl FnOnce() -> T) -> (T, u64) {
        // From a tick's edge on, so that equal work gives equal counts.
        let edge = SYST::get_current();
        while SYST::get_current() == edge {}
        let (done, ticks) = ticks_since(work);
        (done, u64::from(ticks) * PER_TICK)
    }
}

/// Does something and counts its ticks, once the counter runs.
pub(crate) fn ticks_since<T>(work: impl FnOnce() -> T) -> (T, u32) {
    let before = SYST::get_current();
    let done = work();
    (done, before.wrapping_sub(SYST::get_current()) & TOP)
}

/// Instructions for each tick.
pub(crate) const PER_TICK: u64 = MAP.per_tick;
/// SysTick counts down from here.
const TOP: u32 = 0x00ff_ffff;
