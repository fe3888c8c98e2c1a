//! The graph held against the rules.

use std::collections::BTreeSet;
use std::fmt;

use super::graph::{Kind, Package, Target, Use};
use super::rules::{May, PRIMITIVES, Rule, rule};

/// An edge that a rule forbids.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) rule: String,
}

impl Violation {
    /// A portable crate that can use the standard library.
    pub(crate) fn portable_with_std(place: &str) -> Self {
        Self::new(place, "std", "portable crates begin with `#![no_std]`, without conditions".to_owned())
    }

    fn new(from: &str, to: &str, rule: String) -> Self {
        Self { from: from.to_owned(), to: to.to_owned(), rule }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "forbidden: {} → {}\n     rule: {}", self.from, self.to, self.rule)
    }
}

/// Returns the forbidden edges among packages.
pub(crate) fn forbidden(packages: &[Package]) -> Vec<Violation> {
    packages.iter().flat_map(|package| in_package(packages, package)).collect()
}

fn in_package(packages: &[Package], package: &Package) -> Vec<Violation> {
    let from = package.place.as_str();
    let Some(rule) = rule(from) else {
        return vec![Violation::new(from, "anything", "a new place needs a row in the rules".to_owned())];
    };
    let mut found = Vec::new();
    for used in &package.uses {
        match (&used.target, used.kind) {
            (Target::Ours(to), Kind::Build) => {
                if !rule.may.reach(to, used.optional) {
                    found.push(Violation::new(from, to, format!("{} {}", rule.place, rule.may)));
                }
                found.extend(turned_on_too_far(packages, from, rule, used, to));
            }
            (Target::Ours(to), Kind::Test) => found.extend(in_tests(from, to)),
            (Target::Foreign(name), Kind::Build) => {
                if PRIMITIVES.contains(&name.as_str()) && !rule.primitives {
                    found.push(Violation::new(from, name, "crypto goes through crates/crypto".to_owned()));
                }
            }
            (Target::Foreign(_), Kind::Test) => {}
        }
    }
    if let May::Use { optional, .. } = rule.may {
        let by_default = turned_on(package, &["default".to_owned()]);
        for to in by_default.iter().filter(|to| optional.contains(&to.as_str())) {
            found.push(Violation::new(from, to, format!("{} is optional, so off by default", to)));
        }
    }
    found
}

fn in_tests(from: &str, to: &str) -> Option<Violation> {
    let rule = if to == "tools/xtask" {
        "nothing uses tools/xtask"
    } else if from.starts_with("crates/") && to.starts_with("tools/") {
        "nothing in crates/ knows tools/, not even its tests"
    } else {
        return None;
    };
    Some(Violation::new(from, to, rule.to_owned()))
}

/// Turning on a feature is using what it brings.
fn turned_on_too_far(packages: &[Package], from: &str, rule: &Rule, used: &Use, to: &str) -> Vec<Violation> {
    let Some(target) = packages.iter().find(|package| package.place == to) else { return Vec::new() };
    turned_on(target, &used.features)
        .into_iter()
        .filter(|brought| !rule.may.reach(brought, used.optional))
        .map(|brought| {
            Violation::new(from, &brought, format!("{} {} (a feature of {to} brings it)", rule.place, rule.may))
        })
        .collect()
}

/// Returns our packages that are optional dependencies of a package and that some of its features turn on.
fn turned_on(package: &Package, features: &[String]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<String> = features.to_vec();
    while let Some(feature) = waiting.pop() {
        if !seen.contains(&feature) {
            waiting.extend(package.features.get(&feature).into_iter().flatten().cloned());
            seen.insert(feature);
        }
    }
    // `dep:name`, `name` and `name/feature` turn a dependency on; `name?/feature` doesn't.
    let names: BTreeSet<&str> = seen
        .iter()
        .map(|feature| feature.strip_prefix("dep:").unwrap_or(feature))
        .map(|feature| feature.split_once('/').map_or(feature, |(name, _)| name))
        .collect();
    let optional = package.uses.iter().filter(|used| used.optional && names.contains(used.name.as_str()));
    optional
        .filter_map(|used| match &used.target {
            Target::Ours(place) => Some(place.clone()),
            Target::Foreign(_) => None,
        })
        .collect()
}

/// Tells whether a crate's root renounces the standard library unconditionally.
pub(crate) fn is_no_std(source: &str) -> bool {
    source.lines().any(|line| line.trim_end() == "#![no_std]")
}
