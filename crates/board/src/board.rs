//! A board's file, and what makes it a possible one.

use serde::Deserialize;
use thiserror::Error;

/// A board, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The name of its folder.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its number on the wire (specification §4).
    pub number: u8,
    /// Its chip.
    pub chip: Chip,
    /// The compiler's target.
    pub target: String,
    /// What probe-rs calls the chip.
    pub probe: String,
    /// By what a host knows it.
    pub usb: Usb,
    /// Flash, in bytes.
    pub flash: Flash,
    /// RAM, in bytes.
    pub ram: Ram,
    /// The pin of the light.
    pub light: Pin,
    /// The pin of the button, if there is one.
    pub button: Option<Pin>,
    /// How it keeps keys and state.
    pub levels: Levels,
}

/// A chip that there is code for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Chip {
    /// Raspberry Pi RP2040: two Cortex-M0+.
    RP2040,
    /// Raspberry Pi RP2350: two Cortex-M33, of which one is used.
    RP2350,
    /// Nordic nRF52840: a Cortex-M4F.
    #[serde(rename = "nRF52840")]
    Nrf52840,
}

/// By what a host knows a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usb {
    /// `idVendor`.
    pub vendor: u16,
    /// `idProduct`.
    pub product: u16,
}

/// Where flash lies, and what lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    /// The address of its first byte.
    pub base: u32,
    /// Its size.
    pub size: u32,
    /// What is erased at once.
    pub sector: u32,
    /// What is written at once by the store: its unit.
    pub unit: u32,
    /// Where the image lies, from the flash's first byte.
    pub image: Region,
    /// Where the token's state lies, from the flash's first byte.
    pub state: Region,
}

/// A stretch of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Where it begins.
    pub start: u32,
    /// How long it is.
    pub size: u32,
}

/// Where RAM lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ram {
    /// The address of its first byte.
    pub base: u32,
    /// Its size.
    pub size: u32,
    /// The stack's share, at the lower end: one that grows too far runs out of memory, and faults, before it reaches a
    /// variable.
    pub stack: u32,
}

/// A pin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// What the chip's crate calls it.
    pub pin: String,
    /// The level at which the light shines, or which a pressed button brings.
    pub active: Active,
}

/// A pin's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Active {
    /// High.
    High,
    /// Low.
    Low,
}

/// How a board keeps keys and state (specification §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// How keys are kept.
    pub keys: Keys,
    /// Whether stored state can be put back.
    pub state: State,
}

/// How keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// In the clear.
    Clear,
    /// Sealed under a secret of the chip.
    Sealed,
}

/// Whether stored state can be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It can.
    Restorable,
    /// Bounded by a counter that only rises.
    Anchored,
    /// Not without opening the chip.
    Strong,
}

/// A board's file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BoardError {
    /// It isn't TOML of this form.
    #[error("{0}")]
    Form(String),
    /// A number doesn't go together with the others.
    #[error("{field} {problem}")]
    Value {
        /// Which.
        field: &'static str,
        /// Why not.
        problem: &'static str,
    },
}

impl Board {
    /// Reads a board's file.
    ///
    /// # Errors
    /// [`BoardError`] if it has another form, or its numbers don't go together.
    pub fn parse(text: &str) -> Result<Self, BoardError> {
        let board: Self = toml::from_str(text).map_err(|error| BoardError::Form(error.to_string()))?;
        board.check()?;
        Ok(board)
    }

    fn check(&self) -> Result<(), BoardError> {
        let Flash { base, size, sector, unit, image, state } = self.flash;
        require(sector.is_power_of_two() && sector >= 64, "flash.sector", "isn't a power of two from 64 up")?;
        require(unit.is_power_of_two() && unit <= 16, "flash.unit", "isn't 1, 2, 4, 8 or 16")?;
        require(base.checked_add(size).is_some(), "flash.size", "reaches beyond the address space")?;
        for (field, region) in [("flash.image", image), ("flash.state", state)] {
            let fits = region.start.checked_add(region.size).is_some_and(|end| end <= size);
            require(fits && region.size > 0, field, "doesn't lie in the flash")?;
        }
        require(state.start.is_multiple_of(sector), "flash.state", "doesn't begin with a sector")?;
        require(state.size.is_multiple_of(2 * sector), "flash.state", "isn't two banks of whole sectors")?;
        let apart = image.start + image.size <= state.start || state.start + state.size <= image.start;
        require(apart, "flash.state", "lies in the image")?;
        let Ram { base, size, stack } = self.ram;
        require(base.checked_add(size).is_some(), "ram.size", "reaches beyond the address space")?;
        require(stack < size, "ram.stack", "leaves no RAM")?;
        require(stack.is_multiple_of(8) && base.is_multiple_of(8), "ram.stack", "isn't a multiple of 8")?;
        let is_boot2_apart = self.chip != Chip::RP2040 || image.start == 0;
        require(is_boot2_apart, "flash.image", "doesn't begin with the second boot stage, which an RP2040 starts")?;
        for pin in [Some(&self.light), self.button.as_ref()].into_iter().flatten() {
            let is_name = pin.pin.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            require(is_name && !pin.pin.is_empty(), "pin", "isn't a name")?;
        }
        Ok(())
    }

    /// How keys and state are kept, as one number (specification §7).
    #[must_use]
    pub fn level_bits(&self) -> u8 {
        let keys = match self.levels.keys {
            Keys::Clear => 0,
            Keys::Sealed => 1,
        };
        let state = match self.levels.state {
            State::Restorable => 0,
            State::Anchored => 1,
            State::Strong => 2,
        };
        keys << 1 | state << 3
    }
}

fn require(holds: bool, field: &'static str, problem: &'static str) -> Result<(), BoardError> {
    if holds { Ok(()) } else { Err(BoardError::Value { field, problem }) }
}
