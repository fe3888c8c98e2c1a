//! Lists inside payloads: read in place from CBOR, or written from a slice.

use keyfob_wire::{Decoder, Malformed};
use minicbor::{Encoder, encode};

/// What a [`List`] holds.
pub trait Item<'a>: Copy {
    /// Reads an item from bytes that are known to be deterministic CBOR.
    ///
    /// # Errors
    /// If lengths, types or ranges aren't exactly those of the specification.
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed>;

    /// Writes the item in deterministic encoding.
    ///
    /// # Errors
    /// If the writer fails, or the item has no encoding.
    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>>;
}

impl<'a> Item<'a> for &'a [u8] {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        decoder.bytes()
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.bytes(self)?.ok()
    }
}

/// An array of items that costs no memory: it borrows either valid CBOR or a slice.
#[derive(Clone, Copy, Debug)]
pub struct List<'a, T>(Source<'a, T>);

#[derive(Clone, Copy, Debug)]
enum Source<'a, T> {
    /// The items' CBOR without the array's head; only [`List::decode`] makes it, so each item has been decoded once.
    Encoded {
        items: &'a [u8],
        count: usize,
    },
    Slice(&'a [T]),
}

impl<'a, T> List<'a, T> {
    /// A list to be written.
    #[must_use]
    pub const fn new(items: &'a [T]) -> Self {
        Self(Source::Slice(items))
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Encoded { count, .. } => count,
            Source::Slice(items) => items.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T: Item<'a>> List<'a, T> {
    /// Reads an array and every item in it.
    ///
    /// # Errors
    /// If it is none of definite length, or an item isn't as specified.
    pub fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let count = usize::try_from(decoder.array()?).map_err(|_| Malformed)?;
        let start = decoder.position();
        for _ in 0..count {
            T::decode(decoder)?;
        }
        let items = decoder.input().get(start..decoder.position()).unwrap_or_default();
        Ok(Self(Source::Encoded { items, count }))
    }

    /// Writes the array; what was read comes out as it came in.
    ///
    /// # Errors
    /// If the writer fails, or an item has no encoding.
    pub fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(self.len() as u64)?;
        match self.0 {
            Source::Encoded { items, .. } => encoder.writer_mut().write_all(items).map_err(encode::Error::write),
            Source::Slice(items) => items.iter().try_for_each(|item| item.encode(encoder)),
        }
    }

    /// Walks the items.
    #[must_use]
    pub fn iter(&self) -> Iter<'a, T> {
        Iter(self.0)
    }

    /// Whether the items were read, and not given as a slice.
    pub(crate) fn was_read(&self) -> bool {
        matches!(self.0, Source::Encoded { .. })
    }
}

impl<'a, T: Item<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        Iter(self.0)
    }
}

impl<'a, T: Item<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Item<'a> + Eq> Eq for List<'a, T> {}

/// Walks a [`List`].
#[derive(Clone, Debug)]
pub struct Iter<'a, T>(Source<'a, T>);

impl<'a, T: Item<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Source::Encoded { items, .. } => {
                let mut decoder = Decoder::new(items);
                let item = T::decode(&mut decoder).ok()?;
                *items = items.get(decoder.position()..)?;
                Some(item)
            }
            Source::Slice(items) => {
                let (first, rest) = items.split_first()?;
                *items = rest;
                Some(*first)
            }
        }
    }
}
