//! What a grant may hold.

use keyfob_licence::{FeatureGrant, Grant, GrantError, List, MAX_NAME, Terms};
use keyfob_signed::Invalid;
use keyfob_wire::{FeatureId, Modules, ProductId, UnixTime};
use proptest::prelude::*;

use crate::{envelope, hex, read, vectors, write};

/// A grant whose list of features is the given CBOR.
fn grant_of(features: &str) -> Result<(), Invalid> {
    read::<Grant<'_>>(&envelope(&hex(&format!("86 01 02 00 00 60 {features}")))).map(|_| ())
}

/// A grant with one feature of the given terms.
fn terms_of(terms: &str) -> Result<Terms, Invalid> {
    let bytes = envelope(&hex(&format!("86 01 02 00 00 60 81 83 01 60 {terms}")));
    read::<Grant<'_>>(&bytes).map(|grant| grant.features.iter().next().unwrap().terms)
}

#[test]
fn features_ascend_and_come_once() {
    assert_eq!(grant_of("80"), Ok(()));
    assert_eq!(grant_of("81 83 01 60 a0"), Ok(()));
    assert_eq!(grant_of("82 83 01 60 a0 83 02 60 a0"), Ok(()));
    assert_eq!(grant_of("82 83 02 60 a0 83 01 60 a0"), Err(Invalid::Malformed));
    assert_eq!(grant_of("82 83 01 60 a0 83 01 60 a0"), Err(Invalid::Malformed));
    assert_eq!(grant_of("81 83 00 60 a0"), Err(Invalid::Malformed));
    assert_eq!(grant_of("81 83 1affffffff 60 a0"), Ok(()));
    assert_eq!(grant_of("81 83 1b0000000100000000 60 a0"), Err(Invalid::Malformed));
    assert_eq!(grant_of("81 82 01 60"), Err(Invalid::Malformed));
    assert_eq!(grant_of("81 84 01 60 a0 00"), Err(Invalid::Malformed));
}

#[test]
fn names_have_at_most_48_bytes() {
    assert_eq!(grant_of("81 83 01 7830 61*48 a0"), Ok(()));
    assert_eq!(grant_of("81 83 01 7831 61*49 a0"), Err(Invalid::Malformed));
    let named = |name: &str| read::<Grant<'_>>(&envelope(&hex(&format!("86 01 02 00 00 {name} 80")))).is_ok();
    assert!(named("7830 61*48") && !named("7831 61*49"));
    assert!(!named("61 ff"));
}

#[test]
fn the_head_is_within_its_ranges() {
    let head = |head: &str| read::<Grant<'_>>(&envelope(&hex(&format!("{head} 60 80")))).is_ok();
    assert!(head("86 1affffffff 1affffffff 01 1bffffffffffffffff"));
    assert!(!head("86 00 01 00 00"), "a certificate for the product 0 is for any product");
    assert!(!head("86 01 01 02 00"), "flags that aren't defined are zero");
    assert!(!head("86 1b0000000100000000 01 00 00"));
    assert!(!head("86 01 1b0000000100000000 00 00"));
    assert!(!head("85 01 01 00"));
    assert!(!head("87 01 01 00 00 00"));
}

#[test]
fn terms_are_read_as_specified() {
    let plain = Terms::default();
    assert_eq!(terms_of("a0"), Ok(plain));
    assert_eq!(terms_of("a1 01 f4"), Ok(Terms { enabled: false, ..plain }));
    assert_eq!(terms_of("a1 01 f5"), Ok(plain));
    assert_eq!(terms_of("a1 02 07"), Ok(Terms { starts: Some(UnixTime(7)), ..plain }));
    assert_eq!(terms_of("a1 03 07"), Ok(Terms { expires: Some(UnixTime(7)), ..plain }));
    assert_eq!(terms_of("a1 04 f5"), Ok(Terms { counted: true, ..plain }));
    assert_eq!(terms_of("a1 05 00"), Ok(Terms { modules: Some(Modules(0)), ..plain }));
    for wrong in ["a1 01 01", "a1 02 f5", "a1 02 00", "a1 03 00", "a1 03 20", "a1 04 f4", "a1 04 01", "a1 05 f6"] {
        assert_eq!(terms_of(wrong), Err(Invalid::Malformed), "{wrong}");
    }
    for unordered in ["a2 02 07 01 f4", "a2 01 f4 01 f4", "a2 06 00 06 00"] {
        assert_eq!(terms_of(unordered), Err(Invalid::Malformed), "{unordered}");
    }
}

