//! Where things lie on each machine, and what its clock is.

use keyfob_signed::Board;

/// What differs between the machines.
pub(crate) struct Map {
    pub(crate) board: Board,
    /// The UARTs: reports, and orders.
    pub(crate) reports: usize,
    pub(crate) orders: usize,
    /// The PSRAM that is the token's flash.
    pub(crate) flash: u32,
    /// The end of RAM.
    pub(crate) stack_top: u32,
    /// Instructions for each tick of SysTick: QEMU's nanoseconds, at one instruction each.
    pub(crate) per_tick: u64,
}

/// A Cortex-M4 at 25 MHz (Arm DAI 0386, §4).
#[cfg(not(an505))]
pub(crate) const MAP: Map = Map {
    board: Board::MPS2_AN386,
    reports: 0x4000_4000,
    orders: 0x4000_5000,
    flash: 0x2100_0000,
    stack_top: 0x2040_0000,
    per_tick: 40,
};

/// A Cortex-M33 at 20 MHz, in the Secure state, in which it boots (Arm DAI 0505, §3): what guards memory and UARTs lets
/// that state through after a reset.
#[cfg(an505)]
pub(crate) const MAP: Map = Map {
    board: Board::MPS2_AN505,
    reports: 0x5020_0000,
    orders: 0x5020_1000,
    flash: 0x8000_0000,
    stack_top: 0x3840_0000,
    per_tick: 50,
};
