//! What a token needs of the machine that it runs on.

use keyfob_crypto::{Crypto, Entropy};
use keyfob_signed::{Board, Levels};
use keyfob_store::Flash;
use keyfob_wire::Firmware;

/// A board, real or emulated. The token asks it for nothing else: no clock, no waiting.
pub trait Platform {
    /// The implementation of cryptography.
    type Crypto: Crypto;
    /// The memory that outlives power.
    type Flash: Flash;
    /// The source of randomness.
    type Entropy: Entropy;

    /// The kind of board.
    const BOARD: Board;
    /// How the board keeps keys and state.
    const LEVELS: Levels;
    /// The firmware's version.
    const FIRMWARE: Firmware;

    /// The source of randomness.
    fn entropy(&mut self) -> &mut Self::Entropy;

    /// Shows the person in front which token this is, or stops showing it.
    fn identify(&mut self, on: bool);
}
