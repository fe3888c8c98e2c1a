//! Fixed big-endian layouts, read and written without an index. Spec §1.

/// Takes fields off the front of a slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes the next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*field)
    }

    /// Takes one byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_be_bytes)
    }

    /// Takes two bytes as a number.
    pub fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    /// Takes four bytes as a number.
    pub fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    /// Takes eight bytes as a number.
    pub fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// Takes the next `length` bytes as a slice.
    pub fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(field)
    }

    /// Takes all that is left, maybe nothing.
    #[must_use]
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Succeeds if nothing is left.
    #[must_use]
    pub fn end(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// Copies to the front of `to` as many bytes as both have.
// `copy_from_slice` panics if the lengths differ, and leaves that in an image even where they can't.
#[inline]
pub fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Joins fields in order; what they don't fill stays zero, what doesn't fit is left out.
// Fields of known lengths become single moves where it is inlined; every report and check passes here.
#[inline(always)]
#[must_use]
pub fn join<const N: usize>(fields: &[&[u8]]) -> [u8; N] {
    let mut joined = [0; N];
    let mut rest = joined.as_mut_slice();
    for field in fields {
        let length = field.len().min(rest.len());
        let Some((place, after)) = rest.split_at_mut_checked(length) else { break };
        copy(place, field);
        rest = after;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_off_the_front() {
        let mut reader = Reader::new(&[1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 5, 6, 7, 8]);
        assert_eq!(reader.u8(), Some(1));
        assert_eq!(reader.u16(), Some(2));
        assert_eq!(reader.u32(), Some(3));
        assert_eq!(reader.u64(), Some(4));
        assert_eq!(reader.slice(2), Some(&[5, 6][..]));
        assert_eq!(reader.slice(3), None);
        assert_eq!(reader.take(), None::<[u8; 3]>);
        assert_eq!(reader.clone().end(), None);
        assert_eq!(reader.clone().rest(), [7, 8]);
        assert_eq!(reader.take(), Some([7, 8]));
        assert_eq!(reader.end(), Some(()));
    }

    #[test]
    fn joined_fields_are_padded_or_cut() {
        assert_eq!(join(&[&[1], &[], &[2, 3]]), [1, 2, 3]);
        assert_eq!(join(&[&[1], &[2]]), [1, 2, 0, 0]);
        assert_eq!(join(&[&[1], &[2, 3]]), [1, 2]);
    }
}
