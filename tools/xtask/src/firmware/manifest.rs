//! What is written beside an image.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use keyfob_board::{Board, Chip};
use keyfob_crypto::sha256;
use serde::Serialize;

use super::flash::Flash;
use super::image::Image;
use crate::process::{output, program, target_directory};

/// What `keyfob firmware` reads of an image before it puts it on a board.
#[derive(Serialize)]
struct Manifest<'a> {
    schema: &'a str,
    board: &'a str,
    title: &'a str,
    number: u8,
    chip: String,
    probe: &'a str,
    version: String,
    compiler: String,
    flash: u64,
    ram: u64,
    stack: u64,
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    name: String,
    size: usize,
    sha256: String,
}

/// Writes a board's files into its folder, which is returned.
///
/// # Errors
/// If that can't be written.
pub(crate) fn write(board: &Board, elf: &[u8], image: &Image) -> Result<PathBuf> {
    let folder = target_directory()?.join("firmware/images").join(&board.name);
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    let flash = Flash::of(board, elf)?;
    let mut contents = vec![("elf", elf.to_vec()), ("uf2", flash.uf2(board.chip)?)];
    if board.chip == Chip::Nrf52840 {
        contents.push(("hex", flash.hex()?.into_bytes()));
    }
    for (ending, content) in contents {
        let name = format!("keyfob-{}.{ending}", board.name);
        fs::write(folder.join(&name), &content)?;
        let sha256 = sha256(&[&content]).iter().map(|byte| format!("{byte:02x}")).collect();
        files.push(File { name, size: content.len(), sha256 });
    }
    let manifest = Manifest {
        schema: "keyfob-firmware-1",
        board: &board.name,
        title: &board.title,
        number: board.number,
        chip: format!("{:?}", board.chip),
        probe: &board.probe,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        compiler: output(&mut program("rustc", &["--version"]))?.trim().to_owned(),
        flash: image.footprint.flash,
        ram: image.footprint.ram,
        stack: image.stack,
        files,
    };
    fs::write(folder.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
    Ok(folder)
}
