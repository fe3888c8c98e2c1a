//! Building and signing the next update of a token. `docs/spec.md`, §7.5 and §7.6.

use keyfob_crypto::{BadKey, Entropy, P256Signing, PublicKey, RustCrypto, Secret, SigningKey, hpke};
use keyfob_licence::{Grant, GrantError, HPKE_AAD_MAX, HPKE_INFO_LEN, List, Operation, Update, hpke_aad, hpke_info};
use keyfob_signed::{Endorsement, Invalid, Role, SignError, VendorRoot, verify};
use keyfob_wire::body::Certificates;
use keyfob_wire::{
    FeatureId, FileId, FileKind, MAX_FILE, MAX_PLAINTEXT, PartitionId, ProductId, Serial, Slot, Subject, Units,
    UnixTime, UpdateFile,
};

use crate::{ProductGrant, Sequence, TokenRecord, Vendor, envelope::signed};

/// The longest update file: what one `apply` carries behind its operation byte.
pub const MAX_UPDATE_FILE: usize = MAX_PLAINTEXT - 1;

/// What an update is to change.
pub struct UpdatePlan {
    /// When it is issued.
    pub issued: UnixTime,
    /// Products to grant; each replaces what the token had of it. They take effect first.
    pub grants: Vec<ProductGrant>,
    /// What is done then, in order.
    pub steps: Vec<Step>,
}

/// One step of an [`UpdatePlan`].
pub enum Step {
    /// Sets a feature's counter.
    SetCounter {
        /// Whose counter.
        feature: FeatureId,
        /// What it is then.
        units: Units,
    },
    /// Adds to a feature's counter. The token refuses the whole update if that is past 2^32-1.
    AddCounter {
        /// Whose counter.
        feature: FeatureId,
        /// How much.
        units: Units,
    },
    /// Subtracts from a feature's counter. The token refuses the whole update if less is left.
    SubtractCounter {
        /// Whose counter.
        feature: FeatureId,
        /// How much.
        units: Units,
    },
    /// Installs a feature's key.
    InstallKey {
        /// Whose key.
        feature: FeatureId,
        /// The key's place.
        slot: Slot,
        /// The key; it is sealed to the partition.
        key: Secret<32>,
    },
    /// Creates a file of the token's memory. The token refuses the whole update if there is one of another kind or size.
    CreateFile {
        /// Whose file.
        product: ProductId,
        /// The file.
        file: FileId,
        /// Who may write it.
        kind: FileKind,
        /// Its size in bytes.
        size: u16,
    },
    /// Writes a part of a file. The token refuses the whole update if there is no such file, or it is shorter.
    WriteFile {
        /// Whose file.
        product: ProductId,
        /// The file.
        file: FileId,
        /// The first byte.
        offset: u16,
        /// What is to be there.
        bytes: Vec<u8>,
    },
    /// Removes a file. The token refuses the whole update if there is none.
    RemoveFile {
        /// Whose file.
        product: ProductId,
        /// The file.
        file: FileId,
    },
    /// Revokes what was certified in lower epochs. The root's, as those that follow.
    RaiseEpoch {
        /// The least epoch that counts from then on.
        epoch: u32,
    },
    /// Names the key that can change the token's root besides the root.
    SetRecoveryKey {
        /// The recovery key.
        key: PublicKey,
    },
    /// Sets the time mark, also backwards, and the token's estimate of the time with it.
    SetMark {
        /// The mark.
        mark: UnixTime,
    },
}

impl Step {
    /// Whether a file could have the size, or hold what is to be written; true of other steps.
    fn is_of_a_files_size(&self) -> bool {
        match self {
            Self::CreateFile { kind, size, .. } => kind.allows(*size),
            Self::WriteFile { offset, bytes, .. } => {
                !bytes.is_empty() && usize::from(*offset).saturating_add(bytes.len()) <= usize::from(MAX_FILE)
            }
            _ => true,
        }
    }

    /// Whether tokens take it from the root alone.
    fn is_the_roots(&self) -> bool {
        matches!(self, Self::RaiseEpoch { .. } | Self::SetRecoveryKey { .. } | Self::SetMark { .. })
    }
}

