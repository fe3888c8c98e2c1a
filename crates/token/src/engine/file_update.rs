//! What an update does to files. `docs/spec.md`, §7.5 and §8.5.
//!
//! A transaction shows what was before it, so each file is looked at once, where the update first names it: all that the
//! update does to it is done in memory, page by page, and what comes out is stored.

use keyfob_licence::{List, Operation};
use keyfob_wire::{FileId, ProductId, Status};

use super::catalogue::Catalogue;
use super::file::{FILE, FILES, File, NO_PAGE, PAGES, Place, load_before, parts, remove_page, store_page, stored};
use super::sealed_store::{SealedStore, SealedTransaction, room};
use super::{gather, key};
use crate::platform::Platform;

/// What all files of the token take.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    files: usize,
    pages: usize,
}

impl Usage {
    /// Counts what is stored.
    pub(super) fn of<P: Platform>(store: &mut SealedStore<P>) -> Result<Self, Status> {
        let files: heapless::Vec<_, FILES> = gather(store.keys().filter_map(key::described_file));
        let mut usage = Self { files: files.len(), pages: 0 };
        for &(partition, product, file) in &files {
            let file = stored(store, &Place { partition, product, file })?.ok_or(Status::StorageFailed)?;
            usage.pages = usage.pages.saturating_add(usize::from(file.pages()));
        }
        Ok(usage)
    }

    fn replace(&mut self, old: Option<&File>, new: Option<&File>) {
        let pages = |file: Option<&File>| file.map_or(0, |file| usize::from(file.pages()));
        let files = |file: Option<&File>| usize::from(file.is_some());
        self.files = self.files.saturating_sub(files(old)).saturating_add(files(new));
        self.pages = self.pages.saturating_sub(pages(old)).saturating_add(pages(new));
    }

    fn is_allowed(&self) -> bool {
        self.files <= FILES && self.pages <= PAGES
    }
}

/// Does what an update's operations say about files.
///
/// # Errors
/// `update-malformed` if an operation can't be done, `no-room` if there would be more than the token can carry.
pub(super) fn change_files<'u, P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    catalogue: &Catalogue,
    partition: u8,
    operations: List<'u, Operation<'u>>,
    mut usage: Usage,
) -> Result<(), Status> {
    for (number, operation) in operations.iter().enumerate() {
        let Some((product, file)) = named(&operation) else {
            continue;
        };
        let is_of_file = |other: &Operation<'u>| named(other) == Some((product, file));
        if operations.iter().take(number).any(|other| is_of_file(&other)) {
            continue;
        }
        catalogue.product(partition, product).ok_or(Status::UpdateMalformed)?;
        let place = Place { partition, product, file };
        let mut buffer = [0; room(FILE)];
        let old = match transaction.get(place.key(), &mut buffer)? {
            None => None,
            Some(bytes) => Some(File::from_bytes(bytes).ok_or(Status::StorageFailed)?),
        };
        let steps = || operations.iter().enumerate().filter(|(_, step)| is_of_file(step));
        let (new, anew) = outcome(old, steps())?;
        match (old, new) {
            (_, Some(file)) if old != new => transaction.put(place.key(), &file.to_bytes())?,
            (Some(_), None) => transaction.remove(place.key())?,
            _ => {}
        }
        let writes = || steps().filter(|(number, _)| anew.is_none_or(|anew| *number > anew)).map(|(_, step)| step);
        let pages = |file: Option<File>| file.map_or(0, |file| file.pages());
        for page in 0..pages(old).max(pages(new)) {
            change_page(transaction, &place, new.as_ref(), page, anew.is_some(), writes())?;
        }
        usage.replace(old.as_ref(), new.as_ref());
    }
    if usage.is_allowed() { Ok(()) } else { Err(Status::NoRoom) }
}

/// What a file is after its operations, and which of them was the last to begin it anew.
fn outcome<'u>(
    mut file: Option<File>,
    steps: impl Iterator<Item = (usize, Operation<'u>)>,
) -> Result<(Option<File>, Option<usize>), Status> {
    let mut anew = None;
    for (number, step) in steps {
        match step {
            Operation::CreateFile { kind, size, .. } => match file {
                Some(there) if (there.kind, there.size) == (kind, size) => {}
                Some(_) => return Err(Status::UpdateMalformed),
                None => {
                    file = Some(File { kind, size, written: false });
                    anew = Some(number);
                }
            },
            Operation::RemoveFile { .. } => {
                file.take().ok_or(Status::UpdateMalformed)?;
                anew = Some(number);
            }
            Operation::WriteFile { offset, bytes, .. } => {
                file.filter(|file| file.holds(offset, bytes.len())).ok_or(Status::UpdateMalformed)?;
            }
            _ => {}
        }
    }
    Ok((file, anew))
}

/// Gives a page what the writes leave in it; `anew` if nothing stays of what was stored.
fn change_page<'u, P: Platform>(
    transaction: &mut SealedTransaction<'_, P>,
    place: &Place,
    file: Option<&File>,
    page: u8,
    anew: bool,
    writes: impl Iterator<Item = Operation<'u>>,
) -> Result<(), Status> {
    let Some(file) = file else {
        return remove_page(transaction, place, page);
    };
    let mut old = NO_PAGE;
    load_before(transaction, place, page, &mut old)?;
    let mut new = if anew { NO_PAGE } else { old };
    for write in writes {
        let Operation::WriteFile { offset, bytes, .. } = write else {
            continue;
        };
        for part in parts(offset, bytes.len()).filter(|part| part.page == page) {
            part.place(&mut new).iter_mut().zip(part.of(bytes)).for_each(|(to, from)| *to = *from);
        }
    }
    // A file that was made anew with another size has other lengths of pages, too.
    if old == new && !anew { Ok(()) } else { store_page(transaction, place, file, page, &new) }
}

/// The file that an operation is about.
fn named(operation: &Operation<'_>) -> Option<(ProductId, FileId)> {
    match *operation {
        Operation::CreateFile { product, file, .. }
        | Operation::WriteFile { product, file, .. }
        | Operation::RemoveFile { product, file } => Some((product, file)),
        _ => None,
    }
}
