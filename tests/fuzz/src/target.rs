//! What a target is.

/// Something that takes any bytes and panics if an invariant is broken.
pub struct Target {
    /// Its name for people.
    pub name: &'static str,
    /// Tries one input.
    pub run: fn(&[u8]),
    /// Makes the first inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}
