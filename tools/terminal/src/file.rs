//! Files that people name: bounded when read, never overwritten when written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::{Exit, Failure};

/// The longest input that is read, in bytes.
pub const MAX_INPUT: u64 = 1 << 20;

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Whoever the system's defaults let.
    Public,
    /// Its owner only.
    Secret,
}

/// Reads a file of at most [`MAX_INPUT`] bytes; `-` is standard input.
///
/// # Errors
/// `file-unreadable`, `file-too-long`.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_up_to(path, MAX_INPUT)
}

/// Reads a file of at most that many bytes; `-` is standard input.
///
/// # Errors
/// `file-unreadable`, `file-too-long`.
pub fn read_up_to(path: &Path, longest: u64) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: io::Error| {
        Failure::new("file-unreadable", Exit::Failure, format_args!("cannot read {}: {error}", path.display()))
    };
    let mut bytes = Vec::new();
    let input: &mut dyn Read =
        if path == Path::new("-") { &mut io::stdin().lock() } else { &mut File::open(path).map_err(unreadable)? };
    input.take(longest + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > longest {
        let message = format_args!("{} is longer than {longest} bytes", path.display());
        return Err(Failure::new("file-too-long", Exit::Failure, message));
    }
    Ok(bytes)
}

/// Writes a new file and waits until it is on disk; what was there is never overwritten.
///
/// # Errors
/// `file-exists`, `file-unwritable`.
pub fn write_new(path: &Path, bytes: &[u8], privacy: Privacy) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if privacy == Privacy::Secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = privacy;
    let mut file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new("file-exists", Exit::Failure, format_args!("{} is there already", path.display()))
        }
        _ => unwritable(path, &error),
    })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a file is worse than none; if it can't go either, the error says enough.
        let _ = std::fs::remove_file(path);
        unwritable(path, &error)
    })
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new("file-unwritable", Exit::Failure, format_args!("cannot write {}: {error}", path.display()))
}
