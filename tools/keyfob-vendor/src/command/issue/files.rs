//! Files of the fob's memory, as steps of an update.

use std::path::PathBuf;

use clap::Args;
use keyfob::{FileId, FileKind, ProductId};
use keyfob_issuing::Step;
use keyfob_terminal::{Failure, read};

/// What is to be done to files, in this order.
#[derive(Args)]
#[group(id = "files", multiple = true)]
pub(super) struct FileSteps {
    /// Remove a file of a product's memory
    #[arg(long, value_name = "PRODUCT/FILE", value_parser = file)]
    remove_file: Vec<Named>,
    /// Create a file of so many bytes; KIND is read-write, read-only, write-once or label
    #[arg(long, value_name = "PRODUCT/FILE:KIND:SIZE", value_parser = created)]
    create_file: Vec<Created>,
    /// Write what is in PATH to a file, from a byte on; - is standard input
    #[arg(long, value_name = "PRODUCT/FILE@OFFSET=PATH", value_parser = written)]
    write_file: Vec<Written>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named(ProductId, FileId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Created(Named, FileKind, u16);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Written(Named, u16, PathBuf);

impl FileSteps {
    /// The steps, with what is to be written.
    pub(super) fn steps(&self) -> Result<Vec<Step>, Failure> {
        let removed = self.remove_file.iter().map(|&Named(product, file)| Step::RemoveFile { product, file });
        let created = self.create_file.iter().map(|&Created(Named(product, file), kind, size)| Step::CreateFile {
            product,
            file,
            kind,
            size,
        });
        let mut steps: Vec<Step> = removed.chain(created).collect();
        for Written(Named(product, file), offset, path) in &self.write_file {
            steps.push(Step::WriteFile { product: *product, file: *file, offset: *offset, bytes: read(path)? });
        }
        Ok(steps)
    }
}

fn file(text: &str) -> Result<Named, String> {
    let (product, file) = text.split_once('/').unwrap_or_default();
    match (product.parse(), file.parse()) {
        (Ok(product), Ok(file)) if product != 0 => Ok(Named(ProductId(product), FileId(file))),
        _ => Err("a file is named by its product and its number, such as 7/3".into()),
    }
}

fn created(text: &str) -> Result<Created, String> {
    let wrong = || "a file is created as 7/3:read-write:1024".to_owned();
    let (named, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (word, size) = rest.split_once(':').ok_or_else(wrong)?;
    let kind = FileKind::ALL.into_iter().find(|kind| kind.word() == word);
    let kind = kind.ok_or("a file's kind is read-write, read-only, write-once or label")?;
    let size = size.parse().ok().filter(|size| kind.allows(*size));
    Ok(Created(file(named)?, kind, size.ok_or("a file has 1 to 4096 bytes, a label at most 48")?))
}

fn written(text: &str) -> Result<Written, String> {
    let wrong = || "a file is written as 7/3@0=PATH".to_owned();
    let (place, path) = text.split_once('=').ok_or_else(wrong)?;
    let (named, offset) = place.split_once('@').ok_or_else(wrong)?;
    Ok(Written(file(named)?, offset.parse().map_err(|_| wrong())?, path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Named = Named(ProductId(7), FileId(3));

    #[test]
    fn steps_are_read_as_they_are_written() {
        assert_eq!(file("7/3"), Ok(FILE));
        assert_eq!(created("7/3:write-once:4096"), Ok(Created(FILE, FileKind::WriteOnce, 4096)));
        assert_eq!(created("7/3:label:48"), Ok(Created(FILE, FileKind::Label, 48)));
        assert_eq!(written("7/3@10=a=b@c"), Ok(Written(FILE, 10, "a=b@c".into())));
        for text in ["", "7", "0/3", "7/", "/3", "7/65536", "-1/3", "7/3/1"] {
            assert!(file(text).is_err(), "{text}");
        }
        for text in
            ["7/3", "7/3:label", "7/3:label:49", "7/3:label:0", "7/3:read-write:4097", "7/3:secret:1", "7:label:1"]
        {
            assert!(created(text).is_err(), "{text}");
        }
        for text in ["7/3", "7/3@1", "7/3=x", "7/3@=x", "7/3@65536=x", "7@1=x"] {
            assert!(written(text).is_err(), "{text}");
        }
    }
}
