//! The token on QEMU's `mps2-an386`, a Cortex-M4, and `mps2-an505`, a Cortex-M33: reports on UART 0 as over any socket,
//! orders of whoever tests it on UART 1. `docs/cortex.md` has the orders.
#![no_std]

mod board;
mod calculation;
mod counted;
mod counter;
mod entropy;
mod flash;
mod machine;
mod map;
mod meter;
mod order;
mod run;
mod uart;

pub use board::{Board, token};
pub use machine::Machine;
pub use run::run;
