//! Which way dependencies may point, and a check that they do.

mod check;
mod graph;
mod rules;
#[cfg(test)]
mod tests;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::root;
use crate::proof::Proof;

/// Checks the workspace and the firmware against the rules.
///
/// # Errors
/// If an edge is forbidden, or the manifests can't be read.
pub(crate) fn run() -> Result<Proof> {
    let packages = graph::read()?;
    let mut found = check::forbidden(&packages);
    for package in packages.iter().filter(|package| rules::is_portable(&package.place)) {
        let path = root().join(&package.place).join("src/lib.rs");
        let source = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if !check::is_no_std(&source) {
            found.push(check::Violation::portable_with_std(&package.place));
        }
    }
    for violation in &found {
        println!("{violation}");
    }
    if !found.is_empty() {
        bail!("{} forbidden by the layers' rules (tools/xtask/src/layers/rules.rs)", found.len());
    }
    let edges: usize = packages.iter().map(|package| package.uses.len()).sum();
    println!("{} packages, {edges} dependencies: all as the layers allow", packages.len());
    Ok(Proof::Proven(()))
}
