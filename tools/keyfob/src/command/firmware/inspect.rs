//! `keyfob firmware inspect`.

use std::path::PathBuf;

use clap::Args;
use keyfob_terminal::{Exit, Failure, Global};

use super::image::{Image, Manifest, Uf2};
use crate::tree::Tree;

#[derive(Args)]
pub(in crate::command) struct Inspect {
    /// The folder with manifest.json that `cargo xtask firmware` made, or a UF2 file
    path: PathBuf,
}

impl Inspect {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let image = Image::read(&self.path)?;
        let tree = tree(&image);
        global.print("keyfob.firmware-inspect.v1", &tree, || &tree)?;
        global.note("it is whole; nothing in it says who made it, so take images from whom you trust");
        Ok(Exit::Done)
    }
}

fn tree(image: &Image) -> Tree {
    let kind = image.kind;
    let tree = match &image.manifest {
        Some(Manifest { board, title, probe, version, compiler, flash, ram, stack, .. }) => Tree::default()
            .with("board", board.as_str())
            .with("title", title.as_str())
            .with("number", kind.board.0)
            .with("chip", kind.chip)
            .with("probe", probe.as_str())
            .with("version", version.as_str())
            .with("compiler", compiler.as_str())
            .with("flash_bytes", *flash)
            .with("ram_bytes", *ram)
            .with("stack_bytes", *stack),
        None => Tree::default().with("title", kind.title()).with("number", kind.board.0).with("chip", kind.chip),
    };
    let uf2 = image.uf2.map(|Uf2 { blocks, start, end }| {
        Tree::default()
            .with("family", format!("{:#010x}", kind.family.0))
            .with("blocks", blocks as u64)
            .with("start", format!("{start:#010x}"))
            .with("end", format!("{end:#010x}"))
    });
    let files = image.files.iter().map(|file| {
        Tree::default()
            .with("name", file.name.as_str())
            .with("size", file.bytes.len() as u64)
            .with("sha256", file.sha256.as_str())
    });
    tree.with_some("uf2", uf2).with("files", files.collect::<Vec<_>>())
}
