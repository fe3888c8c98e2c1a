//! `read`, `write` and `files`. Spec §8 and §8.5.

use minicbor::{Encode, Encoder, encode};

use super::{
    Body,
    cbor::{array, fixed, map, map_with_hint, skip},
};
use crate::{
    Decoder, FileId, FileKind, MAX_LABEL, MAX_TRANSFER, Malformed, NoSpace, ProductId, Sink, VendorHint,
    cursor::{Reader, join},
};

/// Reads a part of a file.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | product |
/// | 4 | 2 | file |
/// | 6 | 2 | offset |
/// | 8 | 2 | length, 1 to [`MAX_TRANSFER`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The product.
    pub product: ProductId,
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub offset: u16,
    /// How many bytes.
    pub length: u16,
}

impl ReadRequest {
    /// Bytes of the body.
    pub const SIZE: usize = 10;

    /// Reads a body.
    ///
    /// # Errors
    /// If the length isn't [`SIZE`](Self::SIZE), or too much or nothing is asked for.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        Self::read(Reader::new(body)).ok_or(Malformed)
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let (product, file) = (ProductId(reader.u32()?), FileId(reader.u16()?));
        let request = Self { product, file, offset: reader.u16()?, length: reader.u16()? };
        reader.end()?;
        (1..=MAX_TRANSFER).contains(&usize::from(request.length)).then_some(request)
    }
}

impl Body for ReadRequest {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        let (product, file) = (self.product.0.to_be_bytes(), self.file.0.to_be_bytes());
        let bytes: [u8; Self::SIZE] = join(&[&product, &file, &self.offset.to_be_bytes(), &self.length.to_be_bytes()]);
        super::copy(&bytes, out)
    }
}

/// Writes a part of a file, as a whole or not at all.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | product |
/// | 4 | 2 | file |
/// | 6 | 2 | offset |
/// | 8 | 1 to [`MAX_TRANSFER`] | the bytes |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteRequest<'a> {
    /// The product.
    pub product: ProductId,
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub offset: u16,
    /// What is to be there.
    pub bytes: &'a [u8],
}

impl<'a> WriteRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it is too short or long for the fields and 1 to [`MAX_TRANSFER`] bytes.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::read(Reader::new(body)).ok_or(Malformed)
    }

    fn read(mut reader: Reader<'a>) -> Option<Self> {
        let (product, file) = (ProductId(reader.u32()?), FileId(reader.u16()?));
        let request = Self { product, file, offset: reader.u16()?, bytes: reader.rest() };
        (1..=MAX_TRANSFER).contains(&request.bytes.len()).then_some(request)
    }
}

impl Body for WriteRequest<'_> {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        let (product, file) = (self.product.0.to_be_bytes(), self.file.0.to_be_bytes());
        let head: [u8; 8] = join(&[&product, &file, &self.offset.to_be_bytes()]);
        let (front, rest) = out.split_at_mut_checked(head.len()).ok_or(NoSpace)?;
        front.copy_from_slice(&head);
        Ok(super::copy(self.bytes, rest)?.saturating_add(head.len()))
    }
}

/// Asks for the files of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesRequest {
    /// Whose partition; needed from guests.
    pub hint: Option<VendorHint>,
    /// The product.
    pub product: ProductId,
    /// Files below it are left out.
    pub start: FileId,
}

impl FilesRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (mut hint, mut product, mut start) = (None, None, FileId(0));
        map(body, |key, decoder| {
            match key {
                1 => hint = Some(VendorHint(fixed(decoder)?)),
                2 => product = Some(ProductId(decoder.u32()?)),
                3 => start = FileId(decoder.u16()?),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { hint, product: product.ok_or(Malformed)?, start })
    }
}

impl<C> Encode<C> for FilesRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        map_with_hint(e, self.hint, 2)?.u8(2)?.u32(self.product.0)?.u8(3)?.u16(self.start.0)?.ok()
    }
}

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileEntry<'a> {
    /// The file.
    pub file: FileId,
    /// Who may write it.
    pub kind: FileKind,
    /// Its size in bytes.
    pub size: u16,
    /// What a label says, at most [`MAX_LABEL`] bytes.
    pub label: Option<&'a [u8]>,
}

