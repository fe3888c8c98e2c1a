//! What a computation leaves on the stack.

use zeroize::Zeroize;

/// How much the assembly and what is around it take, rounded up: without the overwriting an agreement takes 2,000 bytes
/// and everything else less (`cargo xtask cortex --only costs`).
const WORDS: usize = 720;

/// Computes in frames of its own and overwrites them: digits of scalars and nonces lie there.
pub(crate) fn apart<T>(compute: impl FnOnce() -> T) -> T {
    let done = in_its_frame(compute);
    overwrite();
    done
}

#[inline(never)]
fn in_its_frame<T>(compute: impl FnOnce() -> T) -> T {
    compute()
}

#[inline(never)]
fn overwrite() {
    let mut below = [0_u32; WORDS];
    below.zeroize();
}
