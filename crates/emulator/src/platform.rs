//! The emulator as a board.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyfob_crypto::RustCrypto;
use keyfob_signed::{Board, Levels};
use keyfob_token::Platform;
use keyfob_wire::Firmware;

use crate::entropy::EmulatedEntropy;
use crate::flash::SharedFlash;

/// What an emulated token shows to the person in front; copies show the same.
#[derive(Debug, Clone, Default)]
pub struct Light(Arc<AtomicBool>);

impl Light {
    /// Says whether the token shows itself now, as `identify` asks it to.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn switch(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}

/// The board that an emulated token runs on.
pub struct EmulatedPlatform {
    entropy: EmulatedEntropy,
    light: Light,
}

impl EmulatedPlatform {
    /// Makes a board that shows itself by `light`.
    #[must_use]
    pub const fn new(entropy: EmulatedEntropy, light: Light) -> Self {
        Self { entropy, light }
    }
}

impl Platform for EmulatedPlatform {
    type Crypto = RustCrypto;
    type Flash = SharedFlash;
    type Entropy = EmulatedEntropy;

    const BOARD: Board = Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([
        number(env!("CARGO_PKG_VERSION_MAJOR")),
        number(env!("CARGO_PKG_VERSION_MINOR")),
        number(env!("CARGO_PKG_VERSION_PATCH")),
    ]);

    fn entropy(&mut self) -> &mut EmulatedEntropy {
        &mut self.entropy
    }

    fn identify(&mut self, on: bool) {
        self.light.switch(on);
    }
}

/// Reads a part of the version. A part that doesn't fit a byte fails the build.
const fn number(text: &str) -> u8 {
    match u8::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("a part of the version doesn't fit a byte"),
    }
}
