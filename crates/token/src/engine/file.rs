//! Files as they are stored: what each is, and its pages. `docs/spec.md`, §8.5.

use keyfob_wire::{FileId, FileKind, ProductId, Status};

use super::key;
use super::sealed_store::{SealedStore, SealedTransaction, room};
use crate::platform::Platform;

/// How many files a token can carry.
pub const FILES: usize = 32;
/// How many pages all files together can have.
pub const PAGES: usize = 128;
/// The size of a page; a file's last one may be shorter.
pub(super) const PAGE: usize = 256;
/// A page in memory, with the room that reading one needs.
pub(super) type Page = [u8; room(PAGE)];
/// A page of a file before it was ever written.
pub(super) const NO_PAGE: Page = [0; room(PAGE)];
/// The size of what is stored of a file besides its pages.
pub(super) const FILE: usize = 4;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) kind: FileKind,
    pub(super) size: u16,
    /// Whether an app has written it; kept of write-once files only.
    pub(super) written: bool,
}

impl File {
    pub(super) fn to_bytes(self) -> [u8; FILE] {
        let [high, low] = self.size.to_be_bytes();
        [self.kind.number(), high, low, u8::from(self.written)]
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[kind, high, low, written @ 0..=1] = bytes else {
            return None;
        };
        let (kind, size) = (FileKind::from_number(kind)?, u16::from_be_bytes([high, low]));
        kind.allows(size).then_some(Self { kind, size, written: written == 1 })
    }

    /// How many pages it has.
    pub(super) fn pages(&self) -> u8 {
        u8::try_from(usize::from(self.size).div_ceil(PAGE)).unwrap_or(u8::MAX)
    }

    /// How long a page of it is.
    fn page_length(&self, page: u8) -> usize {
        usize::from(self.size).saturating_sub(usize::from(page).saturating_mul(PAGE)).min(PAGE)
    }

    /// Whether that many bytes from `offset` on lie within it.
    pub(super) fn holds(&self, offset: u16, length: usize) -> bool {
        usize::from(offset).saturating_add(length) <= usize::from(self.size)
    }
}

/// The place of a file in the token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) partition: u8,
    pub(super) product: ProductId,
    pub(super) file: FileId,
}

impl Place {
    pub(super) fn key(&self) -> keyfob_store::Key {
        key::file(self.partition, self.product, self.file)
    }

    fn page(&self, page: u8) -> keyfob_store::Key {
        key::page(self.partition, self.product, self.file, page)
    }
}

/// The part of a stretch of bytes that lies in one page.
pub(super) struct Part {
    pub(super) page: u8,
    /// Where it begins in the page.
    pub(super) within: usize,
    /// Where it begins in the stretch.
    pub(super) start: usize,
    pub(super) length: usize,
}

/// Cuts a stretch of bytes at the pages' edges.
pub(super) fn parts(offset: u16, length: usize) -> impl Iterator<Item = Part> {
    let offset = usize::from(offset);
    let end = offset.saturating_add(length);
    (offset / PAGE..end.div_ceil(PAGE)).map(move |page| {
        let first = page.saturating_mul(PAGE);
        let begin = offset.max(first);
        Part {
            page: u8::try_from(page).unwrap_or(u8::MAX),
            within: begin.saturating_sub(first),
            start: begin.saturating_sub(offset),
            length: end.min(first.saturating_add(PAGE)).saturating_sub(begin),
        }
    })
}

impl Part {
    /// The part of the stretch.
    pub(super) fn of<'b>(&self, stretch: &'b [u8]) -> &'b [u8] {
        stretch.get(self.start..self.start.saturating_add(self.length)).unwrap_or_default()
    }

    /// Its place in the page.
    pub(super) fn place<'b>(&self, page: &'b mut Page) -> &'b mut [u8] {
        page.get_mut(self.within..self.within.saturating_add(self.length)).unwrap_or_default()
    }
}

