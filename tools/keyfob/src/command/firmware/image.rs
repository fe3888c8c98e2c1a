//! An image for a board: what `cargo xtask firmware` makes.

mod kind;
mod manifest;
#[cfg(test)]
mod tests;
mod uf2;

use std::path::{Path, PathBuf};

use keyfob_crypto::sha256;
use keyfob_terminal::{Exit, Failure, read_up_to};

pub(super) use kind::{Kind, other_board};
pub(super) use manifest::Manifest;
pub(super) use uf2::Uf2;

use crate::value::to_hex;

/// The longest file that is read: no board's flash is that large, and an ELF file has names besides.
const LONGEST: u64 = 64 << 20;

/// An image whose files are those of its manifest.
pub(super) struct Image {
    /// What it is for.
    pub(super) kind: &'static Kind,
    /// What was written beside it; a UF2 file alone has none.
    pub(super) manifest: Option<Manifest>,
    /// Where its files are.
    pub(super) folder: PathBuf,
    pub(super) files: Vec<File>,
    /// What its UF2 file says.
    pub(super) uf2: Option<Uf2>,
}

/// A file that was read.
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
}

impl Image {
    /// Reads a folder with a manifest and all files that it names, or a UF2 file alone.
    ///
    /// # Errors
    /// `file-unreadable`, `file-unknown`, `image-damaged`, `board-mismatch`.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() { Self::of_folder(path) } else { Self::of_uf2(path) }
    }

    fn of_folder(folder: &Path) -> Result<Self, Failure> {
        let manifest = Manifest::read(&folder.join("manifest.json"))?;
        let kind = Kind::of_manifest(&manifest)?;
        let mut image = Self { kind, folder: folder.to_owned(), files: Vec::new(), uf2: None, manifest: None };
        for listed in &manifest.files {
            let file = File::read(folder, &listed.name)?;
            if file.bytes.len() as u64 != listed.size {
                let message = format_args!("{} has {} bytes, not {}", file.name, file.bytes.len(), listed.size);
                return Err(damaged(message));
            }
            if file.sha256 != listed.sha256.to_ascii_lowercase() {
                return Err(damaged(format_args!("{} isn't the file whose SHA-256 the manifest has", file.name)));
            }
            if file.is("uf2") {
                image.uf2 = Some(Uf2::read(kind, &file.bytes).map_err(|failure| failure.about(&file.name))?);
            }
            image.files.push(file);
        }
        Ok(Self { manifest: Some(manifest), ..image })
    }

    fn of_uf2(path: &Path) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let bytes = read_up_to(path, LONGEST)?;
        let about = |failure: Failure| failure.about(path.display());
        let kind = Kind::of_uf2(&bytes).map_err(about)?;
        let uf2 = Uf2::read(kind, &bytes).map_err(about)?;
        let file = File { name, sha256: to_hex(&sha256(&[&bytes])), bytes };
        Ok(Self { kind, manifest: None, folder, files: vec![file], uf2: Some(uf2) })
    }

    /// The file of a kind.
    ///
    /// # Errors
    /// `usage`, if the image has none.
    pub(super) fn file(&self, ending: &str) -> Result<&File, Failure> {
        let found = self.files.iter().find(|file| file.is(ending));
        found.ok_or_else(|| {
            let hint = match &self.manifest {
                None => "name the folder with manifest.json, which has all files of the image".to_owned(),
                Some(manifest) => format!("{} is put on its board in another way: --help has them all", manifest.title),
            };
            Failure::usage(format_args!("the image has no .{ending} file")).hint(hint)
        })
    }

    /// The firmware's version, if it is known.
    pub(super) fn version(&self) -> Option<&str> {
        self.manifest.as_ref().map(|manifest| manifest.version.as_str())
    }
}

impl File {
    fn read(folder: &Path, name: &str) -> Result<Self, Failure> {
        let bytes = read_up_to(&folder.join(name), LONGEST)?;
        Ok(Self { name: name.to_owned(), sha256: to_hex(&sha256(&[&bytes])), bytes })
    }

    fn is(&self, ending: &str) -> bool {
        Path::new(&self.name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
    }
}

/// An image that isn't what it was when it was made.
fn damaged(message: impl std::fmt::Display) -> Failure {
    Failure::new("image-damaged", Exit::Verification, message)
}
