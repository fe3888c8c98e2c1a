//! Made-up graphs, each with an edge that must be found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::check::{Violation, forbidden, is_no_std};
use super::graph::{Kind, Package, Target, Use, parse};
use super::rules::{May, PRIMITIVES, RULES, is_portable, rule};

const PLACES: &[&str] = &[
    "crates/wire",
    "crates/crypto",
    "crates/store",
    "crates/signed",
    "crates/channel",
    "crates/licence",
    "crates/token",
    "crates/client",
    "crates/emulator",
    "crates/issuing",
    "crates/usbip",
    "host/keyfob",
    "tools/keyfob",
    "tools/keyfob-vendor",
    "tools/terminal",
    "tools/demo",
    "tools/xtask",
    "tests/conformance",
    "firmware/footprint",
];

/// The edges that are allowed, written out a second time, so that no row of the rules changes unseen.
const ALLOWED: &[(&str, &str)] = &[
    ("crates/signed", "wire crypto"),
    ("crates/channel", "wire crypto signed"),
    ("crates/licence", "wire crypto signed"),
    ("crates/token", "wire crypto signed channel licence store"),
    ("crates/client", "wire crypto signed channel licence"),
    ("crates/emulator", "wire crypto signed token store usbip"),
    ("crates/issuing", "wire crypto signed licence"),
    ("host/keyfob", "wire crypto signed channel licence client"),
    ("tools/keyfob", "wire crypto signed channel licence store token client emulator host terminal"),
    ("tools/keyfob-vendor", "wire crypto signed channel licence store client issuing host terminal"),
    ("tools/terminal", "host"),
    ("tools/xtask", "crypto"),
    ("firmware/footprint", "wire crypto signed token store"),
];

#[test]
fn every_edge_is_allowed_or_found_as_the_table_says() {
    let mut refused = 0;
    for from in PLACES {
        for to in PLACES {
            let package = package(from, vec![uses(to)]);
            let expected = if allowed(from, to) { vec![] } else { vec![(from.to_string(), to.to_string())] };
            refused += expected.len();
            assert_eq!(edges(&forbidden(&[package])), expected, "{from} → {to}");
        }
    }
    assert_eq!(refused, 262);
}

#[test]
fn an_optional_dependency_is_no_way_around() {
    for from in PLACES {
        for to in PLACES {
            let package = package(from, vec![optional(uses(to))]);
            let may = allowed(from, to) || (*from == "host/keyfob" && *to == "crates/emulator");
            assert_eq!(forbidden(&[package]).is_empty(), may, "{from} → {to}");
        }
    }
}

#[test]
fn an_optional_dependency_is_off_by_default() {
    let mut host = package("host/keyfob", vec![optional(uses("crates/emulator"))]);
    host.features = features(&[("emulator", &["dep:crates-emulator"]), ("default", &[])]);
    assert!(forbidden(std::slice::from_ref(&host)).is_empty());
    host.features = features(&[("emulator", &["dep:crates-emulator"]), ("default", &["emulator"])]);
    assert_eq!(edges(&forbidden(&[host])), [("host/keyfob".into(), "crates/emulator".into())]);
}

#[test]
fn turning_on_a_feature_is_using_what_it_brings() {
    let mut host = package("host/keyfob", vec![optional(uses("crates/emulator"))]);
    host.features =
        features(&[("emulated", &["inner"]), ("inner", &["crates-emulator/std"]), ("weak", &["crates-emulator?/std"])]);
    for (place, feature, fine) in [
        ("tools/keyfob", "emulated", true),
        ("tools/keyfob-vendor", "emulated", false),
        ("tools/keyfob-vendor", "inner", false),
        ("tools/keyfob-vendor", "crates-emulator", false),
        ("tools/keyfob-vendor", "weak", true),
        ("tools/keyfob-vendor", "default", true),
    ] {
        let mut used = uses("host/keyfob");
        used.features = vec![feature.to_owned()];
        let found = forbidden(&[package(place, vec![used]), host.clone()]);
        let expected = if fine { vec![] } else { vec![(place.to_owned(), "crates/emulator".to_owned())] };
        assert_eq!(edges(&found), expected, "{place} with {feature}");
    }
}

#[test]
fn primitives_are_used_by_crypto_and_tests_only() {
    for primitive in PRIMITIVES {
        for place in PLACES {
            let fine = matches!(*place, "crates/crypto" | "tests/conformance");
            assert_eq!(
                forbidden(&[package(place, vec![foreign(primitive)])]).is_empty(),
                fine,
                "{place} → {primitive}"
            );
            let in_tests = Use { kind: Kind::Test, ..foreign(primitive) };
            assert!(forbidden(&[package(place, vec![in_tests])]).is_empty());
        }
    }
    assert_eq!(PRIMITIVES, ["p256", "aes-gcm", "sha2"]);
    assert!(forbidden(&[package("crates/wire", vec![foreign("minicbor")])]).is_empty());
}

#[test]
fn tests_of_crates_may_use_anything_but_tools() {
    for from in PLACES {
        for to in PLACES {
            let package = package(from, vec![Use { kind: Kind::Test, ..uses(to) }]);
            let refused = *to == "tools/xtask" || (from.starts_with("crates/") && to.starts_with("tools/"));
            assert_eq!(forbidden(&[package]).len(), usize::from(refused), "{from} → {to}");
        }
    }
}

