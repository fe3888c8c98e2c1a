//! What lies beside an image.

use std::path::Path;

use keyfob_terminal::{Exit, Failure, read};
use serde::Deserialize;

use super::damaged;

/// The schema of manifests that this program reads.
const SCHEMA: &str = "keyfob-firmware-1";

/// What was written beside an image when it was made.
#[derive(Deserialize)]
pub(in crate::command::firmware) struct Manifest {
    schema: String,
    pub(in crate::command::firmware) board: String,
    pub(in crate::command::firmware) title: String,
    pub(in crate::command::firmware) number: u8,
    pub(in crate::command::firmware) chip: String,
    pub(in crate::command::firmware) probe: String,
    pub(in crate::command::firmware) version: String,
    pub(in crate::command::firmware) compiler: String,
    pub(in crate::command::firmware) flash: u64,
    pub(in crate::command::firmware) ram: u64,
    pub(in crate::command::firmware) stack: u64,
    pub(super) files: Vec<Listed>,
}

/// A file of the image.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) sha256: String,
}

impl Manifest {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = read(path).map_err(|failure| {
            failure.hint("name a UF2 file, or the folder that `cargo xtask firmware` made, with manifest.json")
        })?;
        Self::parse(&bytes).map_err(|failure| failure.about(path.display()))
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let unknown = |message: String| Failure::new("file-unknown", Exit::Failure, message);
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| unknown(format!("no manifest: {error}")))?;
        if manifest.schema != SCHEMA {
            return Err(unknown(format!("a manifest of schema {}, not {SCHEMA}", manifest.schema)));
        }
        if manifest.files.is_empty() {
            return Err(damaged("the manifest names no files"));
        }
        // They are handed to other programs, by their names.
        let names = manifest.files.iter().map(|file| &file.name);
        let odd = names.chain([&manifest.probe]).find(|name| !is_plain(name)).cloned();
        odd.map_or(Ok(manifest), |name| Err(damaged(format_args!("`{name}` is no plain name"))))
    }
}

/// Whether a name is made of letters, digits and `.-_` and begins with a letter or digit, so that it is neither a path
/// nor a flag, and means nothing else to anybody.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}
