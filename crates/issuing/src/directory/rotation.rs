//! A new root in a vendor's directory, and a new epoch. What is interrupted goes on where it was when it is begun again.

use std::path::{Path, PathBuf};

use keyfob_crypto::{Entropy, P256Signing, PublicKey, SigningKey};
use keyfob_signed::VendorRoot;
use keyfob_wire::Serial;

use super::folder::{self, Folder};
use super::secret_key::{self, Purpose};
use super::vendor::{ROOT, purpose, root_key};
use super::{DirectoryError, RotationFailed, VendorDirectory};
use crate::{Predecessor, Vendor, VendorKind};

impl VendorDirectory {
    /// Revokes all that was certified up to now: what is certified from now on is of the next epoch. Tokens learn of it
    /// by an update with [`RaiseEpoch`](crate::Step::RaiseEpoch).
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub fn revoke(&mut self) -> Result<u32, DirectoryError> {
        let path = self.folder.join(EPOCH);
        let epoch = self.vendor.epoch().checked_add(1).ok_or_else(|| DirectoryError::Epoch(path.clone()))?;
        folder::replace(&path, format!("{epoch}\n").as_bytes())?;
        self.reload(epoch)?;
        Ok(epoch)
    }

    /// The key that can change the tokens' root besides the root, made when it is first asked for. It is good only where
    /// the root isn't: keep its file elsewhere.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub fn recovery_key(&mut self, entropy: &mut impl Entropy) -> Result<PublicKey, DirectoryError> {
        let path = self.folder.join(RECOVERY);
        made_once(&path, recovery_purpose(self.vendor.kind()), entropy).map(|key| key.public())
    }

    /// Where the recovery key lies.
    #[must_use]
    pub fn recovery_path(&self) -> PathBuf {
        self.folder.join(RECOVERY)
    }

    /// Gives the vendor a new root, and each token a root change file. The old root's key is kept beside it.
    ///
    /// # Errors
    /// See [`RotationFailed`]; begun again, it goes on with the same new root.
    pub fn rotate_root(&mut self, entropy: &mut impl Entropy) -> Result<Vec<(Serial, PathBuf)>, RotationFailed> {
        let kind = self.vendor.kind();
        let next = self.folder.join(NEXT);
        let key = made_once(&next, purpose(kind), entropy)?;
        let new = Vendor::from_key(kind, key).in_epoch(self.vendor.epoch());
        let files = self.take_over(&new, &Predecessor::Root(&self.vendor), entropy)?;
        let old = (1_u32..).map(|number| self.folder.join(format!("root.old-{number}.key"))).find(|at| !at.exists());
        folder::rename(&self.folder.join(ROOT), &old.unwrap_or_else(|| self.folder.join("root.old.key")))?;
        folder::rename(&next, &self.folder.join(ROOT))?;
        self.vendor = new;
        Ok(files)
    }

    /// Gives a vendor whose root key is lost a new one, by the recovery key in the directory, and each token that was
    /// told this key a root change file.
    ///
    /// # Errors
    /// See [`RotationFailed`]; begun again, it goes on with the same new root.
    pub fn recover_root(
        path: &Path,
        old: VendorRoot,
        entropy: &mut impl Entropy,
    ) -> Result<(Self, Vec<(Serial, PathBuf)>), RotationFailed> {
        let folder = Folder::open(path)?;
        let root = folder.join(ROOT);
        if root.exists() {
            return Err(DirectoryError::Exists(root).into());
        }
        let at = folder.join(RECOVERY);
        let purposes = [recovery_purpose(VendorKind::Production), recovery_purpose(VendorKind::Test)];
        let (found, recovery) = secret_key::read(&at, &purposes)?;
        let recovery = P256Signing::from_secret(&recovery).map_err(|_| DirectoryError::NotAKey(at))?;
        let kind = match found == recovery_purpose(VendorKind::Production) {
            true => VendorKind::Production,
            false => VendorKind::Test,
        };
        let next = folder.join(RECOVERED);
        let new = Vendor::from_key(kind, made_once(&next, purpose(kind), entropy)?).in_epoch(epoch(&folder)?);
        let copy = Vendor::from_key(kind, root_key(&next)?.1).in_epoch(new.epoch());
        let directory = Self { folder, vendor: copy };
        let by_recovery = Predecessor::Recovery { root: old, key: &recovery };
        let files = directory.take_over(&new, &by_recovery, entropy)?;
        folder::rename(&next, &root)?;
        Ok((directory, files))
    }

    /// Takes all tokens over that aren't yet.
    fn take_over(
        &self,
        new: &Vendor,
        from: &Predecessor<'_>,
        entropy: &mut impl Entropy,
    ) -> Result<Vec<(Serial, PathBuf)>, RotationFailed> {
        let mut files = Vec::new();
        for serial in self.tokens()? {
            let record = self.token(serial)?;
            if record.endorsement(new.root()).is_err() {
                let taken = new.take_over(from, &record, entropy)?;
                folder::make_folder(&self.updates(serial))?;
                folder::replace(&self.root_change_path(serial, taken.record.root_changes), &taken.file)?;
                self.replace_record(&taken.record)?;
            }
            let number = self.token(serial)?.root_changes;
            files.push((serial, self.root_change_path(serial, number)));
        }
        Ok(files)
    }

    /// Where a root change file that was made lies.
    #[must_use]
    pub fn root_change_path(&self, serial: Serial, number: u32) -> PathBuf {
        self.updates(serial).join(format!("root-{number:04}.kfr"))
    }

    /// Takes the directory's vendor up again in an epoch.
    fn reload(&mut self, epoch: u32) -> Result<(), DirectoryError> {
        let (kind, key) = root_key(&self.folder.join(ROOT))?;
        self.vendor = Vendor::from_key(kind, key).in_epoch(epoch);
        Ok(())
    }
}

/// Ends a rotation that was interrupted between its last two steps.
pub(super) fn settle(folder: &Folder) -> Result<(), DirectoryError> {
    let (root, next) = (folder.join(ROOT), folder.join(NEXT));
    if !root.exists() && next.exists() { folder::rename(&next, &root) } else { Ok(()) }
}

/// The epoch that the directory is in.
pub(super) fn epoch(folder: &Folder) -> Result<u32, DirectoryError> {
    let path = folder.join(EPOCH);
    match folder::read(&path) {
        Err(DirectoryError::Missing(_)) => Ok(crate::vendor::FIRST_EPOCH),
        Err(error) => Err(error),
        Ok(text) => {
            let number = std::str::from_utf8(&text).ok().and_then(|text| text.trim_end().parse().ok());
            number.ok_or(DirectoryError::Epoch(path))
        }
    }
}

fn made_once(
    path: &Path,
    purpose: Purpose<'static>,
    entropy: &mut impl Entropy,
) -> Result<P256Signing, DirectoryError> {
    if !path.exists() {
        secret_key::write(path, purpose, &P256Signing::generate(entropy).to_secret())?;
    }
    let (_, key) = secret_key::read(path, &[purpose])?;
    P256Signing::from_secret(&key).map_err(|_| DirectoryError::NotAKey(path.to_owned()))
}

fn recovery_purpose(kind: VendorKind) -> Purpose<'static> {
    match kind {
        VendorKind::Production => Purpose("vendor-recovery"),
        VendorKind::Test => Purpose("test-vendor-recovery"),
    }
}

const NEXT: &str = "root.next.key";
const RECOVERED: &str = "root.recovered.key";
const RECOVERY: &str = "recovery.key";
const EPOCH: &str = "epoch";