#[test]
fn unknown_terms_are_kept_as_such() {
    let unknown = Terms { unknown: true, ..Terms::default() };
    for term in ["00 00", "06 00", "1818 20", "19ffff 83 01 a1 01 02 f6", "06 43 010203", "06 63 616263", "06 a0"] {
        assert_eq!(terms_of(&format!("a1 {term}")), Ok(unknown), "{term}");
    }
    let between = terms_of("a4 00 80 01 f4 05 07 1819 f5");
    assert_eq!(between, Ok(Terms { enabled: false, modules: Some(Modules(7)), ..unknown }));
    for wrong in ["1a00010000 00", "20 00", "60 00", "f6 00", "06"] {
        assert_eq!(terms_of(&format!("a1 {wrong}")), Err(Invalid::Malformed), "{wrong}");
    }
}

/// A token that doesn't know a term still shows the grant that it was given.
#[test]
fn a_grant_with_an_unknown_term_is_written_as_it_was_read_but_not_made() {
    let bytes = hex("86 01 02 00 00 60 82 83 01 60 a1 09 82 01 02 83 02 60 a0");
    let envelope = envelope(&bytes);
    let grant: Grant<'_> = read(&envelope).unwrap();
    assert_eq!(write(&grant), Some(bytes));
    let features: Vec<_> = grant.features.iter().collect();
    assert!(features[0].terms.unknown && !features[1].terms.unknown);
    let made = Grant { features: List::new(&features), ..grant };
    assert_eq!(made.validate(), Err(GrantError::UnknownTerm));
    assert_eq!(write(&made), None);
}

#[test]
fn grants_are_equal_if_all_their_features_are() {
    let grant = vectors::grant(&vectors::FEATURES);
    let [first, second, third] = vectors::FEATURES;
    let renamed = [first, second, FeatureGrant { name: "Other", ..third }];
    assert_ne!(vectors::grant(&renamed), grant);
    assert_ne!(vectors::grant(&vectors::FEATURES[..2]), grant);
    assert_eq!(vectors::grant(&[first, second, third]), grant);
}

#[test]
fn what_tokens_would_refuse_is_not_written() {
    let (long, longest) = ("x".repeat(MAX_NAME + 1), "x".repeat(MAX_NAME));
    let [first, second, third] = vectors::FEATURES;
    let zero = Some(UnixTime::UNKNOWN);
    let with = |terms| [FeatureGrant { terms, ..first }, second, third];
    let cases = [
        ([first, third, second], GrantError::Order),
        ([first, first, second], GrantError::Order),
        ([FeatureGrant { feature: FeatureId(0), ..first }, second, third], GrantError::Zero),
        ([FeatureGrant { name: &long, ..first }, second, third], GrantError::NameTooLong),
        (with(Terms { starts: zero, ..first.terms }), GrantError::TimeZero),
        (with(Terms { expires: zero, ..first.terms }), GrantError::TimeZero),
        (with(Terms { unknown: true, ..first.terms }), GrantError::UnknownTerm),
    ];
    for (features, error) in &cases {
        let grant = vectors::grant(features);
        assert_eq!(grant.validate(), Err(*error));
        assert_eq!(write(&grant), None, "{error}");
    }
    let good = vectors::grant(&vectors::FEATURES);
    assert_eq!(Grant { product: ProductId(0), ..good }.validate(), Err(GrantError::Zero));
    assert_eq!(Grant { name: &long, ..good }.validate(), Err(GrantError::NameTooLong));
    assert_eq!(Grant { name: &longest, ..good }.validate(), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn grants_read_as_they_were_written(
        head in (1_u32.., any::<u32>(), any::<bool>(), any::<u64>(), "[a-zäß ]{0,20}"),
        features in prop::collection::btree_map(1_u32.., ("[a-zäß ]{0,20}", terms()), 0..12),
    ) {
        let features: Vec<_> = features
            .iter()
            .map(|(&feature, (name, terms))| FeatureGrant { feature: FeatureId(feature), name, terms: *terms })
            .collect();
        let (product, number, public, issued, name) = &head;
        let grant = Grant {
            product: ProductId(*product),
            number: *number,
            public: *public,
            issued: UnixTime(*issued),
            name,
            features: List::new(&features),
        };
        let bytes = write(&grant).unwrap();
        let envelope = envelope(&bytes);
        let read_back: Grant<'_> = read(&envelope).unwrap();
        prop_assert_eq!(read_back, grant);
        prop_assert_eq!(read_back.features.into_iter().collect::<Vec<_>>(), features);
        prop_assert_eq!(write(&read_back), Some(bytes));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = terms_of(&hex::encode(&bytes));
        let _ = grant_of(&hex::encode(&bytes));
    }
}

fn terms() -> impl Strategy<Value = Terms> {
    let time = || prop::option::of((1_u64..).prop_map(UnixTime));
    (any::<bool>(), time(), time(), any::<bool>(), prop::option::of(any::<u64>().prop_map(Modules))).prop_map(
        |(enabled, starts, expires, counted, modules)| Terms {
            enabled,
            starts,
            expires,
            counted,
            modules,
            unknown: false,
        },
    )
}
