//! The board as the token sees it.

use embassy_rp::clocks::RoscRng;
use keyfob_crypto::{Entropy, RustCrypto};
use keyfob_signed::{Board, Levels};
use keyfob_token::Platform;
use keyfob_wire::Firmware;

use crate::LAMP;
use crate::flash::StateFlash;

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// The board, of which there is one.
pub(crate) struct Pico {
    entropy: Oscillator,
}

impl Pico {
    pub(crate) const fn new() -> Self {
        Self { entropy: Oscillator }
    }
}

impl Platform for Pico {
    type Crypto = RustCrypto;
    type Flash = StateFlash;
    type Entropy = Oscillator;

    const BOARD: Board = Board::PICO;
    const LEVELS: Levels = Levels::OPEN;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut Oscillator {
        &mut self.entropy
    }

    fn identify(&mut self, on: bool) {
        LAMP.identify(on);
    }
}

// What the board's file says is what the wire says.
const _: () = assert!(NUMBER == Pico::BOARD.0 && LEVELS == Pico::LEVELS.number());

/// The ring oscillator.
pub(crate) struct Oscillator;

impl Entropy for Oscillator {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill_with(RoscRng::next_u8);
    }
}