#[test]
fn a_place_without_a_rule_is_refused() {
    for place in ["crates/extra", "tools/keyfobd", "host", "crates/wire/inner", "/elsewhere/tests/x"] {
        assert!(rule(place).is_none());
        assert_eq!(forbidden(&[package(place, vec![])]).len(), 1, "{place}");
    }
}

#[test]
fn nothing_in_crates_reaches_upwards_and_the_everyday_command_never_issues() {
    for place in PLACES.iter().filter(|place| place.starts_with("crates/")) {
        assert!(reached(place).iter().all(|to| to.starts_with("crates/")), "{place}");
    }
    assert!(!reached("tools/keyfob").contains("crates/issuing"));
    assert!(!reached("host/keyfob").contains("crates/issuing"));
    assert!(!reached("tools/terminal").contains("crates/issuing"));
    assert!(reached("firmware/footprint").iter().all(|place| is_portable(place)));
}

#[test]
fn the_rules_have_one_row_for_each_place() {
    for row in RULES {
        let rows = RULES.iter().filter(|other| other.place == row.place).count();
        assert_eq!(rows, 1, "{}", row.place);
    }
}

#[test]
fn metadata_is_read_as_cargo_writes_it() {
    let json = r#"{"packages": [{
        "name": "keyfob-token", "manifest_path": "/r/crates/token/Cargo.toml", "features": {"f": ["dep:x"]},
        "dependencies": [
            {"name": "keyfob-wire", "rename": null, "kind": null, "optional": false, "uses_default_features": true,
             "features": [], "path": "/r/crates/wire"},
            {"name": "p256", "rename": "curve", "kind": "build", "optional": true, "uses_default_features": false,
             "features": ["ecdh"]},
            {"name": "keyfob", "rename": null, "kind": "dev", "optional": false, "uses_default_features": false,
             "features": [], "path": "/elsewhere/keyfob"}
        ]}]}"#;
    let packages = parse(Path::new("/r"), json).unwrap();
    let [token] = packages.as_slice() else { panic!("{packages:?}") };
    assert_eq!(token.place, "crates/token");
    let read: Vec<_> = token.uses.iter().map(|used| (used.target.clone(), used.kind, used.optional)).collect();
    assert_eq!(
        read,
        [
            (Target::Ours("crates/wire".into()), Kind::Build, false),
            (Target::Foreign("p256".into()), Kind::Build, true),
            (Target::Ours("/elsewhere/keyfob".into()), Kind::Test, false),
        ]
    );
    assert_eq!(token.uses[0].features, ["default"]);
    assert_eq!((token.uses[1].name.as_str(), token.uses[1].features.as_slice()), ("curve", ["ecdh".into()].as_slice()));
    // A renamed primitive is still found.
    assert_eq!(edges(&forbidden(&packages)), [("crates/token".into(), "p256".into())]);
}

#[test]
fn a_violation_names_the_edge_and_the_rule() {
    let found = forbidden(&[package("crates/wire", vec![uses("crates/token")])]);
    let shown = found[0].to_string();
    assert!(shown.contains("crates/wire → crates/token"), "{shown}");
    assert!(shown.contains("crates/wire may use nothing of ours"), "{shown}");
}

#[test]
fn only_an_unconditional_attribute_makes_a_crate_no_std() {
    assert!(is_no_std("//! Doc.\n#![no_std]\n"));
    for with_std in ["", "//! Doc.\n", "#![cfg_attr(not(test), no_std)]", "// #![no_std]", "//! #![no_std]", "no_std"] {
        assert!(!is_no_std(with_std), "{with_std}");
    }
    let std_crates: Vec<_> =
        PLACES.iter().filter(|place| place.starts_with("crates/") && !is_portable(place)).copied().collect();
    assert_eq!(std_crates, ["crates/emulator", "crates/issuing"]);
    assert!(is_portable("crates/anything-new") && !is_portable("host/keyfob"));
}

fn allowed(from: &str, to: &str) -> bool {
    if matches!(from, "tools/demo" | "tests/conformance") {
        return to != "tools/xtask";
    }
    let short = match to {
        "host/keyfob" => "host",
        "tools/terminal" => "terminal",
        _ => to.strip_prefix("crates/").unwrap_or("-"),
    };
    ALLOWED.iter().any(|(place, list)| *place == from && list.split(' ').any(|entry| entry == short))
}

/// Everything that a place can reach by any path of allowed edges, optional ones too.
fn reached(place: &'static str) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![place];
    while let Some(from) = waiting.pop() {
        let Some(May::Use { always, optional }) = rule(from).map(|rule| rule.may) else { panic!("{from}") };
        waiting.extend(always.iter().chain(optional).filter(|to| seen.insert(**to)));
    }
    seen
}

fn package(place: &str, uses: Vec<Use>) -> Package {
    Package { place: place.to_owned(), uses, features: BTreeMap::new() }
}

fn uses(place: &str) -> Use {
    let target = Target::Ours(place.to_owned());
    Use { name: place.replace('/', "-"), target, kind: Kind::Build, optional: false, features: vec![] }
}

fn optional(used: Use) -> Use {
    Use { optional: true, ..used }
}

fn foreign(name: &str) -> Use {
    Use { target: Target::Foreign(name.to_owned()), ..uses(name) }
}

fn features(rows: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let owned = |(name, list): &(&str, &[&str])| (name.to_string(), list.iter().map(ToString::to_string).collect());
    rows.iter().map(owned).collect()
}

fn edges(found: &[Violation]) -> Vec<(String, String)> {
    found.iter().map(|violation| (violation.from.clone(), violation.to.clone())).collect()
}
