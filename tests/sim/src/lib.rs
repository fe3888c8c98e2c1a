//! The unmodified firmware of the Raspberry Pi Pico on a simulated board, reached by the real host library.
//!
//! The board is a program for Node around rp2040js, `board/main.mjs`: [`Board`] runs it, [`Boards`] has the conformance
//! suite run on it. `docs/simulator.md` has what it is and isn't.
#![cfg(unix)]

mod board;
mod chance;
mod rig;

pub use board::{Board, Cut, Ends, Image, Light, Reset, State};
pub use chance::Chance;
pub use rig::{Boards, Keep};
