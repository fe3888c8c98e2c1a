//! Reading what a token says it has applied. `docs/spec.md`, §7.7.

use keyfob_crypto::RustCrypto;
use keyfob_licence::Receipt;
use keyfob_signed::{Invalid, VendorRoot, Verified, verify};

use crate::TokenRecord;

/// Why a receipt was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The record's endorsement isn't this vendor's for that token.
    #[error("the record's endorsement is refused: {0}")]
    Endorsement(Invalid),
    /// The receipt isn't by the partition's proof key.
    #[error("the receipt is refused: {0}")]
    Receipt(Invalid),
    /// The receipt answers another nonce.
    #[error("the receipt answers another nonce")]
    Nonce,
}

/// Where a token stands, compared with what was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has applied all that was issued.
    UpToDate,
    /// Updates from number `next` on weren't applied yet: send them again, in order.
    Behind {
        /// The first update that is missing.
        next: u32,
    },
    /// It has applied something that isn't in the record: the record is old, or was forked.
    Unknown,
}

impl Standing {
    /// Compares a receipt with a record.
    #[must_use]
    pub fn of(receipt: &Receipt<'_>, record: &TokenRecord) -> Self {
        let last = &record.sequence;
        if (receipt.epoch, receipt.number) == (last.epoch, last.number) {
            return if receipt.last_update == last.digest { Self::UpToDate } else { Self::Unknown };
        }
        match receipt.number.checked_add(1) {
            Some(next) if receipt.epoch == last.epoch && next <= last.number => Self::Behind { next },
            _ => Self::Unknown,
        }
    }
}

/// Verifies the receipt that a token gave for `nonce`.
///
/// # Errors
/// See [`ReceiptError`].
pub fn read_receipt<'a>(
    root: VendorRoot,
    record: &TokenRecord,
    nonce: &[u8],
    receipt: &'a [u8],
) -> Result<Verified<Receipt<'a>>, ReceiptError> {
    let endorsement = record.endorsement(root).map_err(ReceiptError::Endorsement)?;
    let binding = (record.serial, endorsement.partition);
    let receipt = verify::<RustCrypto, Receipt<'_>>(receipt, &endorsement.proof, &binding);
    let receipt = receipt.map_err(ReceiptError::Receipt)?;
    if receipt.nonce == nonce { Ok(receipt) } else { Err(ReceiptError::Nonce) }
}

#[cfg(test)]
mod tests;
