//! The board as the token sees it.

use keyfob_crypto::RustCrypto;
use keyfob_firmware::{About, Randomness, VERSION};
use keyfob_signed::{Board, Levels};
use keyfob_token::{Condition, Platform};
use keyfob_wire::Firmware;

use crate::LAMP;
use crate::noise::Oscillator;

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// What the board is on USB.
pub(crate) const ABOUT: About = About { ids: USB_IDS, firmware: VERSION };

/// The token's part of the flash.
pub(crate) type StateFlash = keyfob_rp::StateFlash<FLASH_SIZE, STATE_START, STATE_SIZE>;

/// The board, of which there is one.
pub(crate) struct Pico {
    randomness: Randomness<Oscillator>,
}

impl Pico {
    pub(crate) const fn new() -> Self {
        Self { randomness: Randomness::new() }
    }
}

impl Platform for Pico {
    type Crypto = RustCrypto;
    type Flash = StateFlash;
    type Entropy = Randomness<Oscillator>;

    const BOARD: Board = Board::PICO;
    const LEVELS: Levels = Levels::OPEN;
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
const _: () = assert!(NUMBER == Pico::BOARD.0 && LEVELS == Pico::LEVELS.number());
