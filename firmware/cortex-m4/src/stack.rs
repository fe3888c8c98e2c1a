//! What a computation leaves on the stack.

use zeroize::Zeroize;

/// How much the assembly and what is around it take, rounded up; `cargo xtask cortex` paints the stack and compares.
const WORDS: usize = 720;

/// Overwrites what a call from the same function has left: digits of scalars and nonces lie there.
#[inline(never)]
pub(crate) fn overwrite() {
    let mut below = [0_u32; WORDS];
    below.zeroize();
}