impl<'a> FileEntry<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        array(decoder, 4)?;
        let file = FileId(decoder.u16()?);
        let kind = FileKind::from_number(decoder.u8()?).ok_or(Malformed)?;
        let size = decoder.u16()?;
        let label = if decoder.skip_null() { None } else { Some(decoder.bytes()?) };
        let labelled = label.is_some_and(|label| label.len() > MAX_LABEL);
        if !kind.allows(size) || label.is_some() != (kind == FileKind::Label) || labelled {
            return Err(Malformed);
        }
        Ok(Self { file, kind, size, label })
    }
}

impl<C> Encode<C> for FileEntry<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.u16(self.file.0)?.u8(self.kind.number())?.u16(self.size)?;
        match self.label {
            Some(label) => e.bytes(label)?.ok(),
            None => e.null()?.ok(),
        }
    }
}

/// Files in ascending order. Written by [`FilesWriter`].
#[derive(Clone, Debug)]
pub struct FilesAnswer<'a> {
    /// The files.
    pub files: Files<'a>,
    /// What to ask for next; above all files here. None at the end.
    pub next: Option<FileId>,
}

impl<'a> FilesAnswer<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified, files aren't in order, or `next` would ask for nothing new.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut files, mut next) = (None, None);
        map(body, |key, decoder| {
            match key {
                1 => files = Some(Files::decode(decoder)?),
                2 => next = Some(FileId(decoder.u16()?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        let (files, last) = files.ok_or(Malformed)?;
        if next.is_some_and(|next| last.is_none_or(|last| next <= last)) {
            return Err(Malformed);
        }
        Ok(Self { files, next })
    }
}

/// The files of an answer that was read; each was looked at then.
#[derive(Clone, Debug)]
pub struct Files<'a> {
    decoder: Decoder<'a>,
    left: u64,
}

impl<'a> Files<'a> {
    /// Checks all files and finds the last one.
    fn decode(decoder: &mut Decoder<'a>) -> Result<(Self, Option<FileId>), Malformed> {
        let left = decoder.array()?;
        let files = Self { decoder: decoder.clone(), left };
        let mut last = None;
        for _ in 0..left {
            let entry = FileEntry::decode(decoder)?;
            if last.is_some_and(|last| last >= entry.file) {
                return Err(Malformed);
            }
            last = Some(entry.file);
        }
        Ok((files, last))
    }
}

impl<'a> Iterator for Files<'a> {
    type Item = FileEntry<'a>;

    fn next(&mut self) -> Option<FileEntry<'a>> {
        self.left = self.left.checked_sub(1)?;
        FileEntry::decode(&mut self.decoder).ok()
    }
}

/// Writes the answer to `files`, whose number is known before.
pub struct FilesWriter<'b> {
    encoder: Encoder<Sink<'b>>,
}

impl<'b> FilesWriter<'b> {
    /// Starts an answer of that many files; nothing is to be asked for next.
    ///
    /// # Errors
    /// If the buffer is too small even for that.
    pub fn new(buffer: &'b mut [u8], count: usize) -> Result<Self, NoSpace> {
        let mut encoder = Encoder::new(Sink::new(buffer));
        encoder.map(1)?.u8(1)?.array(u64::try_from(count).map_err(|_| NoSpace)?)?;
        Ok(Self { encoder })
    }

    /// Adds a file. Files come in ascending order.
    ///
    /// # Errors
    /// If it doesn't fit.
    pub fn file(&mut self, entry: &FileEntry<'_>) -> Result<(), NoSpace> {
        Ok(entry.encode(&mut self.encoder, &mut ())?)
    }

    /// Ends the answer and returns its length.
    #[must_use]
    pub fn finish(self) -> usize {
        self.encoder.writer().length()
    }
}
