//! What the token is told of the machine.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering};

use keyfob_crypto::Crypto;
use keyfob_signed::{Board as Kind, Levels};
use keyfob_token::{Platform, Token};
use keyfob_wire::Firmware;

use crate::counted::Counted;
use crate::entropy::Seeded;
use crate::flash::Flash;
use crate::map::MAP;

/// The board with one implementation of cryptography.
pub struct Board<C> {
    entropy: Seeded,
    crypto: PhantomData<C>,
}

impl<C> Board<C> {
    const fn new() -> Self {
        Self { entropy: Seeded::new(), crypto: PhantomData }
    }
}

/// A token on this board, without power.
#[must_use]
pub const fn token<C: Crypto>() -> Token<Board<C>> {
    Token::new(Board::new(), Flash::new())
}

impl<C: Crypto> Platform for Board<C> {
    type Crypto = Counted<C>;
    type Flash = Flash;
    type Entropy = Seeded;

    const BOARD: Kind = MAP.board;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut Seeded {
        &mut self.entropy
    }

    fn identify(&mut self, on: bool) {
        LIGHT.store(on, Ordering::Relaxed);
    }
}

/// Whether the token shows itself.
pub(crate) fn light() -> bool {
    LIGHT.load(Ordering::Relaxed)
}

static LIGHT: AtomicBool = AtomicBool::new(false);