/// Why an update wasn't issued: no token could apply it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The record's endorsement isn't this vendor's for that token.
    #[error("the record's endorsement is refused: {0}")]
    Endorsement(Invalid),
    /// A grant has no valid form.
    #[error("product {0} can't be granted: {1}")]
    Grant(ProductId, GrantError),
    /// A product is granted twice.
    #[error("product {0} is granted twice")]
    ProductTwice(ProductId),
    /// A feature belongs to another product already.
    #[error("feature {0} belongs to another product")]
    FeatureTaken(FeatureId),
    /// A step names a feature that isn't granted then.
    #[error("feature {0} isn't granted")]
    NotGranted(FeatureId),
    /// A step names the counter of a feature that has none.
    #[error("feature {0} has no counter")]
    NotCounted(FeatureId),
    /// A step names a product that isn't granted then.
    #[error("product {0} isn't granted")]
    ProductNotGranted(ProductId),
    /// A file's size, or what is to be written, is more or less than there may be.
    #[error("file {1} of product {0}: a file has 1 to 4,096 bytes, a label at most 48")]
    File(ProductId, FileId),
    /// A step is the root's alone.
    #[error("only the root may raise the epoch, set the recovery key or the mark")]
    RootOnly,
    /// The epoch is lower than the token's minimum.
    #[error("the epoch can't be lowered below {0}")]
    EpochLowered(u32),
    /// The file is longer than [`MAX_UPDATE_FILE`].
    #[error("the update is longer than {MAX_UPDATE_FILE} bytes; issue it in parts")]
    TooLong,
    /// The number is the last one that there is.
    #[error("no number is left for another update")]
    LastNumber,
    /// The partition's sealing key is no point of the curve.
    #[error("the partition's sealing key is refused")]
    SealingKey(#[from] BadKey),
    /// The recovery key is no point of the curve.
    #[error("the recovery key is refused")]
    RecoveryKey(BadKey),
    /// Signing failed.
    #[error(transparent)]
    Sign(SignError),
}

/// An update that was issued.
///
/// # Security
/// Keep `record` in place of the one before *before* `file` leaves: two updates with one number fork the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The update file.
    pub file: Vec<u8>,
    /// The record of the token from now on.
    pub record: TokenRecord,
}

/// A key that a vendor's root lets sign updates and grants.
///
/// # Security
/// Holds the secret key.
pub struct UpdateSigner {
    root: VendorRoot,
    key: P256Signing,
    certificate: Vec<u8>,
}

impl UpdateSigner {
    /// Puts a signer together from its key and certificate.
    ///
    /// # Errors
    /// [`Invalid`] if the certificate isn't the root's for that key in that role.
    pub fn from_parts(root: VendorRoot, key: P256Signing, certificate: Vec<u8>) -> Result<Self, Invalid> {
        let certified = root.verify_certificate::<RustCrypto>(&certificate, Role::UpdateSigner, 0)?;
        if certified.key == key.public() { Ok(Self { root, key, certificate }) } else { Err(Invalid::Role) }
    }

    /// The certificate that its updates carry.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Issues the next update of a token.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn issue(
        &self,
        record: &TokenRecord,
        plan: &UpdatePlan,
        entropy: &mut impl Entropy,
    ) -> Result<Issued, IssueError> {
        Issuer { root: self.root, key: &self.key, certificate: Some(&self.certificate) }.issue(record, plan, entropy)
    }
}

impl Vendor {
    /// Lets a key sign updates. Whoever made the key keeps it.
    ///
    /// # Errors
    /// If signing fails.
    pub fn update_signer(
        &self,
        subject: Subject,
        key: P256Signing,
        entropy: &mut impl Entropy,
    ) -> Result<UpdateSigner, SignError> {
        let certificate = self.certify_signer(subject, key.public(), entropy)?;
        Ok(UpdateSigner { root: self.root(), key, certificate })
    }

