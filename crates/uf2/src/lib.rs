//! UF2, the files that bootloaders take by drag and drop.
//!
//! A file is blocks of 512 bytes, which a drive may get in any order. Numbers are little-endian.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | `UF2\n` |
//! | 4 | 4 | 0x9e5d5157 |
//! | 8 | 4 | flags: 0x2000, there is a family; 0x8000, there are extensions; 0x0001, not for the flash |
//! | 12 | 4 | address |
//! | 16 | 4 | length of the data; 256 |
//! | 20 | 4 | number of the block, from 0 |
//! | 24 | 4 | how many there are |
//! | 28 | 4 | family: which chip it is for |
//! | 32 | 476 | data, then extensions, then zeros |
//! | 508 | 4 | 0x0ab16f30 |
//!
//! [`write()`] makes the blocks of an image, [`read`] takes a file apart and is stricter than a bootloader can be.
#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod block;
mod family;
mod reader;
mod writer;

pub use block::{BLOCK, Block, BlockError, PAGE};
pub use family::Family;
pub use reader::{Page, ReadError, read};
pub use writer::{Blocks, WriteError, write};
