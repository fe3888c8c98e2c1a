//! What a board is, read from its file.
//!
//! Each board in `firmware/boards` has a `board.toml`: chip, pins, memory, levels. The board's build reads it for the
//! linker's memory map and for the constants that its code needs, `cargo xtask firmware` for images and budgets, and
//! the documentation is made of it, so that the four can't say different things.

mod board;
mod build;
mod code;
mod linker;
mod table;

pub use board::{Active, Board, BoardError, Chip, Flash, Keys, Levels, Pin, Ram, Region, State, Usb};
pub use build::build;
