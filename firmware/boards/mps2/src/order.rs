//! Orders: a letter, a length `u16` and a body; answers: 1 if it was done, a length and a body. Integers are
//! little-endian.

use crate::uart::Uart;

/// Where orders come from.
pub(crate) struct Orders {
    uart: Uart,
    length: usize,
    buffer: [u8; ROOM],
}

/// What is answered.
pub(crate) struct Answer {
    length: usize,
    buffer: [u8; ROOM],
}

/// More than the longest order or answer: all that HKDF can give.
const ROOM: usize = 8192;
/// A letter and a length.
const HEAD: usize = 3;

impl Orders {
    pub(crate) const fn new(uart: Uart) -> Self {
        Self { uart, length: 0, buffer: [0; ROOM] }
    }

    /// The order that came, if a whole one did: it stays until it is done.
    pub(crate) fn next(&mut self) -> Option<(u8, &mut [u8])> {
        while !self.is_whole() {
            let byte = self.uart.take()?;
            // What is too long is a mistake of the tester's, and answered never.
            *self.buffer.get_mut(self.length)? = byte;
            self.length += 1;
        }
        let letter = self.buffer[0];
        Some((letter, &mut self.buffer[HEAD..self.length]))
    }

    /// Answers the order.
    pub(crate) fn done(&mut self, is_done: bool, answer: &Answer) {
        self.length = 0;
        let length = (answer.length as u16).to_le_bytes();
        self.uart.send(&[u8::from(is_done), length[0], length[1]]);
        self.uart.send(&answer.buffer[..answer.length]);
    }

    fn is_whole(&self) -> bool {
        let length = u16::from_le_bytes([self.buffer[1], self.buffer[2]]);
        self.length >= HEAD && self.length == HEAD + usize::from(length)
    }
}

impl Answer {
    pub(crate) const fn new() -> Self {
        Self { length: 0, buffer: [0; ROOM] }
    }

    /// Forgets what was put.
    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    /// Puts bytes behind what is there. The tester asks for nothing that doesn't fit.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.buffer[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}
