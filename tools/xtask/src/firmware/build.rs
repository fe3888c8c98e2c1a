//! One image, built the same wherever the checkout lies.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use keyfob_board::Board;

use crate::curve::Curve;
use crate::footprint::sysroot_of;
use crate::process::{cargo, root, run, target_directory};

/// What an image is built of.
pub(crate) struct Build {
    package: String,
    target: String,
    sysroot: String,
    root: PathBuf,
    target_dir: PathBuf,
}

impl Build {
    /// The board's image from this checkout; none if the compiler has no libraries for its target.
    ///
    /// # Errors
    /// If Cargo can't read the workspace.
    pub(crate) fn of(board: &Board) -> Result<Option<Self>> {
        let package = format!("keyfob-{}", board.name);
        let target = board.target.clone();
        let target_dir = target_directory()?.join("firmware");
        Ok(sysroot_of(&target).map(|sysroot| Self { package, target, sysroot, root: root(), target_dir }))
    }

    /// The same from another checkout.
    pub(crate) fn elsewhere(self, root: PathBuf, target_dir: PathBuf) -> Self {
        Self { root, target_dir, ..self }
    }

    /// Builds, and returns the ELF file's content.
    ///
    /// # Errors
    /// If it doesn't build.
    pub(crate) fn run(&self) -> Result<Vec<u8>> {
        let path = self.path()?;
        fs::read(&path).with_context(|| path.display().to_string())
    }

    /// Has Clippy look at what the board's image is made of.
    ///
    /// # Errors
    /// If it finds something.
    pub(crate) fn clippy(&self) -> Result<()> {
        run(self.cargo("clippy")?.args(["--", "-D", "warnings"]))
    }

    fn path(&self) -> Result<PathBuf> {
        run(self.cargo("build")?.stdout(Stdio::inherit()))?;
        Ok(self.target_dir.join(&self.target).join("release").join(&self.package))
    }

    fn cargo(&self, what: &str) -> Result<Command> {
        let firmware = self.root.join("firmware");
        let mut command = cargo(&[what, "--quiet", "--release", "--locked", "--package", &self.package]);
        // There Cargo finds the flags of every image, to which these are added.
        command.current_dir(&firmware).args(["--target", &self.target]).arg("--target-dir").arg(&self.target_dir);
        command.arg("--config").arg(format!("target.{}.rustflags = {:?}", self.target, self.flags()?));
        command.args(Curve::of_boards(&self.target).options());
        command.env("RUSTC_WRAPPER", firmware.join("rustc")).env("KEYFOB_SOURCES", &self.root);
        // The user's own flags would make another image than the one that is quoted.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        Ok(command)
    }

    /// Folders are named alike everywhere, in what the compiler notes of a source's place. Symbols say which type a
    /// function is for.
    fn flags(&self) -> Result<Vec<String>> {
        let home = cargo_home()?;
        let map = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        Ok(vec![
            format!("--sysroot={}", self.sysroot),
            "-Csymbol-mangling-version=v0".to_owned(),
            map(&self.root, "/keyfob"),
            map(&self.target_dir, "/target"),
            map(&home, "/cargo"),
            map(Path::new(&self.sysroot), "/rust"),
        ])
    }
}

/// Builds a board's image and returns its path, for what runs it; none if the compiler has no libraries for it.
///
/// # Errors
/// If it doesn't build, or there is no such board.
pub(crate) fn build_image(name: &str) -> Result<Option<PathBuf>> {
    let boards = super::chosen(&[name.to_owned()])?;
    let board = boards.first().context("no board")?;
    Build::of(board)?.map(|build| build.path()).transpose()
}

fn cargo_home() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).context("Cargo has no home")
}
