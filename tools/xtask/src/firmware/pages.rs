//! The pages' tables, made of the boards' files and of what was built.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use keyfob_board::Board;

use super::image::Image;
use crate::process::root;

/// Writes the board's table into its page.
///
/// # Errors
/// If the page has no place for it, or can't be written.
pub(crate) fn record_board(board: &Board) -> Result<()> {
    replace(&page(board), "board", &board.table())
}

/// Writes the table of images.
///
/// # Errors
/// As [`record_board`].
pub(crate) fn record_images(images: &[(&Board, Image, usize)]) -> Result<()> {
    let mut table = String::from(
        "| `cargo xtask firmware`, in bytes | flash, of 160,000 | static RAM, of 48,000 | room of the stack | functions that can panic |\n|---|--:|--:|--:|--:|\n",
    );
    for (board, image, panics) in images {
        let [flash, ram, stack] = [image.footprint.flash, image.footprint.ram, image.stack].map(grouped);
        table += &format!("| {} | {flash} | {ram} | {stack} | {panics} |\n", board.title);
    }
    replace(&root().join("docs/firmware.md"), "images", &table)
}

/// The board's page.
pub(crate) fn page(board: &Board) -> PathBuf {
    root().join("docs/boards").join(format!("{}.md", board.name))
}

fn replace(path: &PathBuf, name: &str, table: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let place = || format!("{} has no place for the table {name}", path.display());
    let (before, rest) = text.split_once(&format!("<!-- {name} -->\n")).with_context(place)?;
    let (_, after) = rest.split_once("<!-- end -->").with_context(place)?;
    Ok(fs::write(path, format!("{before}<!-- {name} -->\n{table}<!-- end -->{after}"))?)
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
