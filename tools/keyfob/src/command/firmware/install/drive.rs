//! The drives of bootloaders.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use keyfob_terminal::{Exit, Failure, plain};

use crate::command::firmware::image::{Kind, other_board};

/// The file by which a bootloader says what it is (UF2's specification, "Embedded files").
const INFO: &str = "INFO_UF2.TXT";
/// No bootloader says more.
const LONGEST: u64 = 4096;

/// A bootloader's drive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drive {
    pub(super) path: PathBuf,
    model: String,
    board_id: String,
}

impl Drive {
    /// Looks whether a folder is the drive of a bootloader.
    fn at(path: &Path) -> Option<Self> {
        let mut text = Vec::new();
        File::open(path.join(INFO)).ok()?.take(LONGEST).read_to_end(&mut text).ok()?;
        let text = String::from_utf8_lossy(&text);
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.split_once(':').filter(|(name, _)| name.trim() == key));
            line.map(|(_, value)| value.trim().to_owned())
        };
        Some(Self { path: path.to_owned(), model: value("Model").unwrap_or_default(), board_id: value("Board-ID")? })
    }

    /// Whether it is still there.
    pub(super) fn is_there(&self) -> bool {
        self.path.join(INFO).exists()
    }

    /// What it says of itself.
    pub(super) fn says(&self) -> String {
        format!("{} ({})", plain(&self.board_id), plain(&self.model))
    }
}

/// The drive that was named, or the only one that is there, if it is of the image's board.
///
/// # Errors
/// `no-drive`, `several-drives`, `board-mismatch`.
pub(super) fn choose(named: Option<&Path>, root: &Path, kind: &Kind) -> Result<Drive, Failure> {
    let drive = match named {
        Some(path) => Drive::at(path).ok_or_else(|| {
            let message = format_args!("{} is no bootloader's drive: it has no {INFO}", path.display());
            Failure::new("no-drive", Exit::NoToken, message)
        })?,
        None => only(root, kind)?,
    };
    if kind.is_of_drive(&drive.board_id) {
        return Ok(drive);
    }
    let message = format_args!("the image is for a {}, the drive is of {}", kind.title(), drive.says());
    Err(other_board(message))
}

fn only(root: &Path, kind: &Kind) -> Result<Drive, Failure> {
    let mut drives: Vec<_> =
        candidates(std::env::consts::OS, root).iter().filter_map(|folder| Drive::at(folder)).collect();
    match drives.len() {
        0 => Err(Failure::new("no-drive", Exit::NoToken, "no bootloader's drive is there").hint(format_args!(
            "bring the {} into its bootloader: {}",
            kind.title(),
            kind.way_in
        ))),
        1 => Ok(drives.remove(0)),
        _ => {
            let names = drives.iter().map(|drive| drive.path.display().to_string()).collect::<Vec<_>>();
            let message = format_args!("several bootloaders' drives are there: {}", names.join(", "));
            Err(Failure::new("several-drives", Exit::NoToken, message))
        }
    }
}

/// Where a drive may be.
fn candidates(system: &str, root: &Path) -> Vec<PathBuf> {
    let mut folders = match system {
        "linux" => {
            let mounts = fs::read_to_string(root.join("proc/mounts")).unwrap_or_default();
            fat_folders(&mounts).iter().map(|folder| root.join(folder.strip_prefix("/").unwrap_or(folder))).collect()
        }
        "windows" if root == Path::new("/") => ('D'..='Z').map(|letter| format!("{letter}:\\").into()).collect(),
        "windows" => ('D'..='Z').map(|letter| root.join(letter.to_string())).collect(),
        _ => {
            let volumes = fs::read_dir(root.join("Volumes")).into_iter().flatten().flatten();
            volumes.map(|volume| volume.path()).collect::<Vec<_>>()
        }
    };
    folders.sort();
    folders.dedup();
    folders
}

/// The folders at which FAT drives are mounted. Others aren't touched: one of a server that doesn't answer would never
/// end.
fn fat_folders(mounts: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        if let (Some(folder), Some("vfat" | "msdos")) = (fields.next(), fields.next()) {
            folders.extend(unescaped(folder));
        }
    }
    folders
}

/// A path as /proc/mounts writes it: blanks, tabs, line ends and backslashes are three octal digits behind a backslash.
fn unescaped(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        match (byte, behind) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', behind @ ..]) => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = behind;
            }
            _ => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    path(bytes)
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}
