//! The constants that a board's code is compiled with.

use crate::board::{Active, Board, Pin};

impl Board {
    /// Writes Rust code: constants, and macros for the pins, which are fields of the chip's peripherals.
    #[must_use]
    pub fn code(&self) -> String {
        let state = self.flash.state;
        let mut code = format!(
            "/// The board's number on the wire.\n\
             pub(crate) const NUMBER: u8 = {};\n\
             /// How the board keeps keys and state.\n\
             pub(crate) const LEVELS: u8 = {};\n\
             /// By what a host knows the board.\n\
             pub(crate) const USB_IDS: (u16, u16) = ({:#06x}, {:#06x});\n\
             /// The flash's size.\n\
             #[allow(dead_code, reason = \"not every chip's code asks\")]\n\
             pub(crate) const FLASH_SIZE: usize = {:#x};\n\
             /// Where the token's state lies, from the flash's first byte.\n\
             pub(crate) const STATE_START: u32 = {:#x};\n\
             /// How much room it has.\n\
             pub(crate) const STATE_SIZE: u32 = {:#x};\n",
            self.number,
            self.level_bits(),
            self.usb.vendor,
            self.usb.product,
            self.flash.size,
            state.start,
            state.size,
        );
        code.push_str(&pin("light", "LIGHT", &self.light));
        if let Some(button) = &self.button {
            code.push_str(&pin("button", "BUTTON", button));
        }
        code
    }
}

fn pin(name: &str, constant: &str, pin: &Pin) -> String {
    let is_high = pin.active == Active::High;
    format!(
        "/// Whether the {name} is active at the high level.\n\
         pub(crate) const {constant}_IS_HIGH: bool = {is_high};\n\
         macro_rules! {name}_pin {{ ($peripherals:ident) => {{ $peripherals.{} }} }}\n\
         pub(crate) use {name}_pin;\n",
        pin.pin
    )
}
