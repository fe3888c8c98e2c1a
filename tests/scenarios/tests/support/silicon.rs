//! A board with a chip secret, an anchor in one-time-programmable memory, and a button.

use keyfob_anchor::sim::{MemoryOtp, NoPower};
use keyfob_anchor::{Otp, UnaryCounter};
use keyfob_crypto::{RustCrypto, Secret};
use keyfob_emulator::EmulatedEntropy;
use keyfob_signed::{Board, Levels};
use keyfob_token::{Anchor, AnchorFailed, Button, Condition, Platform, Reset};
use keyfob_wire::Firmware;

use super::Sim;

/// Rows of the anchor: 372 steps.
pub(crate) const ROWS: usize = 48;

/// What the chip keeps, besides the flash.
#[derive(Clone)]
pub(crate) struct Silicon {
    pub(crate) secret: [u8; 32],
    pub(crate) otp: MemoryOtp<ROWS>,
    pub(crate) button: Button,
    /// The mistake to count before the state is committed.
    pub(crate) counts_first: bool,
    pub(crate) light: bool,
}

impl Silicon {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret, otp: MemoryOtp::new(), button: Button::Pressed, counts_first: false, light: false }
    }
}

/// The memory of a chip that a board has.
struct Cells(Sim);

impl Cells {
    fn operate<R>(&self, operate: impl FnOnce(&mut MemoryOtp<ROWS>) -> Result<R, NoPower>) -> Result<R, NoPower> {
        let mut chip = self.0.chip();
        if !chip.memory.powered() {
            return Err(NoPower);
        }
        operate(&mut chip.silicon.as_mut().ok_or(NoPower)?.otp)
    }
}

impl Otp for Cells {
    type Error = NoPower;

    const ROWS: usize = ROWS;
    const BITS: u32 = 24;

    fn read(&mut self, row: usize) -> Result<u32, NoPower> {
        self.operate(|otp| otp.read(row))
    }

    fn set(&mut self, row: usize, bits: u32) -> Result<(), NoPower> {
        self.operate(|otp| otp.set(row, bits))
    }
}

/// The anchor; none if the power went before it was read.
struct Steps {
    counter: Option<UnaryCounter<Cells>>,
    counts_first: bool,
}

impl Steps {
    fn counter(&mut self) -> Result<&mut UnaryCounter<Cells>, AnchorFailed> {
        self.counter.as_mut().ok_or(AnchorFailed)
    }
}

impl Anchor for Steps {
    fn value(&mut self) -> Result<u32, AnchorFailed> {
        self.counter().map(|counter| counter.value())
    }

    fn advance(&mut self) -> Result<(), AnchorFailed> {
        if self.counts_first { Ok(()) } else { self.counter()?.advance().map_err(|_| AnchorFailed) }
    }

    /// Asked for before anything is committed.
    fn left(&mut self) -> u32 {
        let first = self.counts_first;
        self.counter().map_or(0, |counter| {
            let left = counter.left();
            if first {
                let _power = counter.advance();
            }
            left
        })
    }
}

/// The board.
pub(crate) struct AnchoredPlatform {
    entropy: EmulatedEntropy,
    secret: Secret<32>,
    steps: Steps,
    flash: Sim,
}

impl AnchoredPlatform {
    pub(crate) fn new(flash: &Sim) -> Self {
        let (secret, counts_first) = flash.silicon(|silicon| (silicon.secret, silicon.counts_first));
        let steps = Steps { counter: UnaryCounter::open(Cells(flash.clone())).ok(), counts_first };
        Self { entropy: EmulatedEntropy::system(), secret: Secret::new(secret), steps, flash: flash.clone() }
    }
}

impl Platform for AnchoredPlatform {
    type Crypto = RustCrypto;
    type Flash = Sim;
    type Entropy = EmulatedEntropy;

    const BOARD: Board = Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);
    const CHIP_SECRET: Option<fn(&Self) -> &Secret<32>> = Some(|board| &board.secret);
    const ANCHOR: Option<fn(&mut Self) -> &mut dyn Anchor> = Some(|board| &mut board.steps);

    fn entropy(&mut self) -> &mut EmulatedEntropy {
        &mut self.entropy
    }

    fn identify(&mut self, on: bool) {
        self.flash.silicon(|silicon| silicon.light = on);
    }

    fn condition(&self) -> Condition {
        Condition { stack_unused: Some(1_234), reset: Some(Reset::Power), failed_entropy_tests: Some(0) }
    }

    fn button(&mut self) -> Button {
        self.flash.silicon(|silicon| silicon.button)
    }
}
