//! What the bench's vendor sells.

use keyfob::{FeatureId, Modules, ProductId, Units, UnixTime};
use keyfob_issuing::{FeatureTerms, ProductGrant};
use keyfob_licence::Terms;

/// Everybody may see it.
pub(crate) const PUBLIC: ProductId = ProductId(7);
/// Only its vendor's apps may see it.
pub(crate) const PRIVATE: ProductId = ProductId(8);
/// Without any limit.
pub(crate) const PLAIN: FeatureId = FeatureId(40);
/// Counted, with a key in slot 0.
pub const COUNTED: FeatureId = FeatureId(42);
/// From [`START`] to before [`EXPIRY`].
pub(crate) const TIMED: FeatureId = FeatureId(51);
/// Switched off.
pub(crate) const DISABLED: FeatureId = FeatureId(52);
/// Of these modules.
pub(crate) const MODULAR: FeatureId = FeatureId(54);
pub(crate) const MODULES: Modules = Modules(0b1011);
/// In the private product.
pub(crate) const HIDDEN: FeatureId = FeatureId(60);
/// What nobody sells.
pub(crate) const UNSOLD: FeatureId = FeatureId(99);

/// 1 November 2026.
pub(crate) const START: UnixTime = UnixTime(1_793_491_200);
/// 1 December 2026, the day on which everything happens.
pub(crate) const TODAY: UnixTime = UnixTime(1_796_083_200);
/// 1 January 2027.
pub(crate) const EXPIRY: UnixTime = UnixTime(1_798_761_600);
/// How many units are sold at first.
pub(crate) const SOLD: Units = Units(100);

pub(crate) fn public() -> ProductGrant {
    let feature = |feature, name: &str, terms| FeatureTerms { feature, name: name.to_owned(), terms };
    ProductGrant {
        product: PUBLIC,
        name: "CAD Studio 7".to_owned(),
        public: true,
        features: vec![
            feature(PLAIN, "Draw", Terms::default()),
            feature(COUNTED, "Export", Terms { counted: true, ..Terms::default() }),
            feature(TIMED, "Solve", Terms { starts: Some(START), expires: Some(EXPIRY), ..Terms::default() }),
            feature(DISABLED, "Render", Terms { enabled: false, ..Terms::default() }),
            feature(MODULAR, "Simulate", Terms { modules: Some(MODULES), ..Terms::default() }),
        ],
    }
}

pub(crate) fn private() -> ProductGrant {
    ProductGrant {
        product: PRIVATE,
        name: "Field test".to_owned(),
        public: false,
        features: vec![FeatureTerms { feature: HIDDEN, name: "Fold".to_owned(), terms: Terms::default() }],
    }
}
