//! A board's randomness, which begins when it is first asked for.

use keyfob_crypto::Entropy;
use keyfob_entropy::{Generator, Noise};

/// A board's noise source and how it is begun.
pub trait Source: Noise + Sized {
    /// Begins to take samples.
    fn open() -> Self;

    /// What tells this chip from others of its kind: it needn't be secret.
    fn unique_id(&mut self) -> [u8; 8];
}

/// Random bytes from a source that passes its health tests. A constant, as the token around it is one.
pub struct Randomness<S: Source>(State<S>);

/// An [`Option`] of which none is zeros, so that a token without power takes no flash.
#[repr(u8)]
enum State<S: Source> {
    Closed = 0,
    Open(Generator<S>) = 1,
}

impl<S: Source> Randomness<S> {
    /// A source that isn't open yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(State::Closed)
    }

    /// How many health tests have failed since the board started.
    #[must_use]
    pub fn failed_tests(&self) -> Option<u32> {
        match &self.0 {
            State::Closed => None,
            State::Open(generator) => Some(generator.failed_tests()),
        }
    }
}

impl<S: Source> Default for Randomness<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Source> Entropy for Randomness<S> {
    fn fill(&mut self, out: &mut [u8]) {
        if let State::Closed = self.0 {
            let mut source = S::open();
            let id = source.unique_id();
            self.0 = State::Open(Generator::start(source, &id));
        }
        if let State::Open(generator) = &mut self.0 {
            generator.fill(out);
        }
    }
}
