//! A maker's directory.

use std::path::Path;

use keyfob_crypto::{Entropy, P256Signing, SigningKey};
use keyfob_signed::Levels;

use super::DirectoryError;
use super::folder::{self, Folder};
use super::secret_key::{self, Purpose};
use crate::{Maker, MakerError};

/// A maker's keys on disk, locked while this lives.
pub struct MakerDirectory {
    _folder: Folder,
    maker: Maker,
}

impl MakerDirectory {
    /// Makes a maker of real tokens, whose batch may certify up to `levels`, and keeps it at `path`.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub fn create(path: &Path, levels: Levels, entropy: &mut impl Entropy) -> Result<Self, DirectoryError> {
        let maker = Maker::create(levels, entropy).map_err(refused(path))?;
        let folder = Folder::create(path)?;
        let (root, batch) = maker.keys();
        secret_key::write(&folder.join("root.key"), Purpose::MAKER_ROOT, &root.to_secret())?;
        secret_key::write(&folder.join("batch.key"), Purpose::MAKER_BATCH, &batch.to_secret())?;
        folder::write_new(&folder.join("batch.certificate"), maker.batch())?;
        Ok(Self { _folder: folder, maker })
    }

    /// Opens the maker at `path`.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let folder = Folder::open(path)?;
        let key = |name: &str, purpose| {
            let at = folder.join(name);
            let (_, key) = secret_key::read(&at, &[purpose])?;
            P256Signing::from_secret(&key).map_err(|_| DirectoryError::NotAKey(at))
        };
        let root = key("root.key", Purpose::MAKER_ROOT)?;
        let batch_key = key("batch.key", Purpose::MAKER_BATCH)?;
        let batch = folder::read(&folder.join("batch.certificate"))?;
        let maker = Maker::from_parts(root, batch_key, batch).map_err(refused(path))?;
        Ok(Self { _folder: folder, maker })
    }

    /// The maker.
    #[must_use]
    pub fn maker(&self) -> &Maker {
        &self.maker
    }
}

fn refused(path: &Path) -> impl FnOnce(MakerError) -> DirectoryError {
    |reason| DirectoryError::Maker { path: path.to_owned(), reason }
}
