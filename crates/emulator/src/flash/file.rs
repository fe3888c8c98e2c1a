//! An image's file: private, locked, written in place.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Why there is no image in a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// There is no file of that name.
    #[error("{}: there is no such image", path.display())]
    Missing {
        /// The name.
        path: PathBuf,
    },
    /// A new image was to be made, and there is a file of that name.
    #[error("{}: there is such a file already", path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// Another emulator runs on the image.
    #[error("{}: another emulator runs on this image", path.display())]
    Locked {
        /// The name.
        path: PathBuf,
    },
    /// The file is no image.
    #[error("{}: not a token's image, which has {expected} bytes; this has {found}", path.display())]
    Size {
        /// The name.
        path: PathBuf,
        /// The file's size in bytes.
        found: u64,
        /// An image's size in bytes.
        expected: u64,
    },
    /// The file failed.
    #[error("{}: {source}", path.display())]
    File {
        /// The name.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

pub(super) struct ImageFile {
    path: PathBuf,
    file: File,
    /// A system that couldn't write something back may say so once only, and has dropped it: no later barrier of this
    /// file means anything.
    failed: Option<io::ErrorKind>,
}

impl ImageFile {
    pub(super) fn create(path: &Path, content: &[u8]) -> Result<Self, ImageError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut created = Self::locked(path, options.open(path))?;
        created.fill(content).map_err(|source| ImageError::File { path: path.to_owned(), source })?;
        Ok(created)
    }

    pub(super) fn open(path: &Path, size: usize) -> Result<(Self, Vec<u8>), ImageError> {
        let mut opened = Self::locked(path, OpenOptions::new().read(true).write(true).open(path))?;
        let failed = |source| ImageError::File { path: path.to_owned(), source };
        let (found, expected) = (opened.file.metadata().map_err(failed)?.len(), size as u64);
        if found != expected {
            return Err(ImageError::Size { path: path.to_owned(), found, expected });
        }
        let mut content = vec![0; size];
        opened.file.read_exact(&mut content).map_err(failed)?;
        Ok((opened, content))
    }

    /// Puts a new file in this one's place, which is locked before it has the name.
    pub(super) fn replaced(&self, content: &[u8]) -> Result<Self, ImageError> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        // What an interruption has left.
        let _removed = std::fs::remove_file(&new);
        let mut created = Self::create(&new, content)?;
        let failed = |source| ImageError::File { path: self.path.clone(), source };
        std::fs::rename(&new, &self.path).map_err(failed)?;
        created.path.clone_from(&self.path);
        created.synchronise_name().map_err(failed)?;
        Ok(created)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&mut self, offset: u32, bytes: &[u8]) -> io::Result<()> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, offset.into());
        #[cfg(not(unix))]
        {
            use std::io::{Seek, SeekFrom};
            self.file.seek(SeekFrom::Start(offset.into()))?;
            self.file.write_all(bytes)
        }
    }

    pub(super) fn synchronise(&mut self) -> io::Result<()> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        self.file.sync_data().inspect_err(|error| self.failed = Some(error.kind()))
    }

    fn locked(path: &Path, opened: io::Result<File>) -> Result<Self, ImageError> {
        let path = path.to_owned();
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ImageError::Missing { path }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(ImageError::Exists { path }),
            Err(source) => return Err(ImageError::File { path, source }),
        };
        match file.try_lock() {
            // Another emulator may have put another file in its place in between.
            Ok(()) if !has_name(&file, &path) => Err(ImageError::Locked { path }),
            Ok(()) => Ok(Self { path, file, failed: None }),
            Err(TryLockError::WouldBlock) => Err(ImageError::Locked { path }),
            Err(TryLockError::Error(source)) => Err(ImageError::File { path, source }),
        }
    }

    fn fill(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        self.file.sync_all()?;
        self.synchronise_name()
    }

    /// The name is durable once its directory is.
    fn synchronise_name(&self) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(parent) = self.path.parent() {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn has_name(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |found: io::Result<std::fs::Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
    identity(file.metadata()) == identity(std::fs::metadata(path))
}

#[cfg(not(unix))]
fn has_name(_: &File, _: &Path) -> bool {
    true
}