    /// Issues the next update of a token, signed by the root.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn issue(
        &self,
        record: &TokenRecord,
        plan: &UpdatePlan,
        entropy: &mut impl Entropy,
    ) -> Result<Issued, IssueError> {
        Issuer { root: self.root(), key: self.key(), certificate: None }.issue(record, plan, entropy)
    }
}

/// Whoever signs: the root, or a signer with its certificate.
struct Issuer<'a> {
    root: VendorRoot,
    key: &'a P256Signing,
    certificate: Option<&'a [u8]>,
}

impl Issuer<'_> {
    fn issue(&self, record: &TokenRecord, plan: &UpdatePlan, entropy: &mut impl Entropy) -> Result<Issued, IssueError> {
        let endorsement = record.endorsement(self.root).map_err(IssueError::Endorsement)?;
        let binding = (record.serial, endorsement.partition);
        if self.certificate.is_some() && plan.steps.iter().any(Step::is_the_roots) {
            return Err(IssueError::RootOnly);
        }
        let mut record = after(record, plan)?;
        let Sequence { epoch, number, digest: previous } = record.sequence;
        let number = number.checked_add(1).ok_or(IssueError::LastNumber)?;

        let grants = self.grants(&mut record, plan, binding, entropy)?;
        let grants: Vec<_> = grants.iter().map(Vec::as_slice).collect();
        let sealed = self.seal_keys(plan, &record, &endorsement, (epoch, number), entropy)?;
        let operations: Vec<_> = plan.steps.iter().zip(&sealed).map(|(step, sealed)| operation(step, sealed)).collect();
        let update = Update {
            epoch,
            number,
            previous,
            issued: plan.issued,
            grants: List::new(&grants),
            operations: List::new(&operations),
        };
        let update = signed(&update, &binding, self.key, entropy).map_err(too_long)?;
        let verified = verify::<RustCrypto, Update<'_>>(&update, &self.key.public(), &binding);
        let digest = verified.map_err(|_| IssueError::Sign(SignError::Signing))?.digest();
        record.sequence = Sequence { epoch, number, digest };

        let certificates = Certificates::new(self.certificate).map_err(|_| IssueError::TooLong)?;
        let file = UpdateFile { serial: binding.0, partition: binding.1, certificates, update: &update };
        let file = minicbor::to_vec(file).map_err(|_| IssueError::TooLong)?;
        if file.len() > MAX_UPDATE_FILE { Err(IssueError::TooLong) } else { Ok(Issued { file, record }) }
    }

    fn grants(
        &self,
        record: &mut TokenRecord,
        plan: &UpdatePlan,
        binding: (Serial, PartitionId),
        entropy: &mut impl Entropy,
    ) -> Result<Vec<Vec<u8>>, IssueError> {
        let mut grants = Vec::new();
        for product in &plan.grants {
            record.grant_number = record.grant_number.checked_add(1).ok_or(IssueError::LastNumber)?;
            let features = product.signed_features();
            let grant = Grant {
                product: product.product,
                number: record.grant_number,
                public: product.public,
                issued: plan.issued,
                name: &product.name,
                features: List::new(&features),
            };
            grant.validate().map_err(|error| IssueError::Grant(product.product, error))?;
            grants.push(signed(&grant, &binding, self.key, entropy).map_err(too_long)?);
        }
        Ok(grants)
    }

    /// Seals the key of each step that installs one, to the place it will have.
    fn seal_keys(
        &self,
        plan: &UpdatePlan,
        record: &TokenRecord,
        endorsement: &Endorsement,
        (epoch, number): (u32, u32),
        entropy: &mut impl Entropy,
    ) -> Result<Vec<Sealed>, IssueError> {
        let mut info = [0; HPKE_INFO_LEN];
        let info = hpke_info(&self.root.0.digest(), record.serial, endorsement.partition, &mut info);
        let seal = |(index, step): (u32, &Step)| {
            let Step::InstallKey { feature, slot, key } = step else {
                return Ok(([0; 65], [0; 48]));
            };
            let mut aad = [0; HPKE_AAD_MAX];
            let aad = hpke_aad(epoch, number, index, *feature, *slot, &mut aad);
            let mut key = key.clone();
            let (enc, tag) = hpke::seal::<RustCrypto>(&endorsement.sealing, info, aad, key.expose_mut(), entropy)?;
            let mut ciphertext = [0; 48];
            ciphertext.iter_mut().zip(key.expose().iter().chain(&tag)).for_each(|(to, from)| *to = *from);
            Ok((enc, ciphertext))
        };
        (0..).zip(&plan.steps).map(seal).collect()
    }
}

