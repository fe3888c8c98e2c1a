//! Products and features as vendors write them, in TOML.

mod field;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use keyfob::{FeatureId, Slot, UnixTime};
use keyfob_crypto::Secret;
use keyfob_issuing::{FeatureTerms, ProductGrant, Step, UpdatePlan};
use keyfob_licence::Terms;
use keyfob_terminal::{Exit, Failure};
use serde::Deserialize;
use toml::Spanned;

use crate::failure::failure;
use field::{Counter, Date, ModuleList, Name, Number, Slots};

/// What is to be issued.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct LicenceFile {
    /// Products to grant: each replaces what the fob had of it.
    #[serde(default)]
    product: Vec<Product>,
    /// Changes of features that are granted, and stay as they are otherwise.
    #[serde(default)]
    feature: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    id: Spanned<Number>,
    name: Name,
    #[serde(default = "yes")]
    public: bool,
    #[serde(default)]
    feature: Vec<Feature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    id: Spanned<Number>,
    name: Name,
    #[serde(default = "yes")]
    enabled: bool,
    starts: Option<Date>,
    expires: Option<Spanned<Date>>,
    counter: Option<Counter>,
    modules: Option<ModuleList>,
    #[serde(default)]
    key: Slots,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    id: Spanned<Number>,
    counter: Option<Counter>,
    #[serde(default)]
    key: Slots,
}

impl LicenceFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// `licence-file`, with line and column.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(bytes).map_err(|error| wrong(path, bytes, error.valid_up_to(), "not UTF-8"))?;
        let start = |span: Option<Range<usize>>| span.map_or(0, |span| span.start);
        let file: Self =
            toml::from_str(text).map_err(|error| wrong(path, bytes, start(error.span()), error.message()))?;
        file.check().map_err(|(span, message)| wrong(path, bytes, span.start, &message))?;
        Ok(file)
    }

    /// Whether a feature's key is to be installed.
    pub(crate) fn installs_keys(&self) -> bool {
        self.steps().any(|(_, _, key)| !key.0.is_empty())
    }

    /// What is to be issued, with the keys that `key` gives.
    pub(crate) fn plan<E>(
        &self,
        issued: UnixTime,
        mut key: impl FnMut(FeatureId, Slot) -> Result<Secret<32>, E>,
    ) -> Result<UpdatePlan, E> {
        let mut steps = Vec::new();
        for (feature, counter, slots) in self.steps() {
            steps.extend(counter.and_then(|counter| counter.step(feature)));
            for &slot in &slots.0 {
                steps.push(Step::InstallKey { feature, slot, key: key(feature, slot)? });
            }
        }
        Ok(UpdatePlan { issued, grants: self.product.iter().map(Product::grant).collect(), steps })
    }

    fn steps(&self) -> impl Iterator<Item = (FeatureId, Option<Counter>, &Slots)> {
        let granted = self.product.iter().flat_map(|product| &product.feature);
        let granted = granted.map(|feature| (feature.id.get_ref().feature(), feature.counter, &feature.key));
        granted.chain(self.feature.iter().map(|change| (change.id.get_ref().feature(), change.counter, &change.key)))
    }

    /// Finds what can't be meant, and where.
    fn check(&self) -> Result<(), (Range<usize>, String)> {
        if self.product.is_empty() && self.feature.is_empty() {
            return Err((0..0, "nothing to issue: there is no [[product]] and no [[feature]]".into()));
        }
        let mut products = BTreeSet::new();
        let mut features = BTreeSet::new();
        let twice = |what: &str, id: &Spanned<Number>| (id.span(), format!("{what} {} comes twice", id.get_ref().0));
        for product in &self.product {
            if !products.insert(product.id.get_ref().0) {
                return Err(twice("product", &product.id));
            }
            for feature in &product.feature {
                if !features.insert(feature.id.get_ref().0) {
                    return Err(twice("feature", &feature.id));
                }
                let (starts, expires) = (feature.starts, feature.expires.as_ref());
                if let Some((_, expires)) = starts.zip(expires).filter(|(starts, expires)| starts >= expires.get_ref())
                {
                    return Err((expires.span(), "it would be over before it starts".into()));
                }
            }
        }
        for change in &self.feature {
            if !features.insert(change.id.get_ref().0) {
                return Err(twice("feature", &change.id));
            }
            if change.key.0.is_empty() && !change.counter.is_some_and(Counter::changes) {
                let message =
                    "nothing is changed: say counter = NUMBER, { add = NUMBER } or { subtract = NUMBER }, or key";
                return Err((change.id.span(), message.into()));
            }
        }
        Ok(())
    }
}

impl Product {
    fn grant(&self) -> ProductGrant {
        ProductGrant {
            product: self.id.get_ref().product(),
            name: self.name.0.clone(),
            public: self.public,
            features: self.feature.iter().map(Feature::terms).collect(),
        }
    }
}

impl Feature {
    fn terms(&self) -> FeatureTerms {
        let terms = Terms {
            enabled: self.enabled,
            starts: self.starts.map(|date| date.0),
            expires: self.expires.as_ref().map(|date| date.get_ref().0),
            counted: self.counter.is_some_and(Counter::counts),
            modules: self.modules.map(|modules| modules.0),
            unknown: false,
        };
        FeatureTerms { feature: self.id.get_ref().feature(), name: self.name.0.clone(), terms }
    }
}

fn yes() -> bool {
    true
}

/// Says where in the file something is wrong.
fn wrong(path: &Path, bytes: &[u8], offset: usize, message: &str) -> Failure {
    let before = String::from_utf8_lossy(bytes.get(..offset).unwrap_or(bytes));
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    failure("licence-file", Exit::Usage, format_args!("{}:{line}:{column}: {message}", path.display()))
}

#[cfg(test)]
mod tests;
