//! Which features have keys.

use std::fs;
use std::io::ErrorKind;

use clap::Args;
use keyfob_issuing::VendorKind;
use keyfob_issuing::directory::DirectoryError;
use keyfob_terminal::{Failure, Global};
use serde::Serialize;

use crate::directory::VendorAt;
use crate::{failure, value};

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    vendor: VendorAt,
}

#[derive(Serialize)]
struct Document {
    root: String,
    kind: &'static str,
    features: Vec<Key>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    feature: u32,
    slot: u8,
}

impl List {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let directory = self.vendor.open()?;
        let kind = match directory.vendor().kind() {
            VendorKind::Production => "production",
            VendorKind::Test => "test",
        };
        let root = value::to_hex(&directory.vendor().root().0.0);
        let document = Document { root, kind, features: self.features()? };
        global.print("keyfob-vendor.keys.v1", &document, || {
            let head = format!("root, {kind}  {}\n", document.root);
            document
                .features
                .iter()
                .fold(head, |text, Key { feature, slot }| text + &format!("feature {feature}, slot {slot}\n"))
        })
    }

    fn features(&self) -> Result<Vec<Key>, Failure> {
        let path = self.vendor.path().join("feature-keys");
        let failed = |reason| failure::directory(DirectoryError::Io { path: path.clone(), reason });
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            keys.extend(entry.map_err(failed)?.file_name().to_str().and_then(key));
        }
        keys.sort();
        Ok(keys)
    }
}

/// Reads the name of a key's file.
fn key(name: &str) -> Option<Key> {
    let (feature, slot) = name.strip_suffix(".key")?.split_once('-')?;
    Some(Key { feature: feature.parse().ok()?, slot: slot.parse().ok()? })
}
