//! How much of a stack was ever used: it is painted at the start, and what is still painted was never touched.
//!
//! The linker's script says where the stack lies, by `_stack_start` (its upper end) and `_stack_end`.
#![no_std]

use core::ptr;

/// What unused words hold.
const PAINT: u32 = 0x5afe_57ac;
/// What the painting itself uses, and an interrupt that comes meanwhile.
const MARGIN: usize = 256;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Paints what lies below the caller's frame.
#[inline(never)]
pub fn paint() {
    let here = 0_u32;
    let end = ptr::from_ref(&here).addr().saturating_sub(MARGIN);
    let mut word = lower_end();
    while word.addr() < end {
        // SAFETY: the word lies in the stack's memory, and `MARGIN` below this frame, so that nothing that lives is
        // there; it is aligned as the linker's script aligns the stack's end.
        unsafe { word.write_volatile(PAINT) };
        word = word.wrapping_add(1);
    }
}

/// How many bytes of the stack were never used since it was painted.
#[must_use]
pub fn unused() -> usize {
    let begin = lower_end();
    let mut word = begin;
    // SAFETY: the stack's memory is readable from its lower end up to here, and a word that isn't painted comes before
    // that, since this frame's own aren't.
    while word.addr() < upper_end() && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    word.addr() - begin.addr()
}

/// The stack's size in bytes.
#[must_use]
pub fn size() -> usize {
    upper_end().saturating_sub(lower_end().addr())
}

fn lower_end() -> *mut u32 {
    (&raw const _stack_end).cast_mut()
}

fn upper_end() -> usize {
    (&raw const _stack_start).addr()
}
