//! What a chip has of one-time-programmable memory.

/// Rows of bits, each of which can be set once and never cleared.
///
/// The rows are the counter's own, beginning with 0, unprogrammed at first, and without error correction.
pub trait Otp {
    /// What can go wrong.
    type Error;

    /// How many rows there are; those beyond a multiple of three aren't used.
    const ROWS: usize;
    /// How many bits a row has, from the lowest: 1 to 32.
    const BITS: u32;

    /// Reads a row.
    ///
    /// # Errors
    /// If the chip doesn't let it be read.
    fn read(&mut self, row: usize) -> Result<u32, Self::Error>;

    /// Sets bits of a row; the others stay. Durable when it returns.
    ///
    /// # Errors
    /// If the chip doesn't do it. That a bit stays zero needn't be one.
    fn set(&mut self, row: usize, bits: u32) -> Result<(), Self::Error>;
}
