//! The same image from another folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use keyfob_board::Board;

use super::build::Build;
use crate::process::{root, target_directory};

/// What an image is made of.
const SOURCES: [&str; 4] = ["Cargo.toml", "rustfmt.toml", "crates", "firmware"];

/// Builds the board's image from a copy of the sources, in a folder with another name and another depth, and compares
/// it to this checkout's.
///
/// # Errors
/// If they differ.
pub(crate) fn check(board: &Board, elf: &[u8]) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("another-checkout-").tempdir_in(target_directory()?)?;
    let copied = folder.path().join("of/the/same/sources");
    fs::create_dir_all(&copied)?;
    for name in SOURCES {
        copy(&root().join(name), &copied.join(name))?;
    }
    let build = Build::of(board)?.context("the compiler's libraries have gone")?;
    let other = build.elsewhere(copied, folder.path().join("its-target")).run()?;
    if other != elf {
        let kept = folder.keep();
        bail!("{}: the image built in another folder differs: {}", board.name, kept.display());
    }
    println!("reproduced           the same {} bytes from another folder\n", elf.len());
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_name() != "target" {
                copy(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
    } else {
        fs::copy(from, to).with_context(|| from.display().to_string())?;
    }
    Ok(())
}
