//! CBOR (RFC 8949) as it is read here: definite lengths, no floating point.

use crate::Malformed;

/// Takes items off the front of CBOR.
///
/// Numbers and lengths may be longer than need be, as in request bodies; signed bytes are checked for the one
/// deterministic form before they are read.
// Everything is read in this one place and fails without saying more: a reader that says what was wrong where takes
// several times the code, and nobody is told.
#[derive(Clone, Debug)]
pub struct Decoder<'b> {
    input: &'b [u8],
    position: usize,
}

/// An item's major type and argument.
struct Head {
    major: u8,
    argument: u64,
}

impl<'b> Decoder<'b> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(input: &'b [u8]) -> Self {
        Self { input, position: 0 }
    }

    /// All bytes, those before the position included.
    #[must_use]
    pub const fn input(&self) -> &'b [u8] {
        self.input
    }

    /// Where the next item begins.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    /// If the next item is none.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.argument(UNSIGNED)
    }

    /// Reads an unsigned integer of at most 32 bits.
    ///
    /// # Errors
    /// If the next item is none.
    #[inline(never)]
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.u64()?).map_err(|_| Malformed)
    }

    /// Reads an unsigned integer of at most 16 bits.
    ///
    /// # Errors
    /// If the next item is none.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        u16::try_from(self.u32()?).map_err(|_| Malformed)
    }

    /// Reads an unsigned integer of at most 8 bits.
    ///
    /// # Errors
    /// If the next item is none.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        u8::try_from(self.u32()?).map_err(|_| Malformed)
    }

    /// Reads an integer: whether it is negative, and *n* of what is then -1 - *n*.
    ///
    /// # Errors
    /// If the next item is none.
    pub fn integer(&mut self) -> Result<(bool, u64), Malformed> {
        match self.head()? {
            Head { major: UNSIGNED, argument } => Ok((false, argument)),
            Head { major: NEGATIVE, argument } => Ok((true, argument)),
            _ => Err(Malformed),
        }
    }

    /// Reads a byte string.
    ///
    /// # Errors
    /// If the next item is none.
    pub fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        let length = self.argument(BYTES)?;
        self.take(length)
    }

    /// Reads text.
    ///
    /// # Errors
    /// If the next item is none, or isn't UTF-8.
    pub fn str(&mut self) -> Result<&'b str, Malformed> {
        let length = self.argument(TEXT)?;
        core::str::from_utf8(self.take(length)?).map_err(|_| Malformed)
    }

    /// Reads the head of an array and returns how many items follow.
    ///
    /// # Errors
    /// If the next item is none.
    pub fn array(&mut self) -> Result<u64, Malformed> {
        self.argument(ARRAY)
    }

    /// Reads the head of a map and returns how many pairs follow.
    ///
    /// # Errors
    /// If the next item is none.
    pub fn map(&mut self) -> Result<u64, Malformed> {
        self.argument(MAP)
    }

    /// Reads true or false.
    ///
    /// # Errors
    /// If the next item is neither.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        match self.take(1)? {
            [FALSE] => Ok(false),
            [TRUE] => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// Passes over null, if that comes next.
    pub fn skip_null(&mut self) -> bool {
        let is_null = self.input.get(self.position) == Some(&NULL);
        self.position = self.position.saturating_add(usize::from(is_null));
        is_null
    }

    /// Passes over one item, without recursion.
    ///
    /// # Errors
    /// If there is none that is well-formed and of definite lengths.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        let mut items = 1_u64;
        while let Some(others) = items.checked_sub(1) {
            let before = self.clone();
            let Head { major, argument } = self.head()?;
            let inside = match major {
                BYTES => self.take(argument).map(|_| 0)?,
                TEXT => {
                    *self = before;
                    self.str().map(|_| 0)?
                }
                ARRAY => argument,
                MAP => argument.checked_mul(2).ok_or(Malformed)?,
                TAG => 1,
                _ => 0,
            };
            items = others.checked_add(inside).ok_or(Malformed)?;
        }
        Ok(())
    }

    fn argument(&mut self, major: u8) -> Result<u64, Malformed> {
        let head = self.head()?;
        if head.major == major { Ok(head.argument) } else { Err(Malformed) }
    }

    #[inline(never)]
    fn head(&mut self) -> Result<Head, Malformed> {
        let &[first] = self.take(1)? else { return Err(Malformed) };
        let (major, info) = (first >> 5, first & 0x1f);
        let size = match info {
            0..=23 => return Ok(Head { major, argument: u64::from(info) }),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(Malformed),
        };
        let argument = self.take(size)?.iter().fold(0, |argument, &byte| argument << 8 | u64::from(byte));
        Ok(Head { major, argument })
    }

    #[inline(never)]
    fn take(&mut self, length: u64) -> Result<&'b [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let end = self.position.checked_add(length).ok_or(Malformed)?;
        let bytes = self.input.get(self.position..end).ok_or(Malformed)?;
        self.position = end;
        Ok(bytes)
    }
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

#[cfg(test)]
mod tests;
