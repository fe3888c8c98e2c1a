//! What is in an update file, read back from its bytes and verified.

use std::fmt;

use keyfob::Serial;
use keyfob_crypto::RustCrypto;
use keyfob_licence::{Grant, Operation, Update};
use keyfob_signed::{Invalid, Kind, VendorRoot};
use keyfob_wire::{PartitionId, UpdateFile};
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
#[derive(Serialize)]
struct OperationDocument {
    operation: &'static str,
    feature: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<u8>,
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
        let (operation, feature, units, slot) = match *operation {
            Operation::SetCounter { feature, units } => ("set-counter", feature, Some(units.0), None),
            Operation::AddCounter { feature, units } => ("add-to-counter", feature, Some(units.0), None),
            Operation::SubtractCounter { feature, units } => ("subtract-from-counter", feature, Some(units.0), None),
            Operation::InstallKey { feature, slot, .. } => ("install-key", feature, None, Some(slot.0)),
        };
        Self { operation, feature: feature.0, units, slot }
    }
}

impl fmt::Display for UpdateDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { serial, epoch, number, issued_words, .. } = self;
        writeln!(f, "update {epoch}.{number} of fob {serial}, issued {issued_words}")?;
        self.products.iter().try_for_each(|product| write!(f, "{product}"))?;
        for OperationDocument { operation, feature, units, slot } in &self.operations {
            let (units, slot) = (units.unwrap_or_default(), slot.unwrap_or_default());
            match *operation {
                "set-counter" => writeln!(f, "  counter of feature {feature}: set to {units}")?,
                "add-to-counter" => writeln!(f, "  counter of feature {feature}: {units} added")?,
                "subtract-from-counter" => writeln!(f, "  counter of feature {feature}: {units} taken away")?,
                _ => writeln!(f, "  key of feature {feature}: installed in slot {slot}")?,
            }
        }
        Ok(())
    }
}
