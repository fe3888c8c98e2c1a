//! What the store asks of a medium.

use embedded_storage::nor_flash::NorFlash;

/// A NOR flash whose writes can be made durable.
///
/// The store needs `WRITE_SIZE` and `READ_SIZE` to be powers of two of at most 16, and programs each word once between
/// erases.
pub trait Flash: NorFlash {
    /// Returns when everything written and erased before is durable.
    ///
    /// Between two barriers the medium may reorder. A chip that programs in order and waits for the end of each
    /// operation needs to do nothing here; a file is synchronised.
    ///
    /// # Errors
    /// Fails if durability isn't certain.
    fn barrier(&mut self) -> Result<(), Self::Error>;
}

impl<F: Flash> Flash for &mut F {
    fn barrier(&mut self) -> Result<(), Self::Error> {
        F::barrier(self)
    }
}