/// What is stored of a file, if there is one.
pub(super) fn stored<P: Platform>(store: &mut SealedStore<P>, place: &Place) -> Result<Option<File>, Status> {
    let mut buffer = [0; room(FILE)];
    match store.get(place.key(), &mut buffer)? {
        None => Ok(None),
        Some(bytes) => File::from_bytes(bytes).map(Some).ok_or(Status::StorageFailed),
    }
}

/// Reads a page into the buffer, zeros if it was never written, and says whether it is stored.
pub(super) fn load<P: Platform>(
    store: &mut SealedStore<P>,
    place: &Place,
    page: u8,
    buffer: &mut Page,
) -> Result<bool, Status> {
    let stored = store.get(place.page(page), buffer)?.map(<[u8]>::len);
    Ok(blank_rest(buffer, stored))
}

/// As [`load`], what was before the transaction.
pub(super) fn load_before<P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    place: &Place,
    page: u8,
    buffer: &mut Page,
) -> Result<bool, Status> {
    let stored = transaction.get(place.page(page), buffer)?.map(<[u8]>::len);
    Ok(blank_rest(buffer, stored))
}

/// Makes zeros of what wasn't stored of a page, and says whether any of it was.
fn blank_rest(page: &mut Page, stored: Option<usize>) -> bool {
    page.iter_mut().skip(stored.unwrap_or_default()).for_each(|byte| *byte = 0);
    stored.is_some()
}

/// Gives a page of a file its content. One of zeros isn't stored.
pub(super) fn store_page<P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    place: &Place,
    file: &File,
    page: u8,
    content: &Page,
) -> Result<(), Status> {
    let content = content.get(..file.page_length(page)).unwrap_or_default();
    if content.iter().all(|&byte| byte == 0) {
        return remove_page(transaction, place, page);
    }
    transaction.put(place.page(page), content)
}

/// Takes a page away.
pub(super) fn remove_page<P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    place: &Place,
    page: u8,
) -> Result<(), Status> {
    transaction.remove(place.page(page))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_file_reads_as_it_is_stored_and_nothing_else_does() {
        for kind in FileKind::ALL {
            for written in [false, true] {
                let file = File { kind, size: 48, written };
                assert_eq!(File::from_bytes(&file.to_bytes()), Some(file));
            }
        }
        for wrong in [&[][..], &[1, 0, 1], &[1, 0, 1, 0, 0], &[0, 0, 1, 0], &[5, 0, 1, 0], &[1, 0, 0, 0], &[1, 0, 1, 2]]
        {
            assert_eq!(File::from_bytes(wrong), None, "{wrong:?}");
        }
    }

    /// Every stretch is covered once, in order, by parts that lie within their pages.
    #[test]
    fn parts_cover_a_stretch() {
        for offset in [0_u16, 1, 255, 256, 257, 511, 2047, 4095] {
            for length in [1_usize, 2, 255, 256, 257, 512, 2048] {
                let parts: Vec<_> = parts(offset, length).collect();
                let mut next = 0;
                for part in &parts {
                    assert!(part.length > 0 && part.within + part.length <= PAGE);
                    assert_eq!(part.start, next);
                    assert_eq!(usize::from(part.page) * PAGE + part.within, usize::from(offset) + part.start);
                    next += part.length;
                }
                assert_eq!(next, length, "{length} bytes at {offset}");
            }
        }
    }

    #[test]
    fn pages_are_as_long_as_the_file() {
        for size in 1..=4096_u16 {
            let file = File { kind: FileKind::ReadWrite, size, written: false };
            let lengths: Vec<_> = (0..file.pages()).map(|page| file.page_length(page)).collect();
            assert_eq!(lengths.iter().sum::<usize>(), usize::from(size));
            assert!(lengths.iter().all(|&length| (1..=PAGE).contains(&length)));
            assert_eq!(file.page_length(file.pages()), 0);
        }
    }
}
