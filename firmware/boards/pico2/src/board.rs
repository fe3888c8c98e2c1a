//! The board as the token sees it.

use core::cell::Cell;

use critical_section::Mutex;
use keyfob_cortex_m4::CortexM4;
use keyfob_crypto::Secret;
use keyfob_firmware::{About, Randomness, VERSION};
use keyfob_signed::{Board, Levels};
use keyfob_token::{Anchor, Condition, Platform};
use keyfob_wire::Firmware;
use static_cell::StaticCell;

use crate::LAMP;
use crate::noise::Trng;
use crate::otp::{Counter, NoSecret};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// What the board is on USB.
pub(crate) const ABOUT: About = About { ids: USB_IDS, firmware: VERSION };

/// The token's part of the flash.
pub(crate) type StateFlash = keyfob_rp::StateFlash<FLASH_SIZE, STATE_START, STATE_SIZE>;

static PLACE: StaticCell<Secret<32>> = StaticCell::new();
static SECRET: Mutex<Cell<Option<&'static Secret<32>>>> = Mutex::new(Cell::new(None));

/// Reads the chip's secret, once, before the token starts.
pub(crate) fn open_secret() -> Result<(), NoSecret> {
    let secret = crate::otp::secret(&mut Randomness::<Trng>::new())?;
    let secret: &'static Secret<32> = PLACE.try_init(secret).ok_or(NoSecret)?;
    critical_section::with(|section| SECRET.borrow(section).set(Some(secret)));
    Ok(())
}

/// The chip's secret. A token without one doesn't start; here it would stop, until the watchdog resets the board.
fn secret() -> &'static Secret<32> {
    loop {
        if let Some(secret) = critical_section::with(|section| SECRET.borrow(section).get()) {
            return secret;
        }
    }
}

/// The board, of which there is one.
pub(crate) struct Pico2 {
    randomness: Randomness<Trng>,
    counter: Counter,
}

impl Pico2 {
    pub(crate) const fn new() -> Self {
        Self { randomness: Randomness::new(), counter: Counter::new() }
    }
}

impl Platform for Pico2 {
    type Crypto = CortexM4;
    type Flash = StateFlash;
    type Entropy = Randomness<Trng>;

    const BOARD: Board = Board::PICO_2;
    const LEVELS: Levels = Levels::SEALED_ANCHORED;
    const FIRMWARE: Firmware = VERSION;
    const CHIP_SECRET: Option<fn(&Self) -> &Secret<32>> = Some(|_| secret());
    const ANCHOR: Option<fn(&mut Self) -> &mut dyn Anchor> = Some(|board| &mut board.counter);

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
