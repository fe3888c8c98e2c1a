//! Where CBOR is written.

use minicbor::encode;

use crate::{NoSpace, cursor::copy};

/// The front of a buffer, or nowhere, to learn a length.
///
/// Everything is written through this one type: a small image holds the encoder once.
#[derive(Debug)]
pub struct Sink<'b> {
    room: Option<&'b mut [u8]>,
    length: usize,
}

impl<'b> Sink<'b> {
    /// Writes to the front of `room`.
    #[must_use]
    pub fn new(room: &'b mut [u8]) -> Self {
        Self { room: Some(room), length: 0 }
    }

    /// Counts bytes and writes none.
    #[must_use]
    pub fn counting() -> Self {
        Self { room: None, length: 0 }
    }

    /// How many bytes were written.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }
}

impl encode::Write for Sink<'_> {
    type Error = NoSpace;

    #[inline(never)]
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), NoSpace> {
        if let Some(room) = &mut self.room {
            let room = room.get_mut(self.length..).and_then(|rest| rest.get_mut(..bytes.len())).ok_or(NoSpace)?;
            copy(room, bytes);
        }
        self.length = self.length.checked_add(bytes.len()).ok_or(NoSpace)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minicbor::encode::Write;

    #[test]
    fn what_fits_is_written_and_counted_alike() {
        for size in 0..8 {
            let mut room = [0; 8];
            let mut sink = Sink::new(room.get_mut(..size).unwrap());
            let mut counted = Sink::counting();
            for bytes in [&[1, 2][..], &[], &[3], &[4, 5, 6]] {
                let before = sink.length();
                counted.write_all(bytes).unwrap();
                let fits = before + bytes.len() <= size;
                assert_eq!(sink.write_all(bytes), if fits { Ok(()) } else { Err(NoSpace) });
                assert_eq!(sink.length(), if fits { before + bytes.len() } else { before });
            }
            assert_eq!(counted.length(), 6);
            assert!(size < 6 || room == [1, 2, 3, 4, 5, 6, 0, 0]);
        }
    }
}
