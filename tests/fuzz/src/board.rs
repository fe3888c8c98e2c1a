//! A board without chance: flash in memory and numbers that are always the same.

use std::cell::RefCell;
use std::rc::Rc;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use keyfob_crypto::Entropy;
use keyfob_signed::{Board, Levels};
use keyfob_store::Flash;
use keyfob_token::Platform;
use keyfob_wire::Firmware;

use crate::toy::Toy;

/// A token's board.
pub(crate) struct ToyBoard(pub(crate) Numbers);

impl Platform for ToyBoard {
    type Crypto = Toy;
    type Flash = Memory;
    type Entropy = Numbers;

    const BOARD: Board = Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut Numbers {
        &mut self.0
    }

    fn identify(&mut self, _: bool) {}
}

/// Numbers that follow from a seed (SplitMix64).
#[derive(Clone)]
pub(crate) struct Numbers(pub(crate) u64);

impl Entropy for Numbers {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            let mixed = (mixed ^ mixed >> 31).to_be_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}

/// A flash in memory, which stays when a token loses power. Clones are the same flash.
#[derive(Clone)]
pub(crate) struct Memory(Rc<RefCell<Vec<u8>>>);

impl Memory {
    /// A flash that holds this.
    pub(crate) fn new(content: Vec<u8>) -> Self {
        Self(Rc::new(RefCell::new(content)))
    }

    /// An erased flash, as large as tokens here have.
    pub(crate) fn erased() -> Self {
        Self::new(vec![0xff; 8 * Self::ERASE_SIZE])
    }

    /// What it holds.
    pub(crate) fn content(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

/// An access beyond the end, or not of whole words.
#[derive(Debug)]
pub(crate) struct OutOfBounds;

impl NorFlashError for OutOfBounds {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for Memory {
    type Error = OutOfBounds;
}

impl ReadNorFlash for Memory {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfBounds> {
        let content = self.0.borrow();
        let range = offset as usize..offset as usize + bytes.len();
        bytes.copy_from_slice(content.get(range).ok_or(OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.borrow().len()
    }
}

impl NorFlash for Memory {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 2048;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), OutOfBounds> {
        assert!((from as usize).is_multiple_of(Self::ERASE_SIZE) && (to as usize).is_multiple_of(Self::ERASE_SIZE));
        self.0.borrow_mut().get_mut(from as usize..to as usize).ok_or(OutOfBounds)?.fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfBounds> {
        assert!((offset as usize).is_multiple_of(Self::WRITE_SIZE) && bytes.len().is_multiple_of(Self::WRITE_SIZE));
        let mut content = self.0.borrow_mut();
        let place = content.get_mut(offset as usize..offset as usize + bytes.len()).ok_or(OutOfBounds)?;
        assert!(place.iter().all(|&byte| byte == 0xff), "a word is programmed once between erases");
        place.copy_from_slice(bytes);
        Ok(())
    }
}

impl Flash for Memory {
    fn barrier(&mut self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}
