//! A vendor's directory.

use std::fs;
use std::path::{Path, PathBuf};

use keyfob_crypto::{Entropy, P256Signing, Secret, SigningKey};
use keyfob_wire::{FeatureId, Serial, Slot};

use super::folder::{self, Folder, io};
use super::rotation;
use super::secret_key::{self, Purpose};
use super::{DirectoryError, IssueFailed, RewindFailed};
use crate::{Endorsed, Issued, Standing, TokenRecord, UpdatePlan, Vendor, VendorKind, read_receipt};

/// A vendor's keys and records on disk, locked while this lives.
pub struct VendorDirectory {
    pub(super) folder: Folder,
    pub(super) vendor: Vendor,
}

impl VendorDirectory {
    /// Makes a vendor and keeps it at `path`.
    ///
    /// # Errors
    /// See [`DirectoryError`]; nothing is ever overwritten.
    pub fn create(path: &Path, kind: VendorKind, entropy: &mut impl Entropy) -> Result<Self, DirectoryError> {
        let folder = Folder::create(path)?;
        let vendor = Vendor::create(kind, entropy);
        secret_key::write(&folder.join(ROOT), purpose(kind), &vendor.key().to_secret())?;
        folder::make_folder(&folder.join(TOKENS))?;
        folder::make_folder(&folder.join(FEATURE_KEYS))?;
        Ok(Self { folder, vendor })
    }

    /// Opens the vendor at `path`.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let folder = Folder::open(path)?;
        rotation::settle(&folder)?;
        let (kind, key) = root_key(&folder.join(ROOT))?;
        let vendor = Vendor::from_key(kind, key).in_epoch(rotation::epoch(&folder)?);
        Ok(Self { folder, vendor })
    }

    /// The vendor.
    #[must_use]
    pub fn vendor(&self) -> &Vendor {
        &self.vendor
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Begins a token's record. To be done before the token gets the endorsement: one that never took it can be
    /// enrolled again.
    ///
    /// # Errors
    /// [`DirectoryError::TokenInUse`] if updates were issued for it already; see there for the others.
    pub fn add_token(&mut self, endorsed: &Endorsed) -> Result<TokenRecord, DirectoryError> {
        let path = self.record(endorsed.serial);
        match self.token(endorsed.serial) {
            Err(DirectoryError::Missing(_)) => {}
            Ok(record) if record.sequence.number == 0 => {}
            Ok(_) => return Err(DirectoryError::TokenInUse(path)),
            Err(error) => return Err(error),
        }
        let record = TokenRecord::new(endorsed);
        folder::make_folder(&self.folder.join(TOKENS))?;
        write_record(&path, &record)?;
        Ok(record)
    }

    /// The tokens that have a record, in order.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub fn tokens(&self) -> Result<Vec<Serial>, DirectoryError> {
        let path = self.folder.join(TOKENS);
        let mut serials = Vec::new();
        for entry in fs::read_dir(&path).map_err(folder::missing(&path))? {
            let name = entry.map_err(io(&path))?.file_name();
            let serial: Option<Serial> =
                name.to_str().and_then(|name| name.strip_suffix(".toml")).and_then(|name| name.parse().ok());
            serials.extend(serial);
        }
        serials.sort_unstable();
        Ok(serials)
    }

    /// A token's record.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] if there is none; see there for the others.
    pub fn token(&self, serial: Serial) -> Result<TokenRecord, DirectoryError> {
        let record = read_record(&self.record(serial), serial)?;
        // The record says that the update was issued: a command that was cut short left it under its interim name.
        let pending = self.pending(serial, record.sequence.number);
        if pending.exists() {
            folder::rename(&pending, &self.update_path(serial, record.sequence.number))?;
        }
        Ok(record)
    }

    /// Issues a token's next update. It is recorded before it is handed out, so no number is ever used twice; an update
    /// that the customer never applied must be applied before the next one, and [`update`](Self::update) gives it again.
    ///
    /// # Errors
    /// See [`IssueFailed`]; nothing was issued then.
    pub fn issue(
        &mut self,
        serial: Serial,
        plan: &UpdatePlan,
        entropy: &mut impl Entropy,
    ) -> Result<Issued, IssueFailed> {
        let before = self.token(serial)?;
        let issued = self.vendor.issue(&before, plan, entropy)?;
        let number = issued.record.sequence.number;
        let pending = self.pending(serial, number);
        folder::make_folder(&self.updates(serial))?;
        write_record(&self.history(serial, before.sequence.number), &before)?;
        folder::replace(&pending, &issued.file)?;
        write_record(&self.record(serial), &issued.record)?;
        folder::rename(&pending, &self.update_path(serial, number))?;
        Ok(issued)
    }

    /// Gives an update file that was issued, to be sent again.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] if it wasn't; see there for the others.
    pub fn update(&self, serial: Serial, number: u32) -> Result<Vec<u8>, DirectoryError> {
        let path = self.update_path(serial, number);
        if number > self.token(serial)?.sequence.number {
            return Err(DirectoryError::Missing(path));
        }
        folder::read(&path)
    }

    /// Where an update file that was issued lies.
    #[must_use]
    pub fn update_path(&self, serial: Serial, number: u32) -> PathBuf {
        self.updates(serial).join(format!("{number:04}.kfu"))
    }

    /// Withdraws the updates that a token hasn't applied, by the receipt that it gave for `nonce`: the record is again
    /// as it was after the last one applied, and gives their numbers anew. It is the way out if a token refuses an
    /// update for what only the token knows, such as its counters.
    ///
    /// # Errors
    /// See [`RewindFailed`]; nothing is changed then.
    ///
    /// # Security
    /// The customer can still apply what was withdrawn, in place of what is issued then; a receipt shows it.
    pub fn rewind(&mut self, serial: Serial, nonce: &[u8], receipt: &[u8]) -> Result<TokenRecord, RewindFailed> {
        let now = self.token(serial)?;
        let receipt = read_receipt(self.vendor.root(), &now, nonce, receipt)?;
        match Standing::of(&receipt, &now) {
            Standing::Behind { .. } => {}
            Standing::UpToDate => return Err(RewindFailed::UpToDate),
            Standing::Unknown => return Err(RewindFailed::Unknown),
        }
        let mut record = read_record(&self.history(serial, receipt.number), serial)?;
        if record.sequence.digest != receipt.last_update || record.endorsement != now.endorsement {
            return Err(RewindFailed::Unknown);
        }
        record.grant_number = now.grant_number;
        write_record(&self.record(serial), &record)?;
        Ok(record)
    }

    /// A feature's key, made when it is first asked for.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub fn feature_key(
        &mut self,
        feature: FeatureId,
        slot: Slot,
        entropy: &mut impl Entropy,
    ) -> Result<Secret<32>, DirectoryError> {
        folder::make_folder(&self.folder.join(FEATURE_KEYS))?;
        let path = self.folder.join(FEATURE_KEYS).join(format!("{feature}-{slot}.key"));
        let purpose = format!("feature-{feature}-{slot}");
        match secret_key::read(&path, &[Purpose(&purpose)]) {
            Err(DirectoryError::Missing(_)) => {
                let key = Secret::random(entropy);
                secret_key::write(&path, Purpose(&purpose), &key)?;
                Ok(key)
            }
            other => other.map(|(_, key)| key),
        }
    }

    /// Puts a record in the place of what it was before.
    pub(super) fn replace_record(&self, record: &TokenRecord) -> Result<(), DirectoryError> {
        write_record(&self.record(record.serial), record)
    }

    /// Forgets a token that was wiped: its record and the files that were issued are kept under another name.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] if there is no record; see there for the others.
    pub fn retire_token(&mut self, serial: Serial) -> Result<(), DirectoryError> {
        let record = self.token(serial)?;
        let partition = record.endorsement(self.vendor.root()).map(|endorsed| endorsed.partition);
        let partition = partition
            .map_err(|error| DirectoryError::Record { path: self.record(serial), reason: error.to_string() })?;
        let retired = self.folder.join(RETIRED);
        folder::make_folder(&retired)?;
        let name = format!("{serial}-{partition}");
        if self.updates(serial).exists() {
            folder::rename(&self.updates(serial), &retired.join(&name))?;
        }
        folder::rename(&self.record(serial), &retired.join(format!("{name}.toml")))
    }

    fn record(&self, serial: Serial) -> PathBuf {
        self.folder.join(TOKENS).join(format!("{serial}.toml"))
    }

    pub(super) fn updates(&self, serial: Serial) -> PathBuf {
        self.folder.join(TOKENS).join(serial.to_string())
    }

    fn pending(&self, serial: Serial, number: u32) -> PathBuf {
        self.updates(serial).join(format!("{number:04}.pending"))
    }

    fn history(&self, serial: Serial, number: u32) -> PathBuf {
        self.updates(serial).join(format!("{number:04}.toml"))
    }
}