/// The encapsulated key and the ciphertext of a key that is installed; zeros for another step.
type Sealed = ([u8; 65], [u8; 48]);

fn operation<'a>(step: &'a Step, (enc, ciphertext): &'a Sealed) -> Operation<'a> {
    match *step {
        Step::SetCounter { feature, units } => Operation::SetCounter { feature, units },
        Step::AddCounter { feature, units } => Operation::AddCounter { feature, units },
        Step::SubtractCounter { feature, units } => Operation::SubtractCounter { feature, units },
        Step::InstallKey { feature, slot, .. } => Operation::InstallKey { feature, slot, enc, ciphertext },
        Step::CreateFile { product, file, kind, size } => Operation::CreateFile { product, file, kind, size },
        Step::WriteFile { product, file, offset, ref bytes } => Operation::WriteFile { product, file, offset, bytes },
        Step::RemoveFile { product, file } => Operation::RemoveFile { product, file },
        Step::RaiseEpoch { epoch } => Operation::RaiseEpoch { epoch },
        Step::SetRecoveryKey { key } => Operation::SetRecoveryKey { key },
        Step::SetMark { mark } => Operation::SetMark { mark },
    }
}

/// The record with the plan's products, if every token would take the plan.
fn after(record: &TokenRecord, plan: &UpdatePlan) -> Result<TokenRecord, IssueError> {
    let mut after = record.clone();
    for (place, product) in plan.grants.iter().enumerate() {
        if plan.grants.iter().skip(place).skip(1).any(|other| other.product == product.product) {
            return Err(IssueError::ProductTwice(product.product));
        }
        after.replace(product.clone());
    }
    for product in &plan.grants {
        let others = || after.products.iter().filter(|other| other.product != product.product);
        if let Some(taken) = product.features.iter().find(|f| others().any(|other| other.feature(f.feature).is_some()))
        {
            return Err(IssueError::FeatureTaken(taken.feature));
        }
    }
    for step in &plan.steps {
        let feature = match *step {
            Step::SetCounter { feature, .. }
            | Step::AddCounter { feature, .. }
            | Step::SubtractCounter { feature, .. }
            | Step::InstallKey { feature, .. } => feature,
            Step::CreateFile { product, file, .. }
            | Step::WriteFile { product, file, .. }
            | Step::RemoveFile { product, file } => {
                if !after.products.iter().any(|granted| granted.product == product) {
                    return Err(IssueError::ProductNotGranted(product));
                }
                if !step.is_of_a_files_size() {
                    return Err(IssueError::File(product, file));
                }
                continue;
            }
            Step::RaiseEpoch { epoch } if epoch < after.minimum_epoch => {
                return Err(IssueError::EpochLowered(after.minimum_epoch));
            }
            Step::RaiseEpoch { epoch } => {
                after.minimum_epoch = epoch;
                continue;
            }
            Step::SetRecoveryKey { key } => {
                key.check::<RustCrypto>().map_err(IssueError::RecoveryKey)?;
                after.recovery = Some(key.0);
                continue;
            }
            Step::SetMark { .. } => continue,
        };
        let granted = after.feature(feature).ok_or(IssueError::NotGranted(feature))?;
        if !granted.terms.counted && !matches!(step, Step::InstallKey { .. }) {
            return Err(IssueError::NotCounted(feature));
        }
    }
    Ok(after)
}

fn too_long(error: SignError) -> IssueError {
    match error {
        SignError::Room => IssueError::TooLong,
        other => IssueError::Sign(other),
    }
}

#[cfg(test)]
mod tests;
