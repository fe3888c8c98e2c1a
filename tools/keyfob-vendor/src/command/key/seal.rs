//! A secret is sealed for a feature.

use std::path::PathBuf;

use clap::Args;
use keyfob::{FeatureId, Slot};
use keyfob_issuing::{OsEntropy, seal_secret};
use keyfob_terminal::{Failure, Global, Privacy, read, write_new};
use keyfob_wire::body::MAX_SECRET;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::directory::{VendorAt, expect_writable};
use crate::{failure, value};

#[derive(Args)]
pub(crate) struct Seal {
    #[command(flatten)]
    vendor: VendorAt,
    /// The feature's number
    #[arg(long, value_name = "NUMBER", value_parser = value::feature)]
    feature: FeatureId,
    /// The key's place, 0 to 255
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    slot: u8,
    /// The secret; - is standard input
    r#in: PathBuf,
    /// The sealed secret, to be shipped with the app
    out: PathBuf,
}

#[derive(Serialize)]
struct Document {
    feature: u32,
    slot: u8,
    bytes: usize,
    out: String,
}

impl Seal {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self { vendor, feature, slot, r#in, out } = self;
        let secret = Zeroizing::new(read(&r#in)?);
        if !(1..=MAX_SECRET).contains(&secret.len()) {
            let message =
                format!("{} has {} bytes, and a sealed secret 1 to {MAX_SECRET}", r#in.display(), secret.len());
            return Err(Failure::usage(message).hint("seal a key of 32 bytes, and encrypt the rest under it"));
        }
        expect_writable(&out)?;
        let mut directory = vendor.open()?;
        let key = directory.feature_key(feature, Slot(slot), &mut OsEntropy).map_err(failure::directory)?;
        let sealed = seal_secret(&key, feature, Slot(slot), &secret, &mut OsEntropy).map_err(Failure::usage)?;
        write_new(&out, &sealed, Privacy::Public)?;
        let out = out.display().to_string();
        let document = Document { feature: feature.0, slot, bytes: secret.len(), out: out.clone() };
        let text = || format!("sealed for feature {feature}, slot {slot}: {out}\n");
        global.print("keyfob-vendor.key-seal.v1", &document, text)
    }
}
