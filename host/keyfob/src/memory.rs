//! What an app does with a token's memory. `docs/spec.md`, §8.5.

use keyfob_wire::body::{ReadRequest, Request, WriteRequest};
use keyfob_wire::{FileId, FileKind, MAX_TRANSFER, ProductId};

use crate::client::lock;
use crate::connection::accepted;
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

impl Session {
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
