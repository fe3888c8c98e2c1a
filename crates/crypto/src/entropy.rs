//! Where random bytes come from.

/// A source of cryptographically secure random bytes.
///
/// # Security
/// Infallible on purpose: nobody above could do anything sensible without randomness, so a platform
/// whose source fails must stop before it returns from [`fill`](Entropy::fill). Key generation and
/// hedged signatures rely on every byte being unpredictable.
pub trait Entropy {
    /// Fills `out` with fresh random bytes.
    fn fill(&mut self, out: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for &mut E {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}
