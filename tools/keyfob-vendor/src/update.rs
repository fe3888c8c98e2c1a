//! What is in an update file, read back from its bytes and verified.

use std::fmt;

use keyfob::{FeatureId, ProductId, Serial, Units};
use keyfob_crypto::RustCrypto;
use keyfob_licence::{Grant, Operation, Update};
use keyfob_signed::{Invalid, Kind, VendorRoot};
use keyfob_wire::{FileId, PartitionId, UpdateFile};
use serde::Serialize;

use crate::date;
use crate::terms::ProductDocument;

/// An update.
#[derive(Serialize)]
pub(crate) struct UpdateDocument {
    serial: String,
    partition: String,
    epoch: u32,
    pub(crate) number: u32,
    issued: u64,
    signed_by_root: bool,
    pub(crate) products: Vec<ProductDocument>,
    operations: Vec<OperationDocument>,
    #[serde(skip)]
    issued_words: String,
}

/// What is done after the products have been granted.
#[derive(Serialize, Default)]
struct OperationDocument {
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip)]
    words: String,
}

impl UpdateDocument {
    /// Reads an update file of a vendor's.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub(crate) fn read(root: VendorRoot, file: &UpdateFile<'_>) -> Result<Self, Invalid> {
        let binding: (Serial, PartitionId) = (file.serial, file.partition);
        let certificate = file.certificates.only();
        if certificate.is_none() && !file.certificates.is_empty() {
            return Err(Invalid::Malformed);
        }
        let signer = root.signer::<RustCrypto>(certificate, Kind::Update, 0)?;
        let update = signer.verify::<RustCrypto, Update<'_>>(file.update, &binding)?;
        let mut products = Vec::new();
        for grant in update.grants {
            let grant = signer.verify::<RustCrypto, Grant<'_>>(grant, &binding)?;
            products.push(ProductDocument::from(&*grant));
        }
        Ok(Self {
            serial: file.serial.to_string(),
            partition: file.partition.to_string(),
            epoch: update.epoch,
            number: update.number,
            issued: update.issued.0,
            signed_by_root: certificate.is_none(),
            products,
            operations: update.operations.iter().map(|operation| OperationDocument::from(&operation)).collect(),
            issued_words: date::written(update.issued),
        })
    }
}

impl From<&Operation<'_>> for OperationDocument {
    fn from(operation: &Operation<'_>) -> Self {
        let counter = |operation, feature: FeatureId, units: Units, words: &str| Self {
            operation,
            feature: Some(feature.0),
            units: Some(units.0),
            words: format!("counter of feature {feature}: {words}"),
            ..Self::default()
        };
        let of_file = |operation, product: ProductId, file: FileId, words: String| Self {
            operation,
            product: Some(product.0),
            file: Some(file.0),
            words: format!("file {product}/{file}: {words}"),
            ..Self::default()
        };
        match *operation {
            Operation::SetCounter { feature, units } => {
                counter("set-counter", feature, units, &format!("set to {units}"))
            }
            Operation::AddCounter { feature, units } => {
                counter("add-to-counter", feature, units, &format!("{units} added"))
            }
            Operation::SubtractCounter { feature, units } => {
                counter("subtract-from-counter", feature, units, &format!("{units} taken away"))
            }
            Operation::InstallKey { feature, slot, .. } => Self {
                operation: "install-key",
                feature: Some(feature.0),
                slot: Some(slot.0),
                words: format!("key of feature {feature}: installed in slot {slot}"),
                ..Self::default()
            },
            Operation::RaiseEpoch { epoch } => Self {
                operation: "raise-epoch",
                words: format!("certificates of epochs below {epoch}: refused"),
                ..Self::default()
            },
            Operation::SetRecoveryKey { .. } => {
                Self { operation: "set-recovery-key", words: "recovery key: set".into(), ..Self::default() }
            }
            Operation::SetMark { mark } => Self {
                operation: "set-mark",
                words: format!("time mark: set to {}", date::written(mark)),
                ..Self::default()
            },
            Operation::CreateFile { product, file, kind, size } => {
                let words = format!("created, {}, {size} bytes", kind.word());
                Self { kind: Some(kind.word()), size: Some(size), ..of_file("create-file", product, file, words) }
            }
            Operation::WriteFile { product, file, offset, bytes } => {
                let words = format!("{} bytes written at {offset}", bytes.len());
                Self { offset: Some(offset), bytes: Some(bytes.len()), ..of_file("write-file", product, file, words) }
            }
            Operation::RemoveFile { product, file } => of_file("remove-file", product, file, "removed".into()),
        }
    }
}

impl fmt::Display for UpdateDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { serial, epoch, number, issued_words, .. } = self;
        writeln!(f, "update {epoch}.{number} of fob {serial}, issued {issued_words}")?;
        self.products.iter().try_for_each(|product| write!(f, "{product}"))?;
        self.operations.iter().try_for_each(|operation| writeln!(f, "  {}", operation.words))
    }
}
