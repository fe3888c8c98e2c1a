//! Memory for apps: read, write, files. `docs/spec.md`, §8.5.

use heapless::Vec;
use keyfob_signed::Rights;
use keyfob_wire::body::{FileEntry, FilesRequest, FilesWriter, ReadRequest, WriteRequest};
use keyfob_wire::{FileId, FileKind, ProductId, Status};

use super::apply::has_room;
use super::file::{FILE, FILES, File, NO_PAGE, PAGE, Place, load, load_before, parts, store_page, stored};
use super::sealed_store::SealedStore;
use super::{Caller, Engine, key, no_space};
use crate::platform::Platform;

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn read(&mut self, caller: &Caller, asked: &ReadRequest, out: &mut [u8]) -> Result<usize, Status> {
        let (place, file) = self.file(caller, asked.product, asked.file, Rights::READ)?;
        let length = usize::from(asked.length);
        if !file.holds(asked.offset, length) {
            return Err(Status::OutOfRange);
        }
        let out = out.get_mut(..length).ok_or(Status::Busy)?;
        let mut page = NO_PAGE;
        for part in parts(asked.offset, length) {
            load(&mut self.store, &place, part.page, &mut page)?;
            let to = out.iter_mut().skip(part.start);
            to.zip(part.place(&mut page)).for_each(|(to, from)| *to = *from);
        }
        Ok(length)
    }

    #[inline(never)]
    pub(super) fn write(&mut self, caller: &Caller, asked: &WriteRequest<'_>) -> Result<usize, Status> {
        let (place, file) = self.file(caller, asked.product, asked.file, Rights::WRITE)?;
        if matches!(file.kind, FileKind::ReadOnly | FileKind::Label) {
            return Err(Status::FileProtected);
        }
        if !file.holds(asked.offset, asked.bytes.len()) {
            return Err(Status::OutOfRange);
        }
        let changes = differs(&mut self.store, &place, asked)?;
        let once = file.kind == FileKind::WriteOnce;
        match (once && file.written, changes) {
            (true, true) => return Err(Status::FileProtected),
            (true, false) => return Ok(0),
            (false, false) if !once => return Ok(0),
            (false, _) => {}
        }
        let size = SealedStore::<P>::record_size;
        let pages = parts(asked.offset, asked.bytes.len()).count();
        has_room(&mut self.store, size(PAGE).saturating_mul(pages).saturating_add(size(FILE)))?;

        let mut transaction = self.store.begin();
        let mut page = NO_PAGE;
        for part in parts(asked.offset, asked.bytes.len()) {
            load_before(&mut transaction, &place, part.page, &mut page)?;
            let (there, new) = (part.place(&mut page), part.of(asked.bytes));
            if there == new {
                continue;
            }
            there.iter_mut().zip(new).for_each(|(to, from)| *to = *from);
            store_page(&mut transaction, &place, &file, part.page, &page)?;
        }
        if once {
            transaction.put(place.key(), &File { written: true, ..file }.to_bytes())?;
        }
        transaction.commit()?;
        Ok(0)
    }

    #[inline(never)]
    pub(super) fn files(&mut self, caller: &Caller, asked: &FilesRequest, out: &mut [u8]) -> Result<usize, Status> {
        let partition = self.addressed(caller, asked.hint)?;
        self.shown_product(caller, partition, asked.product)?;
        let mut files: Vec<FileId, FILES> = Vec::new();
        for (_, _, file) in self
            .store
            .keys()
            .filter_map(key::described_file)
            .filter(|&(index, product, file)| (index, product) == (partition, asked.product) && file >= asked.start)
        {
            files.push(file).map_err(|_| Status::StorageFailed)?;
        }
        let mut writer = FilesWriter::new(out, files.len()).map_err(no_space)?;
        for &id in &files {
            let place = Place { partition, product: asked.product, file: id };
            let file = stored(&mut self.store, &place)?.ok_or(Status::StorageFailed)?;
            let mut page = NO_PAGE;
            let mut label = None;
            if file.kind == FileKind::Label {
                load(&mut self.store, &place, 0, &mut page)?;
                let length = page.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
                label = page.get(..length);
            }
            let entry = FileEntry { file: id, kind: file.kind, size: file.size, label };
            writer.file(&entry).map_err(no_space)?;
        }
        Ok(writer.finish())
    }

    /// The file that an app asks for, if it may do this with it.
    fn file(
        &mut self,
        caller: &Caller,
        product: ProductId,
        file: FileId,
        right: Rights,
    ) -> Result<(Place, File), Status> {
        let Caller::App { partition, rights, .. } = *caller else {
            return Err(Status::NotPermitted);
        };
        if !rights.include(right) {
            return Err(Status::NotPermitted);
        }
        self.shown_product(caller, partition, product)?;
        let place = Place { partition, product, file };
        let file = stored(&mut self.store, &place)?.ok_or(Status::FileNotFound)?;
        Ok((place, file))
    }
}

/// Whether a write changes anything.
fn differs<P: Platform>(store: &mut SealedStore<P>, place: &Place, asked: &WriteRequest<'_>) -> Result<bool, Status> {
    let mut page = NO_PAGE;
    for part in parts(asked.offset, asked.bytes.len()) {
        load(store, place, part.page, &mut page)?;
        if part.place(&mut page) != part.of(asked.bytes) {
            return Ok(true);
        }
    }
    Ok(false)
}
