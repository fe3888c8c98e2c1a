//! Products as a vendor defines and grants them.

use keyfob_licence::{FeatureGrant, Terms};
use keyfob_wire::{FeatureId, ProductId};
use serde::{Deserialize, Serialize};

use crate::record::text;

/// A product as one token gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductGrant {
    /// The product, not 0.
    #[serde(with = "text::product")]
    pub product: ProductId,
    /// Its name, at most 48 bytes.
    pub name: String,
    /// Whether guests may list and read it.
    pub public: bool,
    /// Its features, in any order.
    pub features: Vec<FeatureTerms>,
}

/// A feature of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureTerms {
    /// The feature, not 0.
    #[serde(with = "text::feature")]
    pub feature: FeatureId,
    /// Its name, at most 48 bytes.
    pub name: String,
    /// Under which terms it may be used.
    #[serde(with = "text::terms")]
    pub terms: Terms,
}

impl ProductGrant {
    /// Finds a feature.
    #[must_use]
    pub fn feature(&self, feature: FeatureId) -> Option<&FeatureTerms> {
        self.features.iter().find(|other| other.feature == feature)
    }

    /// The features as they are signed, in ascending order.
    pub(crate) fn signed_features(&self) -> Vec<FeatureGrant<'_>> {
        let mut features: Vec<_> = self
            .features
            .iter()
            .map(|feature| FeatureGrant { feature: feature.feature, name: &feature.name, terms: feature.terms })
            .collect();
        features.sort_by_key(|feature| feature.feature);
        features
    }
}
