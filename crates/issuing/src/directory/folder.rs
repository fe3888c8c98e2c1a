//! A locked folder, and files that come into being whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::DirectoryError;

/// A folder that nobody else uses meanwhile.
pub(super) struct Folder {
    path: PathBuf,
    /// Unlocked when it is closed.
    _lock: File,
}

impl Folder {
    /// Opens a folder, which is made if it isn't there.
    pub(super) fn create(path: &Path) -> Result<Self, DirectoryError> {
        make_folder(path)?;
        Self::open(path)
    }

    pub(super) fn open(path: &Path) -> Result<Self, DirectoryError> {
        if !path.is_dir() {
            return Err(DirectoryError::Missing(path.to_owned()));
        }
        refuse_open_permissions(path, 0o700)?;
        let at = path.join("lock");
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false)).open(&at).map_err(io(&at))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DirectoryError::Locked(path.to_owned())),
            Err(TryLockError::Error(reason)) => Err(DirectoryError::Io { path: at, reason }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

/// Makes a folder that only its owner may enter, and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), DirectoryError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(io(path))
}

/// Writes a new file that only its owner may read.
pub(super) fn write_new(path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
    let mut file = match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(reason) if reason.kind() == io::ErrorKind::AlreadyExists => {
            return Err(DirectoryError::Exists(path.to_owned()));
        }
        other => other.map_err(io(path))?,
    };
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        // It came into being just now, so nothing is lost with it.
        drop(file);
        fs::remove_file(path).map_err(io(path))?;
    }
    written.map_err(io(path))?;
    sync_folder_of(path)
}

/// Puts a file in the place of what was there, in one step.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&new).map_err(io(&new))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(io(&new))?;
    drop(file);
    rename(&new, path)
}

/// Gives a file another name, durably; what had that name is gone.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), DirectoryError> {
    fs::rename(from, to).map_err(io(from))?;
    sync_folder_of(to)
}

/// Reads a file that must be there.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DirectoryError> {
    fs::read(path).map_err(missing(path))
}

/// Refuses what others than the owner may read or change.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "permissions are Unix's"))]
pub(super) fn refuse_open_permissions(path: &Path, mode: u32) -> Result<(), DirectoryError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let found = fs::metadata(path).map_err(missing(path))?.permissions().mode();
        if found & 0o077 != 0 {
            return Err(DirectoryError::TooOpen { path: path.to_owned(), mode });
        }
    }
    let _ = (path, mode);
    Ok(())
}

/// Turns an error of the system into one that says where.
pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError {
    |reason| DirectoryError::Io { path: path.to_owned(), reason }
}

/// The same, but says plainly if nothing is there.
pub(super) fn missing(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError {
    |reason| match reason.kind() {
        io::ErrorKind::NotFound => DirectoryError::Missing(path.to_owned()),
        _ => DirectoryError::Io { path: path.to_owned(), reason },
    }
}

/// Files are their owner's only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a name durable: on Unix it belongs to the folder, which is written for itself.
fn sync_folder_of(path: &Path) -> Result<(), DirectoryError> {
    if let (true, Some(folder)) = (cfg!(unix), path.parent()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
    }
    Ok(())
}
