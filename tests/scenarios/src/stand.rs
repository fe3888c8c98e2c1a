//! A fob that is ready, and what is sold on it.

use keyfob::{FeatureId, ProductId, Slot, Units, UnixTime};
use keyfob_conformance::{Bench, Desk};
use keyfob_crypto::Secret;
use keyfob_emulator::{Clock, Emulator};
use keyfob_issuing::{FeatureTerms, ProductGrant, Step, UpdatePlan};
use keyfob_licence::Terms;
use keyfob_wire::Subject;

/// The product that the tests sell.
pub const PRODUCT: ProductId = ProductId(900);
/// Its counted feature, with a key in [`SLOT`].
pub const COUNTED: FeatureId = FeatureId(901);
/// Its feature that ends at [`EXPIRY`].
pub const TIMED: FeatureId = FeatureId(902);
/// The key's slot.
pub const SLOT: Slot = Slot(3);
/// 1 January 2027.
pub const EXPIRY: UnixTime = UnixTime(1_798_761_600);
/// 1 December 2026.
pub const TODAY: UnixTime = UnixTime(1_796_083_200);
/// Whom credentials are about.
pub const CREDENTIAL_SUBJECT: Subject = Subject(*b"scenario");

/// The product, so many units of it, and a key.
#[must_use]
pub fn licence(units: u32, key: &Secret<32>) -> UpdatePlan {
    let feature = |feature, name: &str, terms| FeatureTerms { feature, name: name.to_owned(), terms };
    UpdatePlan {
        issued: TODAY,
        grants: vec![ProductGrant {
            product: PRODUCT,
            name: "Scenario".to_owned(),
            public: true,
            features: vec![
                feature(COUNTED, "Counted", Terms { counted: true, ..Terms::default() }),
                feature(TIMED, "Timed", Terms { expires: Some(EXPIRY), ..Terms::default() }),
            ],
        }],
        steps: vec![
            Step::SetCounter { feature: COUNTED, units: Units(units) },
            Step::InstallKey { feature: COUNTED, slot: SLOT, key: key.clone() },
        ],
    }
}

/// An emulated fob in this process with the licence on it, and everybody who has to do with it.
///
/// # Panics
/// If it can't be made.
#[must_use]
pub fn stand(units: u32) -> (Bench, Desk<Emulator>) {
    let emulator = Emulator::builder().clock(Clock::scripted()).start().expect("an emulator starts");
    let desk = Desk::new(emulator);
    let mut bench = Bench::new(desk.clone()).expect("the fob is licensed");
    bench.apply(licence(units, &bench.feature_key.clone())).expect("the licence is applied");
    (bench, desk)
}
