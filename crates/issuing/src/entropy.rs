//! The operating system's randomness.

use keyfob_crypto::Entropy;

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// If the system has no randomness to give: nothing may be made without it.
    #[expect(clippy::expect_used, reason = "the trait demands to stop rather than to go on without randomness")]
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system gives random bytes");
    }
}
