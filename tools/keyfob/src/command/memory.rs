//! `keyfob memory`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyfob::{Error, File, FileId, ProductId, Status};
use keyfob_terminal::{Exit, Failure, Global, plain, read};
use serde::Serialize;

use crate::app::Credential;
use crate::fob::{guest, is_emulated};
use crate::output::Secretly;
use crate::table::table;
use crate::value;
use crate::vendor::Vendor;

#[derive(Subcommand)]
pub(super) enum Memory {
    /// Show the files of a product that everybody may see
    List(List),
    /// Read a file of a product
    Read(Read),
    /// Write a part of a file of a product: all of it or nothing
    Write(Write),
}

impl Memory {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        match self {
            Self::List(list) => list.run(global),
            Self::Read(read) => read.run(global),
            Self::Write(write) => write.run(global),
        }
    }
}

#[derive(Args)]
pub(super) struct List {
    /// The product's number
    #[arg(value_parser = value::product)]
    product: ProductId,
    #[command(flatten)]
    vendor: Vendor,
}

#[derive(Args)]
pub(super) struct Read {
    /// The product's number, a slash, and the file's
    #[arg(value_name = "PRODUCT/FILE", value_parser = value::file)]
    file: (ProductId, FileId),
    #[command(flatten)]
    credential: Credential,
    /// The first byte
    #[arg(long, default_value_t = 0)]
    offset: u16,
    /// How many bytes; otherwise all that follow
    #[arg(long)]
    length: Option<u16>,
    #[command(flatten)]
    output: Secretly,
}

#[derive(Args)]
pub(super) struct Write {
    /// The product's number, a slash, and the file's
    #[arg(value_name = "PRODUCT/FILE", value_parser = value::file)]
    file: (ProductId, FileId),
    /// What is to be there, at most 2,048 bytes; - is standard input
    input: PathBuf,
    #[command(flatten)]
    credential: Credential,
    /// The first byte
    #[arg(long, default_value_t = 0)]
    offset: u16,
}

#[derive(Serialize)]
struct ListDocument {
    serial: String,
    emulated: bool,
    product: u32,
    files: Vec<FileDocument>,
}

#[derive(Serialize)]
struct FileDocument {
    file: u16,
    kind: &'static str,
    size: u16,
    label: Option<String>,
}

impl From<File> for FileDocument {
    fn from(file: File) -> Self {
        Self { file: file.file.0, kind: file.kind.word(), size: file.size, label: file.label }
    }
}

/// Which part of a file.
#[derive(Serialize)]
struct Part {
    product: u32,
    file: u16,
    offset: u16,
}

impl List {
    fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest(global)?;
        let vendor = self.vendor.partition(&mut guest)?.vendor;
        let files = guest.files(vendor, self.product).map_err(|error| about(error, self.product))?;
        let document = ListDocument {
            serial: guest.serial().to_string(),
            emulated: is_emulated(&guest),
            product: self.product.0,
            files: files.into_iter().map(FileDocument::from).collect(),
        };
        let row = |file: &FileDocument| {
            let label = file.label.as_deref().map(plain).unwrap_or_default();
            [file.file.to_string(), file.kind.into(), file.size.to_string(), label]
        };
        if document.files.is_empty() {
            global.note("the product has no files");
        }
        global.print("keyfob.memory.list.v1", &document, || {
            table(["FILE", "KIND", "BYTES", "LABEL"], document.files.iter().map(row))
        })?;
        Ok(Exit::Done)
    }
}

impl Read {
    fn run(self, global: &Global) -> Result<Exit, Failure> {
        let (product, file) = self.file;
        let opened = self.credential.open_without_feature(global)?;
        let failed = |error| about_file(error, product, file);
        let length = match self.length {
            Some(0) => return Err(Failure::usage("there is nothing to read of 0 bytes")),
            Some(length) => length,
            None => {
                let files = opened.session.files(product).map_err(failed)?;
                let found = files.iter().find(|other| other.file == file);
                let found = found.ok_or_else(|| failed(Error::Refused(Status::FileNotFound)))?;
                let left = found.size.checked_sub(self.offset).filter(|left| *left > 0);
                left.ok_or_else(|| failed(Error::Refused(Status::OutOfRange)))?
            }
        };
        let bytes = opened.session.read(product, file, self.offset, length).map_err(failed)?;
        let part = Part { product: product.0, file: file.0, offset: self.offset };
        self.output.put(global, "keyfob.memory.read.v1", (opened.serial, opened.is_emulated), part, &bytes)?;
        Ok(Exit::Done)
    }
}

impl Write {
    fn run(self, global: &Global) -> Result<Exit, Failure> {
        let (product, file) = self.file;
        let bytes = read(&self.input)?;
        if bytes.is_empty() {
            return Err(Failure::usage(format_args!("{} is empty", self.input.display())));
        }
        let opened = self.credential.open_without_feature(global)?;
        let written = opened.session.write(product, file, self.offset, &bytes);
        written.map_err(|error| about_file(error, product, file))?;
        let document = Written {
            serial: opened.serial.to_string(),
            emulated: opened.is_emulated,
            part: Part { product: product.0, file: file.0, offset: self.offset },
            length: bytes.len(),
        };
        let text = || format!("{} bytes written to file {product}/{file}\n", bytes.len());
        global.print("keyfob.memory.write.v1", &document, text)?;
        Ok(Exit::Done)
    }
}

#[derive(Serialize)]
struct Written {
    serial: String,
    emulated: bool,
    #[serde(flatten)]
    part: Part,
    length: usize,
}

fn about(error: Error, product: ProductId) -> Failure {
    Failure::from(error).about(format_args!("product {product}"))
}

fn about_file(error: Error, product: ProductId, file: FileId) -> Failure {
    Failure::from(error).about(format_args!("file {product}/{file}"))
}
