//! A board for people.

use std::fmt::Write as _;

use crate::board::{Active, Board, Keys, Pin, State};

impl Board {
    /// Writes a Markdown table of what the board is.
    #[must_use]
    pub fn table(&self) -> String {
        let flash = self.flash;
        let end = |start: u32, size: u32| start + (size - 1);
        let region = |start: u32, size: u32| {
            let start = flash.base + start;
            format!("{start:#010x} to {:#010x}, {} KiB", end(start, size), size / 1024)
        };
        let keys = match self.levels.keys {
            Keys::Clear => "in the clear",
            Keys::Sealed => "sealed under a secret of the chip",
        };
        let state = match self.levels.state {
            State::Restorable => "can be put back",
            State::Anchored => "anchored: can be put back by a few spends at most",
            State::Strong => "strong: can't be put back without opening the chip",
        };
        let ram = self.ram;
        let rows = [
            ("chip", format!("{:?}", self.chip).replace("Nrf", "nRF")),
            ("target", format!("`{}`", self.target)),
            ("number on the wire", self.number.to_string()),
            ("USB", format!("{:04x}:{:04x}", self.usb.vendor, self.usb.product)),
            ("image", region(flash.image.start, flash.image.size)),
            ("state of the token", region(flash.state.start, flash.state.size)),
            ("erased at once; unit of the store", format!("{}; {} bytes", flash.sector, flash.unit)),
            ("RAM", format!("{:#010x} to {:#010x}, {} KiB", ram.base, end(ram.base, ram.size), ram.size / 1024)),
            ("of it the stack, at the lower end", format!("{} KiB", ram.stack / 1024)),
            ("light", pin(&self.light)),
            ("button", self.button.as_ref().map_or_else(|| "none".to_owned(), pin)),
            ("keys at rest", keys.to_owned()),
            ("stored state", state.to_owned()),
        ];
        let mut table = String::from("| | |\n|---|---|\n");
        for (name, value) in rows {
            let _always = writeln!(table, "| {name} | {value} |");
        }
        table
    }
}

fn pin(pin: &Pin) -> String {
    let level = match pin.active {
        Active::High => "high",
        Active::Low => "low",
    };
    format!("{}, active {level}", pin.pin)
}
