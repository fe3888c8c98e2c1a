//! What a board's build script does.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use crate::{Board, Chip};

/// Reads `board.toml` in the folder of the package that is built, and tells the linker and the code what it says: the
/// code includes `board.rs` from its `OUT_DIR`.
///
/// # Errors
/// If the file can't be read or used, or nothing can be written beside.
pub fn build() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let board = Board::parse(&fs::read_to_string("board.toml")?)?;
    fs::write(out.join("memory.x"), board.memory_x())?;
    fs::write(out.join("board.rs"), board.code())?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    if board.chip == Chip::RP2040 {
        // The second boot stage, which embassy-rp brings.
        println!("cargo:rustc-link-arg-bins=-Tlink-rp.x");
    }
    println!("cargo:rerun-if-changed=board.toml");
    Ok(())
}
