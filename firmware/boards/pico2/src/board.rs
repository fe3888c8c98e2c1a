//! The board as the token sees it.

use keyfob_crypto::RustCrypto;
use keyfob_firmware::{Randomness, VERSION};
use keyfob_signed::{Board, Levels};
use keyfob_token::{Condition, Platform};
use keyfob_wire::Firmware;

use crate::LAMP;
use crate::noise::Trng;

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// The token's part of the flash.
pub(crate) type StateFlash = keyfob_rp::StateFlash<FLASH_SIZE, STATE_START, STATE_SIZE>;

/// The board, of which there is one.
pub(crate) struct Pico2 {
    randomness: Randomness<Trng>,
}

impl Pico2 {
    pub(crate) const fn new() -> Self {
        Self { randomness: Randomness::new() }
    }
}

impl Platform for Pico2 {
    type Crypto = RustCrypto;
    type Flash = StateFlash;
    type Entropy = Randomness<Trng>;

    const BOARD: Board = Board::PICO_2;
    const LEVELS: Levels = Levels::SEALED_ANCHORED;
    const FIRMWARE: Firmware = VERSION;

    fn entropy(&mut self) -> &mut Self::Entropy {
        &mut self.randomness
    }

    fn identify(&mut self, on: bool) {
        LAMP.identify(on);
    }

    fn condition(&self) -> Condition {
        keyfob_rp::condition(self.randomness.failed_tests())
    }
}

// What the board's file says is what the wire says.
const _: () = assert!(NUMBER == Pico2::BOARD.0 && LEVELS == Pico2::LEVELS.number());
