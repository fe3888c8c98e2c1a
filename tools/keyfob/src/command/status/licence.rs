//! Products and features as a fob lists them, with the terms of the grant, if it verifies.

use keyfob::{Error, Guest, Licensed, LicensedFeature, Serial, UnixTime};
use keyfob_licence::{Grant, Terms};
use keyfob_signed::VendorRoot;
use keyfob_terminal::plain;
use serde::Serialize;

use crate::{date, proof};

#[derive(Serialize)]
pub(super) struct Product {
    product: u32,
    name: String,
    grant_number: u32,
    /// Whether the vendor's root that the fob shows stands behind the terms.
    verified: bool,
    features: Vec<Feature>,
}

#[derive(Serialize)]
struct Feature {
    feature: u32,
    name: String,
    remaining: Option<u32>,
    /// None if they aren't verified.
    terms: Option<FeatureTerms>,
}

#[derive(Serialize)]
struct FeatureTerms {
    enabled: bool,
    starts: Option<u64>,
    expires: Option<u64>,
    counted: bool,
    modules: Option<String>,
    /// Whether there are more, which this program doesn't know.
    unknown: bool,
}

/// Asks for all products that everybody may see.
pub(super) fn products(guest: &mut Guest, vendor: VendorRoot) -> Result<Vec<Product>, Error> {
    let listed = guest.list(vendor)?;
    let serial = guest.serial();
    listed
        .into_iter()
        .map(|licensed| Ok(product(guest.grant(vendor, licensed.product)?, vendor, serial, licensed)))
        .collect()
}

fn product(granted: keyfob::Granted, vendor: VendorRoot, serial: Serial, licensed: Licensed) -> Product {
    let verified = proof::grant(&granted, vendor, serial).ok();
    let grant = verified.as_deref().filter(|grant| matches(grant, &licensed));
    let Licensed { product, grant_number, name, features } = licensed;
    let features = features.into_iter().map(|feature| Feature::new(feature, grant));
    Product { product: product.0, grant_number, verified: grant.is_some(), features: features.collect(), name }
}

/// Whether the list says what the grant does.
fn matches(grant: &Grant<'_>, licensed: &Licensed) -> bool {
    let head = (grant.product, grant.number, grant.name) == (licensed.product, licensed.grant_number, &licensed.name);
    let granted = grant.features.iter().map(|feature| (feature.feature, feature.name, feature.terms.counted));
    let listed =
        licensed.features.iter().map(|feature| (feature.feature, feature.name.as_str(), feature.remaining.is_some()));
    head && granted.eq(listed)
}

impl Feature {
    fn new(listed: LicensedFeature, grant: Option<&Grant<'_>>) -> Self {
        let granted = grant.and_then(|grant| grant.features.iter().find(|feature| feature.feature == listed.feature));
        let terms = granted.map(|granted| FeatureTerms::from(granted.terms));
        Self { feature: listed.feature.0, name: listed.name, remaining: listed.remaining.map(|units| units.0), terms }
    }

    fn use_words(&self, now: UnixTime, verbose: bool) -> String {
        let left = self.remaining.map(|remaining| format!("{remaining} left"));
        let Some(terms) = &self.terms else {
            return format!("{}unverified", left.map(|left| left + ", ").unwrap_or_default());
        };
        let modules = terms.modules.as_ref().filter(|_| verbose).map(|modules| format!("modules {modules}"));
        let words = [
            (!terms.enabled).then(|| "switched off".to_owned()),
            terms.unknown.then(|| "terms that are not known".to_owned()),
            terms
                .starts
                .filter(|&starts| starts > now.0)
                .map(|starts| format!("from {}", date::written(UnixTime(starts)))),
            left,
            modules,
        ];
        let words: Vec<_> = words.into_iter().flatten().collect();
        if words.is_empty() { "unlimited".into() } else { words.join(", ") }
    }

    fn expiry_words(&self, now: UnixTime) -> String {
        match &self.terms {
            None => "unverified".into(),
            Some(FeatureTerms { expires: None, .. }) => "never".into(),
            Some(FeatureTerms { expires: Some(expires), .. }) => date::expiry(UnixTime(*expires), now),
        }
    }
}

impl From<Terms> for FeatureTerms {
    fn from(terms: Terms) -> Self {
        Self {
            enabled: terms.enabled,
            starts: terms.starts.map(|time| time.0),
            expires: terms.expires.map(|time| time.0),
            counted: terms.counted,
            modules: terms.modules.map(|modules| format!("{:x}", modules.0)),
            unknown: terms.unknown,
        }
    }
}

impl Product {
    /// The rows of the table.
    pub(super) fn rows(&self, now: UnixTime, verbose: bool) -> Vec<[String; 4]> {
        let number = if verbose { format!(" ({}, grant {})", self.product, self.grant_number) } else { String::new() };
        let product = format!("{}{number}", plain(&self.name));
        if self.features.is_empty() {
            return vec![[product, "none".into(), String::new(), String::new()]];
        }
        let row = |feature: &Feature| {
            let name = format!("{} {}", feature.feature, plain(&feature.name));
            [product.clone(), name, feature.use_words(now, verbose), feature.expiry_words(now)]
        };
        self.features.iter().map(row).collect()
    }
}
