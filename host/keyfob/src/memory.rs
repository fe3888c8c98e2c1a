//! What an app does with a token's memory. `docs/spec.md`, §8.5.

use keyfob_wire::body::{FileEntry, FilesAnswer, FilesRequest, ReadRequest, Request, WriteRequest};
use keyfob_wire::{FileId, FileKind, MAX_TRANSFER, ProductId};

use crate::client::lock;
use crate::connection::{LONGEST_LIST, accepted};
use crate::{Error, Session};

/// A file of a token's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The file.
    pub file: FileId,
    /// Who may write it.
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u16,
    /// What a label says.
    pub label: Option<String>,
}

/// Reads the answer to `files`, and what to ask for next.
pub(crate) fn read_files(body: &[u8]) -> Result<(Vec<File>, Option<FileId>), Error> {
    let answer = FilesAnswer::parse(body).map_err(|_| Error::Answer)?;
    let file = |file: FileEntry<'_>| File {
        file: file.file,
        kind: file.kind,
        size: file.size,
        label: file.label.map(|label| String::from_utf8_lossy(label).into_owned()),
    };
    Ok((answer.files.map(file).collect(), answer.next))
}

impl Session {
    /// Lists the files of a product.
    ///
    /// # Errors
    /// [`Error::Refused`] if the product isn't granted, or the app is for another; and if the token can't be asked.
    pub fn files(&self, product: ProductId) -> Result<Vec<File>, Error> {
        let (mut files, mut start) = (Vec::new(), FileId(0));
        for _page in 0..LONGEST_LIST {
            let request = FilesRequest { hint: None, product, start };
            let (more, next) =
                lock(&self.core).request(&Request::Files(request), |plaintext| read_files(accepted(plaintext)?))?;
            files.extend(more);
            match next {
                // Going backwards would never end.
                Some(next) if next > start => start = next,
                Some(_) => return Err(Error::Answer),
                None => return Ok(files),
            }
        }
        Err(Error::Answer)
    }

    /// Reads a part of a file of a product.
    ///
    /// More than 2,048 bytes are read in several requests, between which somebody else may write.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such file, it is shorter, or the app may not; and if the token can't be asked.
    pub fn read(&self, product: ProductId, file: FileId, offset: u16, length: u16) -> Result<Vec<u8>, Error> {
        let mut content = Vec::with_capacity(length.into());
        let (mut offset, mut left) = (offset, length);
        loop {
            let part = left.min(MAX_TRANSFER as u16);
            let request = ReadRequest { product, file, offset, length: part };
            let bytes = lock(&self.core).request(&Request::Read(request), |plaintext| {
                let bytes = accepted(plaintext)?;
                if bytes.len() == usize::from(part) { Ok(bytes.to_vec()) } else { Err(Error::Answer) }
            })?;
            content.extend(bytes);
            left -= part;
            if left == 0 {
                return Ok(content);
            }
            offset = offset.checked_add(part).ok_or(Error::TooLong)?;
        }
    }

    /// Writes a part of a file of a product: all of it or nothing, and durably.
    ///
    /// A write whose answer got lost is sent again; if somebody else has written the same place in between, that is
    /// overwritten.
    ///
    /// # Errors
    /// [`Error::TooLong`] for more than 2,048 bytes; [`Error::Refused`] if there is no such file, it is shorter or
    /// protected, or the app may not; and if the token can't be asked.
    pub fn write(&self, product: ProductId, file: FileId, offset: u16, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > MAX_TRANSFER {
            return Err(Error::TooLong);
        }
        let request = WriteRequest { product, file, offset, bytes };
        lock(&self.core).request(&Request::Write(request), |plaintext| accepted(plaintext).map(|_| ()))
    }
}
