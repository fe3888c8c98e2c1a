//! Tells the linker and the code what the board's file says.

use std::path::PathBuf;
use std::{env, fs};

use keyfob_board::Board;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let board = Board::parse(&fs::read_to_string("board.toml")?)?;
    fs::write(out.join("memory.x"), board.memory_x())?;
    fs::write(out.join("board.rs"), board.code())?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=board.toml");
    Ok(())
}
