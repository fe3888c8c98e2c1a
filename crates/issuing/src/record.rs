//! What a vendor must remember of a token to issue the next update.

use keyfob_crypto::RustCrypto;
use keyfob_signed::{Endorsement, Invalid, VendorRoot, Verified};
use keyfob_wire::{FeatureId, ProductId, Serial};
use serde::{Deserialize, Serialize};

use crate::{Endorsed, FeatureTerms, ProductGrant};

pub(crate) mod text;

/// A token as its vendor knows it.
///
/// Partition, sealing and proof key aren't kept beside the endorsement: they are read out of it after its signature was
/// verified, so that who can write the record can't turn keys that are sealed for the token to himself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// The token.
    #[serde(with = "text::serial")]
    pub serial: Serial,
    /// The endorsement, as signed.
    #[serde(with = "text::hex")]
    pub endorsement: Vec<u8>,
    /// The last grant's number. All grants of a token share one row of numbers.
    pub grant_number: u32,
    /// The last update that was issued.
    pub sequence: Sequence,
    /// The least epoch that counts for the token once all updates are applied.
    #[serde(default, skip_serializing_if = "text::is_zero")]
    pub minimum_epoch: u32,
    /// How often its root was changed.
    #[serde(default, skip_serializing_if = "text::is_zero")]
    pub root_changes: u32,
    /// The recovery key that it was told.
    #[serde(default, with = "text::key", skip_serializing_if = "Option::is_none")]
    pub recovery: Option<[u8; 33]>,
    /// The products as they are once all updates are applied.
    #[serde(default)]
    pub products: Vec<ProductGrant>,
}

/// A place in a partition's chain of updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The epoch.
    pub epoch: u32,
    /// The number within the epoch; 0 before the first.
    pub number: u32,
    /// The digest of that update; zero before the first.
    #[serde(with = "text::hex")]
    pub digest: [u8; 32],
}

impl Sequence {
    /// Before the first update.
    pub const START: Self = Self { epoch: 1, number: 0, digest: [0; 32] };
}

impl TokenRecord {
    /// Begins the record of a token that was just endorsed.
    #[must_use]
    pub fn new(endorsed: &Endorsed) -> Self {
        Self {
            serial: endorsed.serial,
            endorsement: endorsed.bytes.clone(),
            grant_number: 0,
            sequence: Sequence::START,
            minimum_epoch: 0,
            root_changes: 0,
            recovery: None,
            products: Vec::new(),
        }
    }

    /// Verifies the endorsement and gives what it says.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn endorsement(&self, root: VendorRoot) -> Result<Verified<Endorsement>, Invalid> {
        root.verify_endorsement::<RustCrypto>(&self.endorsement, self.serial, 0)
    }

    /// Finds a product.
    #[must_use]
    pub fn product(&self, product: ProductId) -> Option<&ProductGrant> {
        self.products.iter().find(|other| other.product == product)
    }

    /// Finds a feature in whichever product it is.
    #[must_use]
    pub fn feature(&self, feature: FeatureId) -> Option<&FeatureTerms> {
        self.products.iter().find_map(|product| product.feature(feature))
    }

    /// Puts a product in the place of what it was before.
    pub(crate) fn replace(&mut self, product: ProductGrant) {
        self.products.retain(|other| other.product != product.product);
        self.products.push(product);
        self.products.sort_by_key(|product| product.product);
    }
}

#[cfg(test)]
mod tests;