fn read_record(path: &Path, serial: Serial) -> Result<TokenRecord, DirectoryError> {
    let malformed = |reason: String| DirectoryError::Record { path: path.to_owned(), reason };
    let text = String::from_utf8(folder::read(path)?).map_err(|error| malformed(error.to_string()))?;
    let record: TokenRecord = toml::from_str(&text).map_err(|error| malformed(error.message().to_owned()))?;
    if record.serial == serial { Ok(record) } else { Err(malformed(format!("it is of {}", record.serial))) }
}

fn write_record(path: &Path, record: &TokenRecord) -> Result<(), DirectoryError> {
    let text = toml::to_string(record)
        .map_err(|error| DirectoryError::Record { path: path.to_owned(), reason: error.to_string() })?;
    folder::replace(path, text.as_bytes())
}

/// Reads a root key and what its vendor is.
pub(super) fn root_key(path: &Path) -> Result<(VendorKind, P256Signing), DirectoryError> {
    let (found, key) = secret_key::read(path, &[Purpose::VENDOR_ROOT, Purpose::TEST_VENDOR_ROOT])?;
    let key = P256Signing::from_secret(&key).map_err(|_| DirectoryError::NotAKey(path.to_owned()))?;
    Ok((if found == Purpose::VENDOR_ROOT { VendorKind::Production } else { VendorKind::Test }, key))
}

pub(super) fn purpose(kind: VendorKind) -> Purpose<'static> {
    match kind {
        VendorKind::Production => Purpose::VENDOR_ROOT,
        VendorKind::Test => Purpose::TEST_VENDOR_ROOT,
    }
}

pub(super) const ROOT: &str = "root.key";
const TOKENS: &str = "tokens";
const RETIRED: &str = "retired";
const FEATURE_KEYS: &str = "feature-keys";
