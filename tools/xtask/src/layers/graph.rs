//! The packages and what their manifests name, as `cargo metadata` tells it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::{cargo, output, root};

/// A package of ours.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its folder below the root, such as `crates/wire`.
    pub(crate) place: String,
    /// What its manifest names.
    pub(crate) uses: Vec<Use>,
    /// Its Cargo features and what each turns on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// A dependency in a manifest.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// The name by which features turn it on.
    pub(crate) name: String,
    /// What is depended on.
    pub(crate) target: Target,
    /// When it is needed.
    pub(crate) kind: Kind,
    /// Whether a feature must turn it on.
    pub(crate) optional: bool,
    /// The features of the target that are asked for, `default` among them.
    pub(crate) features: Vec<String>,
}

/// What is depended on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A package of ours, by its folder.
    Ours(String),
    /// Somebody else's, by its name.
    Foreign(String),
}

/// When a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In what is built, or while it is built.
    Build,
    /// In tests, examples and benches only.
    Test,
}

/// Reads the workspace, each workspace below `firmware/`, and that of the fuzz targets.
///
/// # Errors
/// If a manifest can't be read.
pub(crate) fn read() -> Result<Vec<Package>> {
    let root = root();
    let mut packages = metadata(&root, &root.join("Cargo.toml"))?;
    packages.extend(metadata(&root, &root.join("tests/fuzz/Cargo.toml"))?);
    for entry in std::fs::read_dir(root.join("firmware"))? {
        let manifest = entry?.path().join("Cargo.toml");
        if manifest.is_file() {
            packages.extend(metadata(&root, &manifest)?);
        }
    }
    Ok(packages)
}

fn metadata(root: &Path, manifest: &Path) -> Result<Vec<Package>> {
    let mut command = cargo(&["metadata", "--format-version", "1", "--no-deps", "--manifest-path"]);
    parse(root, &output(command.arg(manifest))?)
}

/// Reads the output of `cargo metadata`.
///
/// # Errors
/// If it isn't such an output, or a package lies outside the root.
pub(crate) fn parse(root: &Path, json: &str) -> Result<Vec<Package>> {
    let metadata: Metadata = serde_json::from_str(json)?;
    metadata.packages.into_iter().map(|package| package.into_package(root)).collect()
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    manifest_path: PathBuf,
    dependencies: Vec<MetadataDependency>,
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct MetadataDependency {
    name: String,
    rename: Option<String>,
    kind: Option<String>,
    optional: bool,
    uses_default_features: bool,
    features: Vec<String>,
    path: Option<PathBuf>,
}

impl MetadataPackage {
    fn into_package(self, root: &Path) -> Result<Package> {
        let folder = self.manifest_path.parent().context("a manifest without a folder")?;
        let uses = self.dependencies.into_iter().map(|dependency| dependency.into_use(root)).collect();
        Ok(Package { place: place(root, folder), uses, features: self.features })
    }
}

impl MetadataDependency {
    fn into_use(self, root: &Path) -> Use {
        let mut features = self.features;
        if self.uses_default_features {
            features.push("default".to_owned());
        }
        Use {
            target: match &self.path {
                Some(path) => Target::Ours(place(root, path)),
                None => Target::Foreign(self.name.clone()),
            },
            name: self.rename.unwrap_or(self.name),
            kind: if self.kind.as_deref() == Some("dev") { Kind::Test } else { Kind::Build },
            optional: self.optional,
            features,
        }
    }
}

fn place(root: &Path, folder: &Path) -> String {
    // A folder outside keeps its whole path, for which there is no rule.
    folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().replace('\\', "/")
}
