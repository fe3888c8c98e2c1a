//! The boards that there are images for.

use std::ops::Range;

use keyfob_signed::Board;
use keyfob_terminal::{Exit, Failure};
use keyfob_uf2::{BLOCK, Block, Family};

use super::{Manifest, damaged};

/// A board that there are images for. A test holds the table to the boards' own files.
pub(in crate::command::firmware) struct Kind {
    pub(in crate::command::firmware) board: Board,
    pub(in crate::command::firmware) chip: &'static str,
    pub(in crate::command::firmware) family: Family,
    /// Where an image may lie; what is behind it is the fob's memory.
    pub(in crate::command::firmware) flash: Range<u32>,
    /// What the bootloader's drive says its board is, in small letters: `Board-ID` has one of these in it.
    pub(in crate::command::firmware) drives: &'static [&'static str],
    /// How the board gets into its bootloader.
    pub(in crate::command::firmware) way_in: &'static str,
    /// What OpenOCD calls the chip.
    pub(in crate::command::firmware) openocd: &'static str,
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        board: Board::PICO,
        chip: "RP2040",
        family: Family::RP2040,
        flash: 0x1000_0000..0x1008_0000,
        drives: &["rpi-rp2"],
        way_in: "hold BOOTSEL while plugging it in",
        openocd: "target/rp2040.cfg",
    },
    Kind {
        board: Board::PICO_2,
        chip: "RP2350",
        family: Family::RP2350_ARM_S,
        flash: 0x1000_0000..0x1008_0000,
        drives: &["rp2350"],
        way_in: "hold BOOTSEL while plugging it in",
        openocd: "target/rp2350.cfg",
    },
    Kind {
        board: Board::NRF52840_DONGLE,
        chip: "nRF52840",
        family: Family::NRF52840,
        flash: 0x1000..0x8_0000,
        drives: &["pca10059"],
        way_in: "press its reset button, twice for a UF2 bootloader; as it is sold it has no drive: --dfu PORT",
        openocd: "target/nrf52.cfg",
    },
];

impl Kind {
    /// What people call it.
    pub(in crate::command::firmware) fn title(&self) -> &'static str {
        self.board.name().unwrap_or(self.chip)
    }

    /// Finds the board of a manifest, whose number and chip have to agree.
    pub(super) fn of_manifest(manifest: &Manifest) -> Result<&'static Self, Failure> {
        let Some(kind) = KINDS.iter().find(|kind| kind.board.0 == manifest.number) else {
            return Err(other_board(format_args!("board {} is none that this program knows", manifest.number)));
        };
        if !kind.chip.eq_ignore_ascii_case(&manifest.chip) {
            let message = format_args!("the manifest says {}, but a {} has {}", manifest.chip, kind.title(), kind.chip);
            return Err(other_board(message));
        }
        Ok(kind)
    }

    /// Finds the board of a UF2 file by its family.
    pub(in crate::command::firmware) fn of_uf2(bytes: &[u8]) -> Result<&'static Self, Failure> {
        let unknown = |message: String| Failure::new("file-unknown", Exit::Failure, message);
        let mut blocks = bytes.as_chunks::<BLOCK>().0.iter().map(Block::parse);
        let first = blocks.next().ok_or_else(|| unknown("no UF2 file: not even one block".into()))?;
        let first = first.map_err(|error| unknown(error.to_string()))?;
        let block = match blocks.next() {
            Some(second) if first.is_absolute() => second.map_err(|error| damaged(format_args!("block 0: {error}")))?,
            _ => first,
        };
        let family = block.family;
        let found = KINDS.iter().find(|kind| kind.family == family);
        found.ok_or_else(|| other_board(format_args!("a UF2 file of family {:#010x}, no board's of Keyfob", family.0)))
    }

    /// Whether a bootloader that says this of itself is such a board's.
    pub(in crate::command::firmware) fn is_of_drive(&self, board_id: &str) -> bool {
        let board_id = board_id.to_ascii_lowercase();
        self.drives.iter().any(|drive| board_id.contains(drive))
    }
}

/// An image, and a board that it isn't for.
pub(in crate::command::firmware) fn other_board(message: impl std::fmt::Display) -> Failure {
    Failure::new("board-mismatch", Exit::Verification, message)
}
