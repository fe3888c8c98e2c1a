//! What a token needs of the machine that it runs on.

use keyfob_crypto::{Crypto, Entropy, Secret};
use keyfob_signed::{Board, Levels};
use keyfob_store::Flash;
use keyfob_wire::Firmware;
use thiserror::Error;

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
    /// A secret that only this chip has, and that no copy of its flash tells; what is stored is sealed under it.
    ///
    /// Boards without one carry no code for it.
    ///
    /// # Security
    /// It is the same at each power-up, and has 256 bits of entropy.
    const CHIP_SECRET: Option<fn(&Self) -> &Secret<32>> = None;
    /// The hardware counter that keeps stored state from being put back. It needs a chip secret, or else whoever puts
    /// the state back could write another number beside it.
    const ANCHOR: Option<fn(&mut Self) -> &mut dyn Anchor> = None;

    /// The source of randomness.
    fn entropy(&mut self) -> &mut Self::Entropy;

    /// Shows the person in front which token this is, or stops showing it.
    fn identify(&mut self, on: bool);

    /// How the button is at this moment; nobody waits for it.
    fn button(&mut self) -> Button {
        Button::Absent
    }

    /// What the board knows of how it fares.
    fn condition(&self) -> Condition {
        Condition::default()
    }
}

/// A board's button, as it is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The board has none.
    Absent,
    /// It isn't pressed.
    Released,
    /// Somebody presses it.
    Pressed,
}

/// A counter in hardware that only rises, whatever is done to the flash.
pub trait Anchor {
    /// How often it was advanced.
    ///
    /// # Errors
    /// [`AnchorFailed`] if that can't be told.
    fn value(&mut self) -> Result<u32, AnchorFailed>;

    /// Advances it by one, durably, before it returns.
    ///
    /// A power cut meanwhile leaves the value as it was or one higher.
    ///
    /// # Errors
    /// [`AnchorFailed`] if it isn't certain that it rose.
    fn advance(&mut self) -> Result<(), AnchorFailed>;

    /// How often it can still be advanced.
    fn left(&mut self) -> u32;
}

/// The anchor can't be read or advanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the rollback anchor can't be read or advanced")]
pub struct AnchorFailed;

/// What a board knows of how it fares; what it doesn't know isn't there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Condition {
    /// The bytes of the stack that were never used since power-up.
    pub stack_unused: Option<u32>,
    /// Why the board started last.
    pub reset: Option<Reset>,
    /// The health tests of the noise source that failed since power-up.
    pub failed_entropy_tests: Option<u32>,
}

/// Why a board started (specification §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reset {
    /// It was given power.
    Power = 1,
    /// The reset pin, or a debugger.
    Pin = 2,
    /// The watchdog: the firmware hung.
    Watchdog = 3,
    /// The firmware itself.
    Software = 4,
    /// The voltage was too low.
    Brownout = 5,
    /// Anything else.
    Other = 6,
}
