//! How deep the stack was used: it is painted, and what has lost its paint was used.

use core::ptr;

use cortex_m::register::msp;

/// A painted stretch of the stack below a function that doesn't return.
pub(crate) struct Paint {
    lowest: u32,
    highest: u32,
}

impl Paint {
    /// Paints what lies below the caller.
    #[inline(never)]
    pub(crate) fn fresh() -> Self {
        let highest = (msp::read() - MARGIN) & !3;
        let paint = Self { lowest: highest - DEEPEST, highest };
        for address in paint.words() {
            // SAFETY: the stretch lies below the stack pointer, where nothing is kept as no interrupt is enabled, and
            // above what is linked: the board has 4 MiB, of which the statics take less than one.
            unsafe { ptr::write_volatile(address as *mut u32, COLOUR) };
        }
        paint
    }

    /// The bytes below the caller that were used since; its own frames and calls are within the margin.
    #[inline(never)]
    pub(crate) fn depth(&self) -> u32 {
        // SAFETY: as in `fresh`.
        let is_painted = |address: &u32| unsafe { ptr::read_volatile(*address as *const u32) } == COLOUR;
        let unused = self.words().take_while(is_painted).count() as u32 * 4;
        match DEEPEST - unused {
            0 => 0,
            used => used + MARGIN,
        }
    }

    fn words(&self) -> impl Iterator<Item = u32> + use<> {
        (self.lowest..self.highest).step_by(4)
    }
}

/// More than anything takes.
const DEEPEST: u32 = 96 * 1024;
/// What painting itself takes of the stack.
const MARGIN: u32 = 128;
const COLOUR: u32 = 0x9e37_79b9;
