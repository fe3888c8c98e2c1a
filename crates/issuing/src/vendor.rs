//! Who sells software: a root key and what it signs directly.

use keyfob_crypto::{AgreementKey, Entropy, P256Agreement, P256Signing, PublicKey, SigningKey};
use keyfob_licence::SignedTime;
use keyfob_signed::{AppCredential, Certificate, Rights, Role, SignError, Usage, VendorRoot};
use keyfob_wire::{PartitionId, ProductId, Serial, Subject, UnixTime};

use crate::envelope::signed;

/// Which tokens a vendor endorses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VendorKind {
    /// Real tokens only.
    Production,
    /// Emulated tokens only.
    Test,
}

/// A vendor's root key, and whether it is for real or emulated tokens.
///
/// # Security
/// Holds the secret root key. The kind belongs to the key for its life: it is part of how the key is stored.
pub struct Vendor {
    key: P256Signing,
    kind: VendorKind,
    epoch: u32,
}

impl Vendor {
    /// Makes a vendor with a new root key.
    #[must_use]
    pub fn create(kind: VendorKind, entropy: &mut impl Entropy) -> Self {
        Self::from_key(kind, P256Signing::generate(entropy))
    }

    /// Makes a vendor of its root key.
    #[must_use]
    pub fn from_key(kind: VendorKind, key: P256Signing) -> Self {
        Self { key, kind, epoch: FIRST_EPOCH }
    }

    /// The same vendor after what it had certified was revoked up to `epoch`, which is of all that it certifies now.
    #[must_use]
    pub fn in_epoch(self, epoch: u32) -> Self {
        Self { epoch, ..self }
    }

    /// The epoch of what the vendor certifies and endorses.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The root that apps and tokens trust.
    #[must_use]
    pub fn root(&self) -> VendorRoot {
        VendorRoot(self.key.public())
    }

    /// Which tokens the vendor endorses.
    #[must_use]
    pub fn kind(&self) -> VendorKind {
        self.kind
    }

    pub(crate) fn key(&self) -> &P256Signing {
        &self.key
    }

    /// Makes an app's credential file (`docs/spec.md`, §10) with a new key. Product 0 is any product.
    ///
    /// # Errors
    /// If signing fails.
    pub fn app(
        &self,
        subject: Subject,
        product: ProductId,
        rights: Rights,
        entropy: &mut impl Entropy,
    ) -> Result<Vec<u8>, SignError> {
        let key = P256Agreement::generate(entropy);
        let certificate = Certificate {
            subject,
            role: Role::App,
            usage: Usage::Handshake,
            epoch: self.epoch,
            product,
            attributes: rights.number(),
            key: key.public(),
        };
        let certificate = signed(&certificate, &(), &self.key, entropy)?;
        let credential = AppCredential { vendor: self.root(), secret: key.to_secret(), certificate: &certificate };
        let mut file = Vec::new();
        credential.encode(&mut minicbor::Encoder::new(&mut file)).map_err(|_| SignError::Room)?;
        Ok(file)
    }

    /// Signs that it is at least `time`, for the nonce that the partition gave.
    ///
    /// # Errors
    /// If signing fails.
    pub fn sign_time(
        &self,
        serial: Serial,
        partition: PartitionId,
        nonce: [u8; 16],
        time: UnixTime,
        entropy: &mut impl Entropy,
    ) -> Result<Vec<u8>, SignError> {
        signed(&SignedTime { time, nonce }, &(serial, partition), &self.key, entropy)
    }

    pub(crate) fn certify_signer(
        &self,
        subject: Subject,
        key: PublicKey,
        entropy: &mut impl Entropy,
    ) -> Result<Vec<u8>, SignError> {
        let certificate = Certificate {
            subject,
            role: Role::UpdateSigner,
            usage: Usage::Signing,
            epoch: self.epoch,
            product: ProductId(0),
            attributes: 0,
            key,
        };
        signed(&certificate, &(), &self.key, entropy)
    }
}

/// The epoch of all that is certified and endorsed until something is revoked.
pub(crate) const FIRST_EPOCH: u32 = 1;

#[cfg(test)]
mod tests;
