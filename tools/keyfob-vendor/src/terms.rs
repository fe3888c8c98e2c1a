//! Products and terms for people and for programs.

use std::fmt;

use keyfob_issuing::ProductGrant;
use keyfob_licence::{Grant, Terms};
use keyfob_terminal::plain;
use serde::Serialize;

use crate::date;

/// A product as it is granted.
#[derive(Serialize)]
pub(crate) struct ProductDocument {
    pub(crate) product: u32,
    pub(crate) name: String,
    public: bool,
    pub(crate) features: Vec<FeatureDocument>,
}

/// A feature and its terms. Times are seconds since 1970; modules are their bits' numbers.
#[derive(Serialize)]
pub(crate) struct FeatureDocument {
    pub(crate) feature: u32,
    name: String,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    counter: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    modules: Option<Vec<u8>>,
    /// It has a term that this version doesn't know.
    #[serde(skip_serializing_if = "is_false")]
    unknown_term: bool,
    #[serde(skip)]
    words: String,
}

impl From<&Grant<'_>> for ProductDocument {
    fn from(grant: &Grant<'_>) -> Self {
        let features = grant.features.iter();
        Self {
            product: grant.product.0,
            name: grant.name.to_owned(),
            public: grant.public,
            features: features.map(|feature| document(feature.feature.0, feature.name, feature.terms)).collect(),
        }
    }
}

impl From<&ProductGrant> for ProductDocument {
    fn from(grant: &ProductGrant) -> Self {
        let features = grant.features.iter();
        Self {
            product: grant.product.0,
            name: grant.name.clone(),
            public: grant.public,
            features: features.map(|feature| document(feature.feature.0, &feature.name, feature.terms)).collect(),
        }
    }
}

impl fmt::Display for ProductDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.public { "" } else { " (not shown to everybody)" };
        writeln!(f, "  product {} {}{shown}", self.product, plain(&self.name))?;
        for feature in &self.features {
            writeln!(f, "    feature {} {}: {}", feature.feature, plain(&feature.name), feature.words)?;
        }
        Ok(())
    }
}

fn document(feature: u32, name: &str, terms: Terms) -> FeatureDocument {
    let modules: Option<Vec<u8>> =
        terms.modules.map(|modules| (0..64).filter(|bit| modules.0 >> bit & 1 == 1).collect());
    FeatureDocument {
        feature,
        name: name.to_owned(),
        enabled: terms.enabled,
        starts: terms.starts.map(|time| time.0),
        expires: terms.expires.map(|time| time.0),
        counter: terms.counted,
        words: words(&terms, modules.as_deref()),
        modules,
        unknown_term: terms.unknown,
    }
}

fn words(terms: &Terms, modules: Option<&[u8]>) -> String {
    let mut words = vec![if terms.enabled { "on" } else { "switched off" }.to_owned()];
    words.extend(terms.starts.map(|time| format!("from {}", date::written(time))));
    words.extend(terms.expires.map(|time| format!("over at {}", date::written(time))));
    words.extend(terms.counted.then(|| "counted".to_owned()));
    words.extend(modules.map(|modules| {
        let numbers: Vec<_> = modules.iter().map(ToString::to_string).collect();
        if numbers.is_empty() { "no modules".to_owned() } else { format!("modules {}", numbers.join(" ")) }
    }));
    words.extend(terms.unknown.then(|| "a term that this version doesn't know".to_owned()));
    words.join(", ")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(truth: &bool) -> bool {
    !*truth
}
