//! The board as the token sees it.

use core::cell::RefCell;

use cortex_m::interrupt::Mutex;
use embassy_nrf::Peri;
use embassy_nrf::gpio::{AnyPin, Input, Pull};
use embassy_nrf::pac::POWER;
use keyfob_cortex_m4::CortexM4;
use keyfob_firmware::{About, Randomness, VERSION};
use keyfob_signed::{Board, Levels};
use keyfob_token::{Button, Condition, Platform, Reset};
use keyfob_wire::Firmware;

use crate::LAMP;
use crate::flash::StateFlash;
use crate::noise::Generator;

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// What the board is on USB.
pub(crate) const ABOUT: About = About { ids: USB_IDS, firmware: VERSION };

static BUTTON: Mutex<RefCell<Option<Input<'static>>>> = Mutex::new(RefCell::new(None));

/// Takes the button's pin, once.
pub(crate) fn watch_button(pin: Peri<'static, AnyPin>) {
    let button = Input::new(pin, if BUTTON_IS_HIGH { Pull::Down } else { Pull::Up });
    cortex_m::interrupt::free(|free| {
        if let Ok(mut place) = BUTTON.borrow(free).try_borrow_mut() {
            *place = Some(button);
        }
    });
}

/// The board, of which there is one.
pub(crate) struct Dongle {
    randomness: Randomness<Generator>,
}

impl Dongle {
    pub(crate) const fn new() -> Self {
        Self { randomness: Randomness::new() }
    }
}

impl Platform for Dongle {
    type Crypto = CortexM4;
    type Flash = StateFlash;
    type Entropy = Randomness<Generator>;

    const BOARD: Board = Board::NRF52840_DONGLE;
    const LEVELS: Levels = Levels::OPEN_STRONG;
    const FIRMWARE: Firmware = VERSION;

    fn entropy(&mut self) -> &mut Self::Entropy {
        &mut self.randomness
    }

    fn identify(&mut self, on: bool) {
        LAMP.identify(on);
    }

    fn button(&mut self) -> Button {
        let is_high = cortex_m::interrupt::free(|free| {
            let button = BUTTON.borrow(free).try_borrow().ok()?;
            button.as_ref().map(Input::is_high)
        });
        if is_high == Some(BUTTON_IS_HIGH) { Button::Pressed } else { Button::Released }
    }

    fn condition(&self) -> Condition {
        Condition {
            stack_unused: u32::try_from(keyfob_stack::unused()).ok(),
            reset: Some(reset()),
            failed_entropy_tests: self.randomness.failed_tests(),
        }
    }
}

/// Why the board started (nRF52840 product specification §5.3.7.11): the first that applies.
fn reset() -> Reset {
    let reason = POWER.resetreas().read();
    if reason.0 == 0 {
        Reset::Power
    } else if reason.resetpin() {
        Reset::Pin
    } else if reason.dog() {
        Reset::Watchdog
    } else if reason.sreq() {
        Reset::Software
    } else {
        Reset::Other
    }
}

// What the board's file says is what the wire says.
const _: () = assert!(NUMBER == Dongle::BOARD.0 && LEVELS == Dongle::LEVELS.number());
