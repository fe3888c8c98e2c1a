//! Who may sign what: chains from a maker's or a vendor's root. `docs/spec.md`, §7.1.

use keyfob_crypto::{Crypto, PublicKey};
use keyfob_wire::{Serial, Subject};

use crate::{Certificate, Endorsement, Kind, Payload, Role, Usage, Verified, verify};

/// Why a signed thing was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Not exactly the specified form.
    #[error("not in the specified form")]
    Malformed,
    /// Not signed by whom it should be, for another token, or altered.
    #[error("not signed by whom it should be, or altered")]
    Signature,
    /// The signer's or the subject's role, usage or levels don't fit.
    #[error("certified for something else")]
    Role,
    /// Of an epoch that was revoked.
    #[error("of an epoch that was revoked")]
    Epoch,
}

/// The root key of who makes tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MakerRoot(pub PublicKey);

impl MakerRoot {
    /// Verifies a batch certificate.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn verify_batch<C: Crypto>(&self, batch: &[u8]) -> Result<Verified<Certificate>, Invalid> {
        let batch = verify::<C, Certificate>(batch, &self.0, &())?;
        if batch.role == Role::Batch { Ok(batch) } else { Err(Invalid::Role) }
    }

    /// Verifies a device certificate through its batch.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn verify_device<C: Crypto>(
        &self,
        batch: &[u8],
        device: &[u8],
        serial: Serial,
        usage: Usage,
    ) -> Result<Verified<Certificate>, Invalid> {
        let batch = self.verify_batch::<C>(batch)?;
        let device = verify::<C, Certificate>(device, &batch.key, &())?;
        let levels = match (batch.levels(), device.levels()) {
            (Some(batch), Some(device)) => batch.covers(device),
            _ => false,
        };
        let fits = device.role == Role::Device && device.usage == usage && device.subject == Subject(serial.0);
        if levels && fits { Ok(device) } else { Err(Invalid::Role) }
    }
}

/// The root of the published test maker, whose secret keys everybody has: it stands for emulated tokens and nothing else.
///
/// `keyfob-issuing` derives the keys and holds this constant to them.
pub const TEST_MAKER_ROOT: MakerRoot = MakerRoot(PublicKey([
    0x02, 0x28, 0x11, 0xe9, 0x9d, 0x82, 0x9a, 0x8f, 0xe4, 0xbd, 0x7d, 0xc5, 0x5c, 0xce, 0x19, 0x1e, 0x36, 0x1c, 0xe6,
    0x5c, 0xb9, 0xed, 0x21, 0xf2, 0x2b, 0xe2, 0xda, 0xb1, 0xf3, 0xe5, 0x10, 0x50, 0x83,
]));

/// The root key of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorRoot(pub PublicKey);

impl VendorRoot {
    /// Verifies a certificate for a role, which must not be revoked.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn verify_certificate<C: Crypto>(
        &self,
        certificate: &[u8],
        role: Role,
        minimum_epoch: u32,
    ) -> Result<Verified<Certificate>, Invalid> {
        let certificate = verify::<C, Certificate>(certificate, &self.0, &())?;
        // A batch or a device is a maker's to certify, whoever's root this is.
        if certificate.role != role || matches!(role, Role::Batch | Role::Device) {
            return Err(Invalid::Role);
        }
        if certificate.epoch < minimum_epoch { Err(Invalid::Epoch) } else { Ok(certificate) }
    }

    /// Verifies an endorsement for a token.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn verify_endorsement<C: Crypto>(
        &self,
        endorsement: &[u8],
        serial: Serial,
        minimum_epoch: u32,
    ) -> Result<Verified<Endorsement>, Invalid> {
        let endorsement = verify::<C, Endorsement>(endorsement, &self.0, &serial)?;
        if endorsement.epoch < minimum_epoch { Err(Invalid::Epoch) } else { Ok(endorsement) }
    }

    /// Finds who signs: the root itself, or the subject of its certificate in the role that signs `kind`.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn signer<C: Crypto>(
        &self,
        certificate: Option<&[u8]>,
        kind: Kind,
        minimum_epoch: u32,
    ) -> Result<Signer, Invalid> {
        let Some(certificate) = certificate else {
            return Ok(Signer { key: self.0, role: None });
        };
        let role = match kind {
            Kind::Update | Kind::Grant => Role::UpdateSigner,
            Kind::Time => Role::TimeSigner,
            _ => return Err(Invalid::Role),
        };
        let certificate = self.verify_certificate::<C>(certificate, role, minimum_epoch)?;
        Ok(Signer { key: certificate.key, role: Some(role) })
    }
}

/// A key that a vendor's root stands behind. Only [`VendorRoot::signer`] makes one.
#[derive(Clone, Copy)]
pub struct Signer {
    key: PublicKey,
    role: Option<Role>,
}

impl Signer {
    /// Whether it is the root itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.role.is_none()
    }

    /// Verifies a thing that this signer may sign.
    ///
    /// # Errors
    /// [`Invalid::Role`] if it may not; otherwise as [`verify`].
    pub fn verify<'a, C: Crypto, T: Payload<'a>>(
        &self,
        bytes: &'a [u8],
        binding: &T::Binding,
    ) -> Result<Verified<T>, Invalid> {
        let may = match self.role {
            None => matches!(T::KIND, Kind::Update | Kind::Grant | Kind::Time | Kind::Wipe | Kind::RootChange),
            Some(role) => role.may_sign(T::KIND),
        };
        if may { verify::<C, T>(bytes, &self.key, binding) } else { Err(Invalid::Role) }
    }
}
