//! Images for boards: built, held to their budgets, and written as people load them.

mod build;
mod flash;
mod image;
mod manifest;
mod pages;
mod panics;
mod reproduce;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use keyfob_board::Board;

use crate::process::{cargo, root, run as run_command, target_directory};
use crate::proof::Proof;
use build::Build;
pub(crate) use build::build_image;
use image::Image;

/// The most that an image may take of flash, in bytes.
const FLASH: u64 = 160_000;
/// The most that variables may take, in bytes; the stack comes on top.
const RAM: u64 = 48_000;
/// The board whose image CI builds twice.
const REPRODUCED: &str = "nrf52840-dongle";

/// What to build.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// A board; all of them without.
    #[arg(long = "board", value_name = "NAME")]
    boards: Vec<String>,
    /// Builds in another folder, too, and compares.
    #[arg(long)]
    reproduce: bool,
    /// Writes the tables of the documentation anew, and the list of what can panic but for its reasons.
    #[arg(long)]
    record: bool,
}

/// Builds, measures, prints, and refuses what breaks a budget.
///
/// # Errors
/// If an image can't be built, is too large, can panic where it mustn't, or isn't the same in another folder.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    let boards = chosen(&options.boards)?;
    let (mut over, mut built) = (Vec::new(), Vec::new());
    for board in &boards {
        let Some(build) = Build::of(board)? else {
            let lack = format!("firmware: there is no `core` for {} on this machine", board.target);
            return Ok(Proof::<()>::NotProven(lack).announce());
        };
        let elf = build.run()?;
        let image = Image::read(&elf)?;
        println!("{} ({})\n{image}", board.title, board.name);
        over.extend(image.over(FLASH, RAM).into_iter().map(|what| format!("{}: {what}", board.name)));
        let panics = panics::Panics::of(&board.name, &elf, options.record)?;
        println!("{panics}");
        over.extend(panics.refused.iter().map(|what| format!("{}: {what}", board.name)));
        let folder = manifest::write(board, &elf, &image)?;
        println!("images               {}\n", folder.display());
        if options.reproduce {
            reproduce::check(board, &elf)?;
        }
        built.push((board, image, panics.found));
    }
    if options.record {
        boards.iter().try_for_each(pages::record_board)?;
        pages::record_images(&built)?;
    }
    for line in &over {
        println!("{line}");
    }
    if !over.is_empty() {
        bail!("{} of the firmware's limits broken", over.len());
    }
    Ok(Proof::Proven(()))
}

/// All boards, one of them from another folder as well, and what of them runs on a PC or is said by the compiler.
///
/// # Errors
/// As [`run`].
pub(crate) fn in_ci() -> Result<Proof> {
    let all = run(&Options::default())?;
    if let Proof::Proven(()) = all {
        for board in chosen(&[])? {
            Build::of(&board)?.context("the compiler's libraries have gone")?.clippy()?;
        }
        run(&Options { boards: vec![REPRODUCED.to_owned()], reproduce: true, ..Options::default() })?;
        let target = target_directory()?.join("firmware");
        let mut tests = cargo(&["test", "--quiet", "--locked", "--package", "keyfob-firmware", "--lib"]);
        run_command(tests.current_dir(root().join("firmware")).arg("--target-dir").arg(target))?;
    }
    Ok(all)
}

/// Reads the boards' files, all or those that were asked for, in order of their numbers.
///
/// # Errors
/// If a file can't be read, or there is no such board.
pub(crate) fn chosen(names: &[String]) -> Result<Vec<Board>> {
    let mut boards = Vec::new();
    for entry in fs::read_dir(root().join("firmware/boards"))? {
        let path: PathBuf = entry?.path().join("board.toml");
        if path.is_file() {
            let text = fs::read_to_string(&path)?;
            boards.push(Board::parse(&text).with_context(|| path.display().to_string())?);
        }
    }
    boards.sort_by_key(|board| board.number);
    let known: Vec<_> = boards.iter().map(|board| board.name.clone()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        bail!("there is no board {unknown}; there are {}", known.join(", "));
    }
    if !names.is_empty() {
        boards.retain(|board| names.contains(&board.name));
    }
    Ok(boards)
}
