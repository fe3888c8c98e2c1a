//! Where a vendor's keys and records lie, and files that are about to be written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use keyfob_issuing::directory::{DirectoryError, VendorDirectory};
use keyfob_issuing::{OsEntropy, VendorKind};
use keyfob_terminal::{Exit, Failure};

use crate::failure;

/// The vendor.
#[derive(Args)]
pub(crate) struct VendorAt {
    /// The vendor's directory
    #[arg(long, value_name = "DIR", env = "KEYFOB_VENDOR", hide_env_values = true, default_value = "keyfob-vendor")]
    dir: PathBuf,
}

impl VendorAt {
    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn create(&self, kind: VendorKind) -> Result<VendorDirectory, Failure> {
        refuse_existing(&self.dir.join(ROOT_KEY))?;
        refuse_existing(&self.dir.join(ROOT_PUB))?;
        VendorDirectory::create(&self.dir, kind, &mut OsEntropy).map_err(failure::directory)
    }

    pub(crate) fn open(&self) -> Result<VendorDirectory, Failure> {
        expect_root_key(&self.dir)?;
        VendorDirectory::open(&self.dir).map_err(failure::directory)
    }
}

/// The maker. Its variable is read here and not by the parser, for which a variable would be as good as a flag, and
/// `--test` goes with none.
#[derive(Args)]
pub(crate) struct MakerAt {
    /// The maker's directory; otherwise that of KEYFOB_MAKER, or keyfob-maker
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl MakerAt {
    pub(crate) fn path(&self) -> PathBuf {
        let variable = || std::env::var_os("KEYFOB_MAKER").filter(|path| !path.is_empty());
        self.dir.clone().or_else(|| variable().map(PathBuf::from)).unwrap_or_else(|| PathBuf::from("keyfob-maker"))
    }
}

/// The root's secret key.
pub(crate) const ROOT_KEY: &str = "root.key";
/// The root's public key, in hexadecimal digits.
pub(crate) const ROOT_PUB: &str = "root.pub";

/// Refuses a directory without a root key, before anything is made in it, be it only the lock.
pub(crate) fn expect_root_key(directory: &Path) -> Result<(), Failure> {
    let root = directory.join(ROOT_KEY);
    match root.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(failure::directory(DirectoryError::Missing(root))),
        _ => Ok(()),
    }
}

/// Refuses to overwrite a file, before anything else is done.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new("file-exists", Exit::Failure, format_args!("{} is there already", path.display())));
    }
    Ok(())
}

/// Refuses an output that can't be written, before what should stand in it is made.
pub(crate) fn expect_writable(path: &Path) -> Result<(), Failure> {
    refuse_existing(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if !folder.is_dir() {
        let message = format_args!("cannot write {}: {} is no folder", path.display(), folder.display());
        return Err(Failure::new("file-unwritable", Exit::Failure, message));
    }
    Ok(())
}
