//! An answer that grows until its buffer is full.
//!
//! Heads of arrays have definite, shortest lengths, but how many items fit is known last: room for the shortest head
//! is left, and what follows moves up if the count needs a longer one.

use minicbor::{Encoder, encode};

use super::FeatureEntry;
use crate::{NoSpace, ProductId, Sink, cursor::copy};

/// Writes the answer to `list` into a buffer.
///
/// Each product is begun with [`product`](Self::product) and counts once it is
/// [finished](ProductWriter::finish); one that doesn't fit leaves what was written before it.
pub struct ListWriter<'b> {
    buffer: &'b mut [u8],
    length: usize,
    count: u64,
}

impl<'b> ListWriter<'b> {
    /// Starts an answer without products.
    ///
    /// # Errors
    /// If the buffer is too small even for that.
    pub fn new(buffer: &'b mut [u8]) -> Result<Self, NoSpace> {
        if buffer.len() < HEADS + TAIL {
            return Err(NoSpace);
        }
        Ok(Self { buffer, length: HEADS, count: 0 })
    }

    /// Whether there is no product yet: then one that doesn't fit will fit in no answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Begins a product. Products come in ascending order.
    ///
    /// # Errors
    /// If it doesn't fit.
    pub fn product(
        &mut self,
        product: ProductId,
        grant_number: u32,
        name: &str,
    ) -> Result<ProductWriter<'_, 'b>, NoSpace> {
        let start = self.length;
        let end = self.put(start, |e| e.array(4)?.u32(product.0)?.u32(grant_number)?.str(name)?.ok())?;
        let features = end.checked_add(SHORT_HEAD).filter(|&end| end <= self.limit()).ok_or(NoSpace)?;
        Ok(ProductWriter { list: self, features, length: features, count: 0 })
    }

    /// Ends the answer with what to ask for next, if not everything fitted, and returns its length.
    ///
    /// # Errors
    /// If the buffer is too small, which [`product`](Self::product) has seen to.
    pub fn finish(mut self, next: Option<ProductId>) -> Result<usize, NoSpace> {
        let limit = self.buffer.len();
        let (start, length, count) = (HEADS, self.length, self.count);
        let length = self.head(start, length, count, limit)?;
        let pairs = 1 + u64::from(next.is_some());
        self.put_within(0, limit, |e| e.map(pairs)?.u8(1)?.ok())?;
        match next {
            Some(next) => self.put_within(length, limit, |e| e.u8(2)?.u32(next.0)?.ok()),
            None => Ok(length),
        }
    }

    /// How far products may reach.
    fn limit(&self) -> usize {
        self.buffer.len().saturating_sub(TAIL)
    }

    /// Writes items at `start` and returns where they end.
    fn put(&mut self, start: usize, write: impl FnOnce(&mut Encoder<Sink<'_>>) -> Written) -> Result<usize, NoSpace> {
        let limit = self.limit();
        self.put_within(start, limit, write)
    }

    fn put_within(
        &mut self,
        start: usize,
        limit: usize,
        write: impl FnOnce(&mut Encoder<Sink<'_>>) -> Written,
    ) -> Result<usize, NoSpace> {
        let mut encoder = Encoder::new(Sink::new(self.buffer.get_mut(start..limit).ok_or(NoSpace)?));
        write(&mut encoder)?;
        Ok(start.saturating_add(encoder.writer().length()))
    }

    /// Writes an array's head before its items, which begin at `start` behind room for a short head and end at
    /// `end`; returns where they end now.
    fn head(&mut self, start: usize, end: usize, count: u64, limit: usize) -> Result<usize, NoSpace> {
        let mut head = [0; 9];
        let mut encoder = Encoder::new(Sink::new(&mut head));
        encoder.array(count)?;
        let size = encoder.writer().length();
        let longer = size.saturating_sub(SHORT_HEAD);
        let end = end.checked_add(longer).filter(|&end| end <= limit).ok_or(NoSpace)?;
        let moved = self.buffer.get_mut(start..end).ok_or(NoSpace)?;
        let items = moved.len().checked_sub(longer).ok_or(NoSpace)?;
        moved.copy_within(..items, longer);
        let place = start.saturating_sub(SHORT_HEAD)..start.saturating_add(longer);
        copy(self.buffer.get_mut(place).ok_or(NoSpace)?, head.get(..size).ok_or(NoSpace)?);
        Ok(end)
    }
}

/// Writes one product's features.
pub struct ProductWriter<'l, 'b> {
    list: &'l mut ListWriter<'b>,
    features: usize,
    length: usize,
    count: u64,
}

impl ProductWriter<'_, '_> {
    /// Adds a feature.
    ///
    /// # Errors
    /// If it doesn't fit.
    pub fn feature(&mut self, entry: FeatureEntry<'_>) -> Result<(), NoSpace> {
        self.length = self.list.put(self.length, |e| {
            e.array(3)?.u32(entry.feature.0)?.str(entry.name)?;
            match entry.remaining {
                Some(units) => e.u32(units.0)?.ok(),
                None => e.null()?.ok(),
            }
        })?;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Ends the product.
    ///
    /// # Errors
    /// If it doesn't fit.
    pub fn finish(self) -> Result<(), NoSpace> {
        let limit = self.list.limit();
        self.list.length = self.list.head(self.features, self.length, self.count, limit)?;
        self.list.count = self.list.count.saturating_add(1);
        Ok(())
    }
}

type Written = Result<(), encode::Error<NoSpace>>;

/// The head of an array of at most 23 items.
const SHORT_HEAD: usize = 1;

/// The head of the map, key 1, and the head of the products' array.
const HEADS: usize = 2 + SHORT_HEAD;

/// Kept free for `next`, key 2 and 5 bytes, and a head of the products' array that is longer by up to 2 bytes.
const TAIL: usize = 6 + 2;
